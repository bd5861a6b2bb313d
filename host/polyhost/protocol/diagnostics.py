"""What a run tells its owner besides records: a closed list of codes, bounded in every direction.

Owns: codes, severities, run statuses with their exit codes, the bounds. Must not know: who emits or renders them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = [
    "MAX_PARTITIONS",
    "MAX_TEXT",
    "Diagnostic",
    "DiagnosticCode",
    "RunStatus",
    "Severity",
    "partitions_diagnostic",
]

MAX_PARTITIONS = 50
"""Partition keys one diagnostic names; the rest is counted in `total`."""
MAX_TEXT = 200
"""Characters in any one string of a diagnostic."""


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
    INVENTORY_UNPROVEN = "inventory_unproven"
    OUT_OF_SCOPE_RECORD = "out_of_scope_record"
    INVALID_RECORD = "invalid_record"
    SCOPE_NOT_SUPPORTED = "scope_not_supported"
    RANGE_UNPROVEN = "range_unproven"
    SOURCE_LIMITED = "source_limited"
    RATE_LIMITED = "rate_limited"
    DETAIL_GAP = "detail_gap"
    MEDIA_MISSING = "media_missing"
    STREAM_FAILED = "stream_failed"
    SIGNED_OUT = "signed_out"
    CONNECTOR_CRASHED = "connector_crashed"
    PROTOCOL_VIOLATION = "protocol_violation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing worth telling. Holds keys, counts and codes; never record content, people's names, or text of theirs."""

    code: DiagnosticCode
    severity: Severity
    message: str
    stream: str | None = None
    partitions: tuple[str, ...] | None = None
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

    def as_json(self) -> dict[str, Any]:
        """The wire form: absent facts are left out, enums become their text."""
        fields = {name: getattr(self, name) for name in Diagnostic.__slots__}
        present = {name: value for name, value in fields.items() if value is not None}
        if self.partitions is not None:
            present["partitions"] = list(self.partitions)
        return {name: str(value) if isinstance(value, StrEnum) else value for name, value in present.items()}


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
