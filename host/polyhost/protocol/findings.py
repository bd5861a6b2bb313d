"""What a run has to tell besides its records: counted as it happens, told once at the end, bounded.

Owns: counting by (code, stream, rule), the severities, the sentences. Must not know: who renders them. Holds names the
manifest declares, rules, paths and counts; never anything a connector wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from polyhost.protocol.diagnostics import (
    MAX_PARTITIONS,
    Diagnostic,
    DiagnosticCode,
    Severity,
    bound_diagnostics,
    partitions_diagnostic,
)

__all__ = ["Findings"]

MAX_FINDINGS = 500
"""Distinct (code, stream, rule) kept; what comes later is counted under its code alone. Far beyond what 8 KiB can
tell."""

_SENTENCES = {
    DiagnosticCode.OUT_OF_SCOPE_RECORD: "outside the scope, not stored",
    DiagnosticCode.INVALID_RECORD: "invalid, not stored",
    DiagnosticCode.FIELD_MENDED: "kept without a part in an unexpected shape",
    DiagnosticCode.LIST_UNFINISHED: "a list that did not come to its end",
    DiagnosticCode.LIMIT_REACHED: "left out: a limit of the connector",
    DiagnosticCode.DETAIL_GAP: "without their detail",
    DiagnosticCode.SCOPE_NOT_SUPPORTED: "cannot be held to this scope, not collected",
    DiagnosticCode.STREAM_FAILED: "could not be collected",
    DiagnosticCode.RANGE_UNPROVEN: "not proven",
    DiagnosticCode.INVENTORY_UNPROVEN: "what there is of it is not proven",
    DiagnosticCode.RATE_LIMITED: "left out: the source slowed us down",
    DiagnosticCode.SOURCE_LIMITED: "left out: the source hides it",
    DiagnosticCode.SIGNED_OUT: "left out: nobody is signed in",
    DiagnosticCode.MEDIA_MISSING: "without their media",
    DiagnosticCode.PROTOCOL_VIOLATION: "the connector broke the protocol",
    DiagnosticCode.CONNECTOR_CRASHED: "the connector ended before it was done",
}


@dataclass(slots=True)
class _Finding:
    severity: Severity
    count: int = 0
    detail: str = ""
    hint: str | None = None


class Findings:
    """A tally. `note` is cheap: it runs once per rejected record."""

    __slots__ = ("_found", "_partitions", "rejected")

    def __init__(self) -> None:
        self.rejected: dict[str, Counter[str]] = {}
        self._found: dict[tuple[DiagnosticCode, str | None, str], _Finding] = {}
        self._partitions: dict[tuple[DiagnosticCode, str | None, str], set[str]] = {}

    def note(
        self,
        code: DiagnosticCode,
        rule: str,
        *,
        severity: Severity,
        stream: str | None = None,
        detail: str = "",
        hint: str | None = None,
        count: int = 1,
    ) -> None:
        key = (code, stream, rule)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= MAX_FINDINGS:
                key = (code, None, "other")
            found = self._found.setdefault(key, _Finding(severity, detail=detail, hint=hint))
        found.count += count

    def reject(self, code: DiagnosticCode, rule: str, stream: str, path: str = "") -> None:
        """A record that was not stored."""
        self.rejected.setdefault(stream, Counter())[code.value] += 1
        info = code is DiagnosticCode.OUT_OF_SCOPE_RECORD and rule != "time_unreadable"
        severity = Severity.INFO if info else Severity.GAP
        self.note(code, _at(rule, path), stream=stream, severity=severity)

    def take_back(self, code: DiagnosticCode, rule: str, stream: str, path: str = "") -> None:
        """A record that was rejected has been stored after all."""
        self.rejected[stream][code.value] -= 1
        key = (code, stream, _at(rule, path))
        key = key if key in self._found else (code, None, "other")
        self._found[key].count -= 1
        if self._found[key].count == 0:
            del self._found[key]

    def name_partitions(self, code: DiagnosticCode, rule: str, stream: str | None, keys: Sequence[str]) -> None:
        """Keys to say with a finding that was noted; a few more than are shown, so that the cut is known."""
        named = self._partitions.setdefault((code, stream, rule), set())
        for key in keys:
            if len(named) > MAX_PARTITIONS:
                return
            named.add(key)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found, gravest first, within the bound of a run."""
        told = [self._tell(key, found) for key, found in self._found.items()]
        return bound_diagnostics(told)

    def _tell(self, key: tuple[DiagnosticCode, str | None, str], found: _Finding) -> Diagnostic:
        code, stream, rule = key
        place = f"{rule} at {found.detail}" if found.detail else rule
        message = f"{_SENTENCES.get(code, code.value)} ({place})"
        named = self._partitions.get(key)
        if named and stream is not None:
            hint = found.hint or "unknown"
            return partitions_diagnostic(
                code, stream, named, severity=found.severity, message=message, recovery_hint=hint
            )
        return Diagnostic(
            code=code,
            severity=found.severity,
            message=message,
            stream=stream,
            count=found.count,
            recovery_hint=found.hint,
        )


def _at(rule: str, path: str) -> str:
    return f"{rule} at {path}" if path else rule
