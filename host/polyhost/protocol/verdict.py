"""How a run ended: from what the connector said, what the owner did and how the connector left.

Owns: `Ending`, the facts, and the one verdict on them. Must not know: commands, checkpoints, records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from polyhost.protocol.diagnostics import MAX_TEXT, DiagnosticCode, Severity
from polyhost.protocol.findings import Findings
from polyhost.protocol.messages import Done, ProtocolViolationError
from polyhost.protocol.skips import STREAM_FAILED, Skips

__all__ = [
    "CANCELLED_BY_CONNECTOR",
    "MESSAGE_TOO_LARGE",
    "PROTOCOL_VIOLATION",
    "TOO_LONG",
    "Ending",
    "Verdict",
    "judge_ending",
]

CANCELLED_BY_CONNECTOR = "cancelled_by_connector"
_GAVE_UP = "The connector gave the run up by itself. Nobody had asked it to."

PROTOCOL_VIOLATION = "protocol_violation"
MESSAGE_TOO_LARGE = "message_too_large"
"""What a run failed with; nothing that was staged is kept after either."""
TOO_LONG = "line_too_long"
"""The rule a message breaks that is larger than one may be, whatever it came over."""


@dataclass(slots=True)
class Ending:
    """What is known of the end so far."""

    done: Done | None = None
    violation: ProtocolViolationError | None = None
    cancelled: bool = False
    unanswered: bool = False
    exited: bool = False
    exit_status: int | None = None
    exit_detail: str = ""

    @property
    def is_deaf(self) -> bool:
        """Nothing the connector says counts any more."""
        return self.violation is not None or self.cancelled or self.exited


@dataclass(frozen=True, slots=True)
class Verdict:
    """`commits`: staged checkpoints may move, as far as each is eligible."""

    status: Literal["succeeded", "failed", "cancelled"]
    code: str | None = None
    message: str | None = None
    recovery_hint: str | None = None
    retryable: bool | None = None
    certified: bool = False
    commits: bool = False


def judge_ending(ending: Ending, skips: Skips, findings: Findings) -> Verdict:
    """A violation, then the owner's cancel, then how it left, then what it said."""
    if ending.violation is not None:
        code = MESSAGE_TOO_LARGE if ending.violation.rule == TOO_LONG else PROTOCOL_VIOLATION
        return Verdict("failed", code, str(ending.violation)[:MAX_TEXT], "retry_on_connector_upgrade", False)
    if ending.cancelled:
        return Verdict("cancelled", "cancelled")
    done = ending.done
    if done is None:
        hint = "retry_by_runtime"
        code = DiagnosticCode.CONNECTOR_CRASHED
        findings.note(code, "exited_without_done", detail=ending.exit_detail, severity=Severity.ERROR, hint=hint)
        return Verdict("failed", code.value, ending.exit_detail or None, hint, True)
    if _exit_contradicts(ending.exit_status, done):
        code = DiagnosticCode.PROTOCOL_VIOLATION
        where = f"exit status {ending.exit_status}, DONE {done.status}"
        hint = "retry_on_connector_upgrade"
        findings.note(code, "exit_status_mismatch", detail=where, severity=Severity.ERROR, hint=hint)
        if done.status == "succeeded":
            return Verdict("failed", code.value, f"exit_status_mismatch at {where}", hint, False)
        return _judge_done(done, ending, skips, may_commit=False)
    return _judge_done(done, ending, skips, may_commit=True)


def _exit_contradicts(status: int | None, done: Done) -> bool:
    """Status 0 belongs to succeeded and to nothing else. A signal (negative) after DONE is the host's own: it ends
    what does not end by itself, and by then everything was said."""
    if status is None or status < 0:
        return False
    return (status == 0) != (done.status == "succeeded")


def _failure_code(done: Done) -> str:
    """A run is cancelled by its owner and by nobody else: of a connector it is one more way to fail."""
    return CANCELLED_BY_CONNECTOR if done.status == "cancelled" else "connector_failed"


def _judge_done(done: Done, ending: Ending, skips: Skips, *, may_commit: bool) -> Verdict:
    if done.status == "succeeded":
        if skips.required_failed:
            return Verdict("failed", STREAM_FAILED, None, None, True, certified=True, commits=may_commit)
        return Verdict("succeeded", commits=may_commit)
    error = done.error
    certified = error is not None and error.code == STREAM_FAILED and bool(skips.failed)
    code = error.code if error is not None else None
    hint = error.recovery_hint if error is not None else None
    return Verdict(
        "failed",
        # Whatever the connector calls it: it failed for want of an answer, and only the owner can mend that.
        "interaction_unanswered" if ending.unanswered and not certified else code or _failure_code(done),
        error.message[:MAX_TEXT] if error is not None else _GAVE_UP if done.status == "cancelled" else None,
        hint.action if hint is not None else None,
        error.retryable if error is not None else None,
        certified=certified,
        commits=certified and may_commit,
    )
