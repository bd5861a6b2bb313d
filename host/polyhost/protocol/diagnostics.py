"""What a run tells its owner besides records: a closed list of codes, bounded in every direction.

Owns: codes, severities, run statuses with their exit codes, the bounds. Must not know: who emits or renders them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from typing_extensions import TypedDict

__all__ = [
    "FINISHED",
    "MAX_PARTITIONS",
    "MAX_RUN_BYTES",
    "MAX_TEXT",
    "Diagnostic",
    "DiagnosticCode",
    "DiagnosticJson",
    "RunState",
    "RunStatus",
    "Severity",
    "bound_diagnostics",
    "partitions_diagnostic",
]

MAX_PARTITIONS = 50
"""Partition keys one diagnostic names; the rest is counted in `total`."""
MAX_TEXT = 200
"""Characters in any one string of a diagnostic."""
MAX_RUN_BYTES = 8 * 1024
"""Bytes of all diagnostics of a run together, as JSON: they are kept with every run, and shown whole."""


RunState = Literal["running", "complete", "complete_with_gaps", "failed", "needs_owner", "cancelled"]
"""The value of a `RunStatus`, as results have it."""


class RunStatus(StrEnum):
    """How a run ended, or that it has not."""

    RUNNING = "running"
    COMPLETE = "complete"
    COMPLETE_WITH_GAPS = "complete_with_gaps"
    FAILED = "failed"
    NEEDS_OWNER = "needs_owner"
    CANCELLED = "cancelled"

    @property
    def exit_code(self) -> int:
        return _EXIT_CODES[self]


FINISHED = frozenset({RunStatus.COMPLETE, RunStatus.COMPLETE_WITH_GAPS})
"""How a run ends that came to its own end: only what such a one brought is kept as a recording or taken for proof."""
_EXIT_CODES = {
    RunStatus.RUNNING: 0,
    RunStatus.COMPLETE: 0,
    RunStatus.COMPLETE_WITH_GAPS: 3,
    RunStatus.FAILED: 1,
    RunStatus.NEEDS_OWNER: 4,
    RunStatus.CANCELLED: 130,
}


class Severity(StrEnum):
    """INFO changes nothing; GAP makes a finished run `complete_with_gaps`; ERROR belongs to a failed one."""

    INFO = "info"
    GAP = "gap"
    ERROR = "error"


class DiagnosticCode(StrEnum):
    """The closed list. A code that is not here cannot be emitted."""

    PARTITION_MISSING = "partition_missing"
    PARTITION_ENDED = "partition_ended"
    INVENTORY_UNPROVEN = "inventory_unproven"
    OUT_OF_SCOPE_RECORD = "out_of_scope_record"
    INVALID_RECORD = "invalid_record"
    SCOPE_NOT_SUPPORTED = "scope_not_supported"
    RANGE_UNPROVEN = "range_unproven"
    SOURCE_LIMITED = "source_limited"
    RATE_LIMITED = "rate_limited"
    DETAIL_GAP = "detail_gap"
    MEDIA_MISSING = "media_missing"
    FILES_NOT_TAKEN = "files_not_taken"
    STREAM_FAILED = "stream_failed"
    SIGNED_OUT = "signed_out"
    CONNECTOR_CRASHED = "connector_crashed"
    PROTOCOL_VIOLATION = "protocol_violation"
    CALL_REFUSED = "call_refused"
    HOST_NOT_AGREED = "host_not_agreed"
    RECORD_EXCEPTION = "record_exception"
    GROUP_EXCEPTION = "group_exception"
    FIELD_MENDED = "field_mended"
    LIST_UNFINISHED = "list_unfinished"
    LIMIT_REACHED = "limit_reached"
    BOUND_REACHED = "bound_reached"


class _Diagnosed(TypedDict):
    code: DiagnosticCode
    severity: Severity
    message: str


class DiagnosticJson(_Diagnosed, total=False):
    """Something a run found: an error, a gap, or worth knowing. `keys`: of records or groups; `total`: of how many
    partitions or keys the first are named; `truncated`: something was left out. What does not apply is not there."""

    stream: str
    partitions: list[str]
    keys: list[str]
    total: int
    truncated: bool
    count: int
    recovery_hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing worth telling. Holds keys (of partitions; `keys`: of records or groups), counts and codes; never record
    content, people's names, or text of theirs."""

    code: DiagnosticCode
    severity: Severity
    message: str
    stream: str | None = None
    partitions: tuple[str, ...] | None = None
    keys: tuple[str, ...] | None = None
    total: int | None = None
    truncated: bool | None = None
    count: int | None = None
    recovery_hint: str | None = None

    def __post_init__(self) -> None:
        for name in ("message", "stream", "recovery_hint"):
            value = getattr(self, name)
            if value is not None and len(value) > MAX_TEXT:
                object.__setattr__(self, name, value[: MAX_TEXT - 1] + "…")
        if self.partitions is not None and len(self.partitions) > MAX_PARTITIONS:
            object.__setattr__(self, "total", self.total or len(self.partitions))
            object.__setattr__(self, "partitions", self.partitions[:MAX_PARTITIONS])
            object.__setattr__(self, "truncated", True)

    def as_json(self) -> DiagnosticJson:
        """The wire form: absent facts are left out."""
        found = DiagnosticJson(code=self.code, severity=self.severity, message=self.message)
        if self.stream is not None:
            found["stream"] = self.stream
        if self.partitions is not None:
            found["partitions"] = list(self.partitions)
        if self.keys is not None:
            found["keys"] = list(self.keys)
        if self.total is not None:
            found["total"] = self.total
        if self.truncated is not None:
            found["truncated"] = self.truncated
        if self.count is not None:
            found["count"] = self.count
        if self.recovery_hint is not None:
            found["recovery_hint"] = self.recovery_hint
        return found

    @classmethod
    def from_json(cls, told: DiagnosticJson) -> Diagnostic:
        """Back from the wire form."""
        partitions, keys = told.get("partitions"), told.get("keys")
        return cls(
            code=DiagnosticCode(told["code"]),
            severity=Severity(told["severity"]),
            message=told["message"],
            stream=told.get("stream"),
            partitions=None if partitions is None else tuple(partitions),
            keys=None if keys is None else tuple(keys),
            total=told.get("total"),
            truncated=told.get("truncated"),
            count=told.get("count"),
            recovery_hint=told.get("recovery_hint"),
        )


