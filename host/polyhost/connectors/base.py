"""The one seam between the engine and whatever runs a connector.

Above: the engine, which feeds batches to the run machine in order and acknowledges them once durable.
Below: a page in a browser, a child process, a script in a test. They move messages and nothing else; they must not
know scope, ledger, store or what a message means beyond its being a JSON object.

Order is the contract: batches come out in the order the connector sent them, one at a time, and no more than a small
window of them is outstanding before it is acknowledged, so a connector that outruns the store has to wait.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from polyhost.protocol.messages import MalformedLine as Malformed

if TYPE_CHECKING:
    from polyhost.browser.site_access import SiteAccess

__all__ = [
    "Batch",
    "Connector",
    "ConnectorExited",
    "ConnectorSession",
    "HostCalls",
    "Malformed",
    "Restarted",
    "Traffic",
]


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the order they were sent. `size` is in bytes, as they came over the wire."""

    number: int
    messages: Sequence[dict[str, Any] | Malformed]
    size: int


@dataclass(frozen=True, slots=True)
class Restarted:
    """The connector lost its footing (navigation, page or browser crash) and waits for START again."""

    reason: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ConnectorExited:
    """The connector is gone. For a process `status` is its exit status (128 + n for a signal, None for the host's own);
    `detail` is safe to show and bounded; `unread` counts bytes it wrote that came out in no batch: after DONE was taken
    there must be none."""

    status: int | None = None
    detail: str = ""
    unread: int = 0


@dataclass(slots=True)
class Traffic:
    """What a session cost the site: requests sent, in all and by endpoint; retries; times the site said to slow down,
    and how many of them it did not say for how long; seconds spent waiting; requests to undeclared hosts that were
    blocked, by host; wrong calls of the script that were refused, by method; `unagreed`: hosts that the
    site has named and its owner not agreed to; and whether what the site said last was
    that nobody is signed in. `signs` of life of the connector, counted; `held`: how many of its questions the host has
    not answered, which is why it may be silent."""

    requests: int = 0
    by_endpoint: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    rate_limited: int = 0
    untold_pauses: int = 0
    unagreed: dict[str, None] = field(default_factory=dict[str, None])
    waited_seconds: float = 0.0
    blocked: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    signed_out: bool = False
    signs: int = 0
    held: int = 0


class HostCalls(Protocol):
    """Questions a connector may ask under the partition extension; the engine answers from the ledger."""

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        """Ranges of this partition wanted now, newest first: [{since, until, purpose, deep}]."""
        ...

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What is stored of each group: {id: {count, latest}}; count excludes the head and deleted members."""
        ...

    async def arrivals(self, stream: str, partition: str | None) -> str | None:
        """The source's token up to which all that arrived was read; None where there is none. `partition` None: the one
        of the whole stream."""
        return None

    async def due_exceptions(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
        """What stands out and is to be tried again by its key: [{kind, key, partition, position, reason, tries}]."""
        return []

    async def unpaused(self) -> None:
        """Return once requests may leave for the site: at once, unless the owner has paused the run."""
        ...

    def asking(self) -> AbstractAsyncContextManager[None]:
        """Held while the owner is asked and the run waits, so that others are told of it."""
        return nullcontext()


class ConnectorSession(Protocol):
    """A connector that is open: give it START, take its batches, acknowledge them, let it go."""

    traffic: Traffic

    async def send(self, message: Mapping[str, Any]) -> None:
        """Hand one host message (START, INTERACTION_RESPONSE) to the connector."""
        ...

    async def process_id(self) -> int | None:
        """The process that all of its own are descended from, to be measured; None where it has none now."""
        return None

    async def site_access(self) -> SiteAccess | None:
        """What the source is asked with, while it is open; None where no browser asks."""
        return None

    def events(self) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        """What happens, in order. Ends after ConnectorExited."""
        ...

    async def acknowledge(self, batch: Batch) -> None:
        """Every record of this batch is durable; the connector may send one more."""
        ...

    async def finish(self) -> ConnectorExited:
        """DONE was taken and everything is durable: let it end politely (a process: by EOF), and wait, bounded."""
        ...

    async def terminate(self) -> None:
        """End it now: ask, wait briefly, then kill. Never raises; safe to call twice."""
        ...


class Connector(Protocol):
    """Something that can be opened once per run."""

    @property
    def bindings(self) -> Mapping[str, Any]:
        """What this kind of connector is offered in START.bindings."""
        ...

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        """Start it. Raises a PolyhostError with reason and instruction where it cannot start."""
        ...
