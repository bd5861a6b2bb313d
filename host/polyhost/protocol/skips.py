"""What a connector says it left out, as diagnostics and as streams that failed.

Owns: reading SKIP_RESULT and DETAIL_GAP for what they mean to a run. Must not know: states, checkpoints' fate.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from polyhost.protocol.declarations import Manifest
from polyhost.protocol.diagnostics import DiagnosticCode, Severity
from polyhost.protocol.findings import Findings
from polyhost.protocol.messages import DetailGap, SkipResult
from polyhost.protocol.scope import Scope

__all__ = ["STREAM_FAILED", "UNPARSABLE", "Skips"]

STREAM_FAILED = "stream_collection_failed"
"""The reason, and DONE.error.code, that certify a failure as confined to the streams named."""

UNPARSABLE = "unparsable"
"""The reason for a piece of a file that could not be read as records."""

_CODE_SHAPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_REASONS = {
    STREAM_FAILED: DiagnosticCode.STREAM_FAILED,
    "scope_not_supported": DiagnosticCode.SCOPE_NOT_SUPPORTED,
    "rate_limited": DiagnosticCode.RATE_LIMITED,
    "ratelimited": DiagnosticCode.RATE_LIMITED,
    "source_limited": DiagnosticCode.SOURCE_LIMITED,
    "signed_out": DiagnosticCode.SIGNED_OUT,
    "auth_required": DiagnosticCode.SIGNED_OUT,
    "media_missing": DiagnosticCode.MEDIA_MISSING,
    UNPARSABLE: DiagnosticCode.INVALID_RECORD,
    "detail_gap": DiagnosticCode.DETAIL_GAP,
    "inventory_unproven": DiagnosticCode.INVENTORY_UNPROVEN,
    "list_unfinished": DiagnosticCode.LIST_UNFINISHED,
    "limit_reached": DiagnosticCode.LIMIT_REACHED,
}


class Skips:
    """Streams that failed, and everything else that was left out, told through the findings."""

    __slots__ = ("_findings", "_manifest", "_scope", "failed", "unparsable")

    def __init__(self, manifest: Manifest, scope: Scope, findings: Findings) -> None:
        self._manifest = manifest
        self._scope = scope
        self._findings = findings
        self.failed: dict[str, None] = {}
        self.unparsable: Counter[str] = Counter()

    @property
    def required_failed(self) -> bool:
        """Whether a stream failed that the run cannot succeed without."""
        return any(self._manifest.by_name[name].required for name in self.failed)

    def take_skip(self, message: SkipResult) -> None:
        code = _REASONS.get(message.reason or "", DiagnosticCode.RANGE_UNPROVEN)
        in_scope = message.stream is None or self._scope.stream(message.stream) is not None
        severity = Severity.GAP if in_scope else Severity.INFO
        if message.reason == STREAM_FAILED and message.stream is not None and in_scope:
            self.failed[message.stream] = None
            severity = Severity.ERROR if self._manifest.by_name[message.stream].required else Severity.GAP
        # A reason in the shape of a code is one; anything else is text, which a diagnostic does not repeat.
        rule = message.reason if message.reason and _CODE_SHAPE.fullmatch(message.reason) else "unspecified"
        hint = message.recovery_hint.action if message.recovery_hint else None
        where = _place(message.diagnostics)
        self._findings.note(
            code, rule, stream=message.stream, severity=severity, detail=where, hint=hint, count=message.count
        )
        if message.reason == UNPARSABLE and message.stream is not None:
            self.unparsable[message.stream] += message.count
        if message.resources:
            self._findings.name_partitions(code, rule, message.stream, message.resources)

    def take_gap(self, message: DetailGap) -> None:
        in_scope = self._scope.stream(message.stream) is not None
        hint = {True: "retry_by_runtime", False: "not_retriable", None: None}[message.retryable]
        self._findings.note(
            DiagnosticCode.DETAIL_GAP,
            "detail_gap",
            stream=message.stream,
            severity=Severity.GAP if in_scope else Severity.INFO,
            hint=hint,
        )


def _place(told: Any) -> str:
    """Where in a file the first of them is: numbers, and a rule in the shape of a code; nothing else is repeated."""
    if not isinstance(told, dict):
        return ""
    parts = [f"{name} {told[name]}" for name in ("entry", "item", "line") if type(told.get(name)) is int]
    rule = told.get("rule")
    if isinstance(rule, str) and _CODE_SHAPE.fullmatch(rule):
        parts.append(rule)
    return ", ".join(parts)