def partitions_diagnostic(
    code: DiagnosticCode, stream: str, keys: Iterable[str], *, severity: Severity, message: str, recovery_hint: str
) -> Diagnostic:
    """A diagnostic that names partitions: keys sorted, the first 50 kept, the total and the cut said (PR-1.2)."""
    ordered = sorted(keys)
    return Diagnostic(
        code=code,
        severity=severity,
        stream=stream,
        partitions=tuple(ordered[:MAX_PARTITIONS]),
        total=len(ordered),
        truncated=len(ordered) > MAX_PARTITIONS,
        message=message,
        recovery_hint=recovery_hint,
    )


_LISTS = ("partitions", "keys")
"""Fields that hold keys, and are cut first."""
_GRAVEST_FIRST = (Severity.ERROR, Severity.GAP, Severity.INFO)


def bound_diagnostics(diagnostics: Iterable[Diagnostic], limit: int = MAX_RUN_BYTES) -> tuple[Diagnostic, ...]:
    """The gravest that fit, partition keys dropped from a long one first. Where some had to go, the last one says how
    many."""
    ordered = sorted(diagnostics, key=lambda diagnostic: _GRAVEST_FIRST.index(diagnostic.severity))
    kept: list[Diagnostic] = []
    room = limit - len("[]")
    for position, diagnostic in enumerate(ordered):
        fitting = _shrunk(diagnostic, room - 1)
        if fitting is None:
            return _mark_cut(kept, len(ordered) - position, limit)
        kept.append(fitting)
        room -= _size(fitting) + 1
    return tuple(kept)


def _size(diagnostic: Diagnostic) -> int:
    return len(json.dumps(diagnostic.as_json(), ensure_ascii=False, separators=(",", ":")).encode())


def _shrunk(diagnostic: Diagnostic, room: int) -> Diagnostic | None:
    while _size(diagnostic) > room:
        longest = max(_LISTS, key=lambda name: len(getattr(diagnostic, name) or ()))
        named = getattr(diagnostic, longest)
        if not named:
            return None
        half = {longest: named[: len(named) // 2]}
        diagnostic = replace(diagnostic, **half, total=diagnostic.total or len(named), truncated=True)
    return diagnostic


def _mark_cut(kept: list[Diagnostic], dropped: int, limit: int) -> tuple[Diagnostic, ...]:
    """Say in the last one that more were left out, making room for the words by dropping another where it takes
    that."""
    while kept:
        last = kept.pop()
        said = replace(last, message=f"{last.message[: MAX_TEXT // 2]} [{dropped} more not shown]", truncated=True)
        if sum(_size(diagnostic) + 1 for diagnostic in [*kept, said]) + len("[]") <= limit:
            return (*kept, said)
        dropped += 1
    return ()
