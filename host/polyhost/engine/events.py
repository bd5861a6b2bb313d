"""What a run tells whoever watches it while it goes on. Past tense; small; safe to show.

Owns: the event types and the `Watcher` seam. Must not know: terminals, event streams, pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Answer",
    "BrowserStarted",
    "ConnectorRestarted",
    "FilesTaken",
    "InventoryTaken",
    "MessageSeen",
    "Noticed",
    "OwnerAsked",
    "PartitionAdvanced",
    "ProgressReported",
    "RecordsIndexed",
    "RecordsWritten",
    "RequestsCounted",
    "RunEvent",
    "RunFinished",
    "RunPaused",
    "RunResumed",
    "RunStarted",
    "Watcher",
    "ignore",
]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """It is known to the store from now on, with the streams in its scope."""

    run_id: str
    connection: str
    source: str
    streams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BrowserStarted:
    """The connector is open and was given START."""

    kind: str


@dataclass(frozen=True, slots=True)
class InventoryTaken:
    """How many partitions a stream has; `complete`: the source has shown all of them."""

    stream: str
    partitions: int
    complete: bool


@dataclass(frozen=True, slots=True)
class FilesTaken:
    """Files that are in the home now, of this run, with their bytes; `left`: how many are still to be asked for."""

    files: int
    bytes: int
    left: int


@dataclass(frozen=True, slots=True)
class RecordsWritten:
    """Durable so far in this run, per stream: new, updated, unchanged, deleted."""

    streams: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class PartitionAdvanced:
    """A range of a partition was proven. `records` read of it in this run; `finished`: no hole is left in it."""

    stream: str
    partition: str
    label: str | None
    records: int
    finished: bool


@dataclass(frozen=True, slots=True)
class ProgressReported:
    """What the connector says it is doing, in words; `count` of `total` where it says that."""

    message: str
    stream: str | None
    count: float | None
    total: float | None


@dataclass(frozen=True, slots=True)
class RequestsCounted:
    """Sent to the source so far; how often it asked to slow down, and how long that took."""

    requests: int
    rate_limited: int
    waited_seconds: float


@dataclass(frozen=True, slots=True)
class ConnectorRestarted:
    """Its page was lost, and opened again."""

    reason: str
    attempt: int


@dataclass(frozen=True, slots=True)
class OwnerAsked:
    """A question. `schema`: the JSON Schema of an answer, as the connector gave it. `until`: when the run goes on or
    ends without one."""

    request_id: str
    kind: str
    message: str
    schema: Mapping[str, Any] | None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something the owner should know, in one sentence that is safe to show."""

    message: str


@dataclass(frozen=True, slots=True)
class RunPaused:
    """Nothing more is asked of the site, and nothing more taken in. Left so `until` then, it is ended as cancelled."""

    run_id: str
    at: str
    until: str


@dataclass(frozen=True, slots=True)
class RunResumed:
    """It goes on where it was."""

    run_id: str
    at: str


@dataclass(frozen=True, slots=True)
class RecordsIndexed:
    """Taken into a connection's search index so far, before a search; there are more."""

    connection: str
    records: int


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The result is the same object that `run --json` prints."""

    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSeen:
    """One thing that passed between connector and host, for the author of a polyfill. `way`: from the connector, to it,
    or a question and its answer. `detail` and `key` are for a terminal; only `data` is content, and is None unless it
    was asked for."""

    way: str
    kind: str
    stream: str | None = None
    key: str | None = None
    size: int | None = None
    detail: str = ""
    data: Any = None


RunEvent = (
    RunStarted
    | BrowserStarted
    | InventoryTaken
    | RecordsWritten
    | PartitionAdvanced
    | ProgressReported
    | RequestsCounted
    | ConnectorRestarted
    | OwnerAsked
    | Noticed
    | RunPaused
    | RunResumed
    | RecordsIndexed
    | FilesTaken
    | RunFinished
)
Watcher = Callable[[RunEvent], None]
Answer = Callable[[OwnerAsked], Awaitable[tuple[str, Any]]]
"""Asks the owner; returns (success | cancelled | timeout, data). The data goes to the connector and nowhere else."""


def ignore(event: RunEvent) -> None:
    """A watcher that does not watch."""
