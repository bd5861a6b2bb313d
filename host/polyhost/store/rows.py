"""What a store gives back, row by row: plain values that say nothing of how they are stored.

Must not know: how anything is written, what a method does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from polyhost.boot_clock import Moment
from polyhost.coverage.evidence import Nature
from polyhost.protocol.diagnostics import RunState
from polyhost.searching.query import Query
from polyhost.searching.search_rules import SearchRules

__all__ = [
    "DISCONNECTED",
    "DISCOVERED",
    "EVERY_RECORD",
    "SETTINGS",
    "BatchRow",
    "ConnectionRow",
    "LeaseHolder",
    "RecordDigest",
    "RecordPage",
    "RecordQuery",
    "RunRow",
    "SearchHit",
    "SearchIndex",
    "SearchPage",
    "SearchWanted",
    "StoredRecord",
]

Mode = Literal["incremental", "full_refresh"]
DISCONNECTED = "disconnected_at"
"""The option of a connection that was disconnected and whose data was kept: when, in ISO 8601."""
SETTINGS = "settings"
"""The option of a connection with what its owner has set of its source: by name, as `site`."""
DISCOVERED = "discovered"
"""The option of a connection with what its site has named itself: `hosts`, each `{host, why}`, whether its owner has
agreed to it or not, and the `page` to begin at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow:
    """One connector with one owner account. `nature`: whose data: the owner's, a test server's, or a recording's."""

    id: int
    name: str
    source: str
    nature: Nature
    created_at: str
    options: Mapping[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] = field(default_factory=dict)

    @property
    def site(self) -> str | None:
        """The address of the site it is bound to, where its owner hosts that."""
        return self.options.get(SETTINGS, {}).get("site")

    @property
    def disconnected_at(self) -> str | None:
        """Since when its owner wants nothing more collected; None while it is connected. Its data is there still."""
        return self.options.get(DISCONNECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseHolder:
    """Who runs a connection now. `pid` and `host` let another process say so, and see that the holder is dead.
    `expires`: until when, by both clocks."""

    token: str
    pid: int
    host: str
    run_id: str
    expires: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One collection, from request to settled result. JSON fields hold what `run --json` shows.

    `number` and `finished_number` are given by the store: of two runs, the one with the greater number is the later,
    whatever clocks said. `boot`, `started_up`, `finished_up`: the same by the clock of that boot (`boot_clock`).
    """

    id: str
    connection_id: int
    batch_id: str
    mode: Mode
    status: RunState
    started_at: str
    finished_at: str | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    boot: str | None = None
    started_up: float | None = None
    finished_up: float | None = None
    number: int = field(default=0, compare=False)
    finished_number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One bounded act of acquisition with its facts, as coverage.facts wrote them."""

    id: str
    connection_id: int
    method: str
    trigger: str
    started_at: str
    finished_at: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as it is read back. `version` starts at 1 and counts changes; `sequence`: store-wide change number."""

    stream: str
    key: str
    partition: str | None
    data: dict[str, Any] | None
    emitted_at: str
    version: int
    deleted: bool
    batch_id: str
    sequence: int


class RecordDigest(NamedTuple):
    """What tells whether a record has changed."""

    digest: bytes | None
    deleted: bool
    emitted_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordQuery:
    """Which page of a stream is asked for.

    `besides`: further partitions, in one order with `partition`. `position`, `since`, `until`: sort keys; positions
    equal to it, from it on, before it. `after`: `next` of the page before, nothing else. `newest`: the order reversed.
    `heads`: no members of groups. `deleted`: tombstones too.
    """

    partition: str | None = None
    besides: Sequence[str] = ()
    position: str | None = None
    since: str | None = None
    until: str | None = None
    limit: int = 100
    after: str | None = None
    newest: bool = False
    heads: bool = False
    deleted: bool = False


EVERY_RECORD = RecordQuery()
"""The first page of all there is."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records in (position, key) order with the cursor of the next page."""

    records: Sequence[StoredRecord]
    next: str | None


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """How far a connection's index has come: through which change number, and how many records are beyond it."""

    rules: SearchRules
    indexed_through: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWanted:
    """What is searched for, and where. `since` (inclusive), `until` (exclusive): whole seconds since 1970; with either,
    records without a moment are left out. `after`: `next` of the page before."""

    connections: Sequence[int]
    query: Query
    stream: str | None = None
    partition: str | None = None
    since: int | None = None
    until: int | None = None
    limit: int = 20
    after: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A record that was found, and whose it is."""

    connection_id: int
    record: StoredRecord


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Hits, the newest first (records without a moment before them), with the cursor of the next page."""

    hits: Sequence[SearchHit]
    next: str | None
