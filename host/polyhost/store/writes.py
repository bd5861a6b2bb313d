"""What a write is made of: records, and the operations that are applied in order in one transaction.

What each operation comes to is said here, with the operation. Must not know: how it is carried out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from polyhost.ledger.exceptions import ExceptionId, StandingException
from polyhost.ledger.state import PartitionState

__all__ = [
    "AddRecords",
    "RecordWrite",
    "ResolveExceptions",
    "SaveCheckpoints",
    "SaveExceptions",
    "SavePartitions",
    "TombstoneAbsent",
    "TombstoneUnseen",
    "WriteCounts",
    "WriteOp",
    "WriteRecords",
]


class RecordWrite(NamedTuple):  # a tuple: one for every record
    """One record ready to be stored. `data` is canonical JSON (sorted keys); `position` is a sort key that compares as
    text in the declared cursor order: a group member has its head's position, and `is_head` False; `cursor` is the
    record's own cursor value as the source wrote it. An upsert without a digest always counts as a change."""

    stream: str
    key: str
    op: Literal["upsert", "delete"]
    data: bytes | None
    digest: bytes | None
    emitted_at: str
    partition: str | None = None
    position: str | None = None
    cursor: str | None = None
    is_head: bool = True


@dataclass(frozen=True, slots=True)
class WriteRecords:
    """Insert, update (the old version is kept) or leave each record, by digest, in order.

    A delete leaves a tombstone that keeps the last content; one of an unknown key, a tombstone with what it brings. A
    tombstone that is deleted again stays as it is; one that is upserted is live again, as an update.
    """

    records: Sequence[RecordWrite]


@dataclass(frozen=True, slots=True)
class AddRecords:
    """Insert what is not there; leave what is. A record that is there with other content, or otherwise live or deleted,
    is handed back in `WriteCounts.differing` and not counted: somebody else decides what it comes to.

    A known record's `emitted_at` moves on where the same content is brought again as of later.
    """

    records: Sequence[RecordWrite]


@dataclass(frozen=True, slots=True, kw_only=True)
class TombstoneAbsent:
    """Tombstone what is stored in this range and was not seen in a complete walk of it.

    Heads: every stored head in [since, until] that is not in `seen`. Members: those not in `seen` whose group is in
    `groups`, or whose stored head is not in `seen` either (a group whose head was never stored is left alone).
    `since` None = from the beginning. Positions and groups are sort keys. What lies exactly at one of the positions
    `spared` is left alone: there the range meets one that was walked before, and need not have been looked at again.
    """

    stream: str
    partition: str
    since: str | None
    until: str
    seen: Collection[str]
    groups: Collection[str]
    at: str
    spared: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TombstoneUnseen:
    """Tombstone everything that is stored of this stream and was not seen in a complete enumeration of it."""

    stream: str
    seen: Collection[str]
    at: str


@dataclass(frozen=True, slots=True)
class SavePartitions:
    """Insert or replace ledger entries."""

    states: Sequence[PartitionState]


@dataclass(frozen=True, slots=True)
class SaveExceptions:
    """Insert or replace what stands out of covered ranges."""

    standing: Sequence[StandingException]


@dataclass(frozen=True, slots=True)
class ResolveExceptions:
    """These stand no longer: they came well-formed, or their place is proven to be empty."""

    healed: Sequence[ExceptionId]


@dataclass(frozen=True, slots=True)
class SaveCheckpoints:
    """Opaque cursors per stream (STATE), as the connector gave them."""

    cursors: Mapping[str, Any]


WriteOp = (
    WriteRecords
    | AddRecords
    | TombstoneAbsent
    | TombstoneUnseen
    | SavePartitions
    | SaveExceptions
    | ResolveExceptions
    | SaveCheckpoints
)


@dataclass(slots=True)
class WriteCounts:
    """What one stream's records came to in a write."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    differing: list[RecordWrite] = field(default_factory=list["RecordWrite"])
