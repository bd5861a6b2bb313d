"""What the run machine wants done, in order. Imperative; the engine carries them out and decides nothing of them.

Owns: the command types. Must not know: who executes them, or how.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from polyhost.protocol.blob_message import Blob
from polyhost.protocol.diagnostics import Diagnostic
from polyhost.protocol.exceptions import ExceptionFact
from polyhost.protocol.records import Record

__all__ = [
    "AskOwner",
    "Command",
    "CommitArrivals",
    "CommitCheckpoints",
    "CommitCoverage",
    "CommitHidden",
    "CommitInventory",
    "EndRun",
    "FinishConnector",
    "ForgetToken",
    "InventoryEntry",
    "KeepCursor",
    "NoteException",
    "PersistRecords",
    "Report",
    "ReportProgress",
    "RunOutcome",
    "SendToConnector",
    "TakeBlob",
    "TerminateConnector",
]


@dataclass(frozen=True, slots=True)
class SendToConnector:
    """A host message: START or INTERACTION_RESPONSE."""

    message: Mapping[str, Any] = field(repr=False)  # may hold an owner's answer


@dataclass(frozen=True, slots=True)
class PersistRecords:
    """Store these, in order. `undecided` are deletes whose fate depends on what is stored: ask `RunMachine.decide` with
    the stored content before writing. Call `RunMachine.persisted(sequence)` once everything up to here is durable."""

    sequence: int
    records: Sequence[Record]
    undecided: Sequence[Record] = ()


@dataclass(frozen=True, slots=True)
class NoteException:
    """Something of this stream could not be taken: keep its name, after the records up to `sequence` and before what
    comes then. Ranges that hold it may be proven; it stands out of them."""

    sequence: int
    fact: ExceptionFact


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitCoverage:
    """Every record of this range of positions came before: commit it with, or after, the records up to `sequence`.

    `until` None: to the end of what there is. `older`, `newer`: the source's tokens for going on at its two ends.
    `spared`: keys that came by and were refused; what is stored of them is not gone.
    """

    sequence: int
    stream: str
    partition: str
    since: str | None
    until: str | None
    limited_before: str | None = None
    groups: tuple[str, ...] = ()
    spared: frozenset[str] = frozenset()
    older: str | None = None
    newer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitArrivals:
    """All that has arrived up to this token came before: commit it with, or after, the records up to `sequence`.
    `partition` None: in every one of the stream."""

    sequence: int
    stream: str
    partition: str | None
    token: str


@dataclass(frozen=True, slots=True)
class ForgetToken:
    """The source does not take this token any more: what depends on it is read again."""

    stream: str
    partition: str | None
    token: str


@dataclass(frozen=True, slots=True)
class KeepCursor:
    """The stream's opaque cursor, to be kept with, or after, the records before it, whatever becomes of the run."""

    stream: str
    cursor: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitHidden:
    """The source hides what lies between these positions: no claim of this run covers it, or deletes in it."""

    stream: str
    partition: str
    since: str | None
    until: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """A partition that exists now; or one that does not: the source has `deleted` it, or it `became` another."""

    key: str
    label: str | None = None
    status: str | None = None
    deleted: bool = False
    became: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is named to say that it is not there any more."""
        return self.deleted or self.became is not None


@dataclass(frozen=True, slots=True)
class CommitInventory:
    """These partitions exist. Only with `complete` may those not named, in this message or earlier ones, be missing."""

    stream: str
    partitions: tuple[InventoryEntry, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class CommitCheckpoints:
    """The opaque cursors that may move, per checkpoint stream. All records of the run are durable."""

    cursors: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOwner:
    """The connector waits for the owner. `deadline` is in the time given to `receive`."""

    request_id: str
    kind: str
    message: str
    schema: Mapping[str, Any] | None
    deadline: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportProgress:
    """The connector's own words on how far it is, bounded; for the owner who watches, not for the record."""

    message: str
    stream: str | None = None
    count: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A finished diagnostic of this run."""

    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class TakeBlob:
    """The connector has handed a file over. It is of the record that names it, which may come before it or after."""

    blob: Blob


@dataclass(frozen=True, slots=True)
class TerminateConnector:
    """End it now: ask, then kill. `reason` is a code."""

    reason: str


@dataclass(frozen=True, slots=True)
class FinishConnector:
    """DONE is taken and everything is durable: let it end politely (for a process: close stdin)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How the run ended for the protocol. The engine adds what the ledger found.

    `message` may be the connector's own (bounded); `withheld` are staged checkpoints that may not move, with the rule.
    `enumerated`: streams without partitions that were read from end to end, each with keys that came by and were
    refused: of the others, what was not met is gone.
    """

    status: Literal["succeeded", "failed", "cancelled"]
    code: str | None = None
    message: str | None = None
    recovery_hint: str | None = None
    retryable: bool | None = None
    certified: bool = False
    failed_streams: tuple[str, ...] = ()
    committed: tuple[str, ...] = ()
    withheld: Mapping[str, str] = field(default_factory=dict[str, str])
    enumerated: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    records_emitted: int = 0


@dataclass(frozen=True, slots=True)
class EndRun:
    """Nothing more comes."""

    outcome: RunOutcome


Command = (
    SendToConnector
    | PersistRecords
    | NoteException
    | CommitCoverage
    | CommitHidden
    | CommitArrivals
    | ForgetToken
    | KeepCursor
    | CommitInventory
    | CommitCheckpoints
    | AskOwner
    | ReportProgress
    | Report
    | TakeBlob
    | TerminateConnector
    | FinishConnector
    | EndRun
)
