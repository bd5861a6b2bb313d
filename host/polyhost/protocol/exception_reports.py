"""Exceptions that a connector reports itself: their legality, and whether the scope lets them count.

Owns: reading EXCEPTION for what it means to a run. Must not know: where exceptions are kept, when one heals.
"""

from __future__ import annotations

from polyhost.protocol.declarations import Manifest, StreamDecl
from polyhost.protocol.diagnostics import DiagnosticCode, Severity
from polyhost.protocol.exceptions import ExceptionFact, ExceptionKind, ExceptionReason
from polyhost.protocol.findings import Findings
from polyhost.protocol.keys import KeyRuleError, canonical_key
from polyhost.protocol.messages import ExceptionReport, ProtocolViolationError
from polyhost.protocol.positions import position_key
from polyhost.protocol.refusals import Refusals
from polyhost.protocol.scope import Scope

__all__ = ["Exceptions"]


class Exceptions:
    """Those of one run."""

    __slots__ = ("_findings", "_manifest", "_refusals", "_scope")

    def __init__(self, manifest: Manifest, scope: Scope, findings: Findings, refusals: Refusals) -> None:
        self._manifest = manifest
        self._scope = scope
        self._findings = findings
        self._refusals = refusals

    def take(self, message: ExceptionReport) -> ExceptionFact | None:
        """What was met; None where nobody asked for it. What is stored of the record is not taken for gone."""
        stream = self._manifest.by_name[message.stream]
        scope = self._scope.stream(message.stream)
        if scope is None or (message.partition is not None and not scope.allows_partition(message.partition)):
            code = DiagnosticCode.OUT_OF_SCOPE_RECORD
            self._findings.note(code, "exception", stream=message.stream, severity=Severity.INFO)
            return None
        kind = ExceptionKind(message.kind)
        key = _record_key(message, stream) if kind is ExceptionKind.RECORD else _group_key(message, stream)
        if kind is ExceptionKind.RECORD:
            self._findings.reject(DiagnosticCode.INVALID_RECORD, message.reason, message.stream)
            if not self._refusals.spare(message.stream, key, (message.reason, "")):
                return None
        _check_position(message, stream)
        return ExceptionFact(
            stream=message.stream,
            kind=kind,
            key=key,
            reason=ExceptionReason(message.reason),
            partition=None if stream.partition is None else message.partition,
            position=None if message.partition is None else message.position,
            member=message.member,
        )


def _record_key(message: ExceptionReport, stream: StreamDecl) -> str:
    try:
        return canonical_key(message.key, len(stream.primary_key))
    except KeyRuleError as error:
        raise ProtocolViolationError(error.rule, "EXCEPTION.key") from None


def _group_key(message: ExceptionReport, stream: StreamDecl) -> str:
    """A group is named by the value its members share, which is its head's position."""
    if stream.partition is None or stream.partition.group_field is None:
        raise ProtocolViolationError("no_groups", "EXCEPTION.stream")
    if message.partition is None:
        raise ProtocolViolationError("missing", "EXCEPTION.partition")
    if not isinstance(message.key, str) or position_key(stream.partition.order, message.key) is None:
        raise ProtocolViolationError("cursor_unreadable", "EXCEPTION.key")
    return message.key


def _check_position(message: ExceptionReport, stream: StreamDecl) -> None:
    if message.position is None:
        return
    if stream.partition is None:
        raise ProtocolViolationError("not_partitioned", "EXCEPTION.position")
    if position_key(stream.partition.order, message.position) is None:
        raise ProtocolViolationError("cursor_unreadable", "EXCEPTION.position")
