"""The exception tree: every error an owner can meet, grouped by what follows from it.

PolyhostError
    RefusedError        refused before anything started (exit 2): bad request, manifest, scope, recording, home
    NeedsOwnerError     only the owner can go on (exit 4): sign in, answer
    RunFailedError      something broke while running (exit 1)
    StoppedError        its owner stopped it (exit 130)

Each carries a reason (what and where) and an instruction (what to do), which together are the one sentence shown; and a
code of the closed list in `codes`, for programs. Must not know: surfaces, logging.
"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import TypedDict

from polyhost.errors.codes import ErrorCode, ExitStatus

__all__ = [
    "ErrorCode",
    "ExitStatus",
    "Failure",
    "NeedsOwnerError",
    "PolyhostError",
    "RefusedError",
    "RunFailedError",
    "StoppedError",
    "as_sentence",
]

_NO_NAMES = frozenset(
    {"a", "an", "another", "both", "it", "no", "nobody", "none", "nothing", "only", "something", "that", "the", "there"}
    | {"these", "this", "those", "too"}
)
"""First words of reasons that are surely words. Any other may be a name, path or field: `x.txt is not an export`."""


class Failure(TypedDict):
    """Why something came to nothing. `code` is stable; `reason` and `instruction` are for whoever reads them."""

    code: str
    reason: str
    instruction: str


class PolyhostError(Exception):
    """An error with a reason and an instruction, both safe to show: no content, no secret."""

    code: ErrorCode = ErrorCode.ERROR
    exit_status: ClassVar[ExitStatus] = ExitStatus.FAILED
    """What a command ends with. It follows from when it went wrong, which the class says."""

    def __init__(self, reason: str, instruction: str = "", *, code: ErrorCode | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.instruction = instruction
        if code is not None:
            self.code = code

    @property
    def http_status(self) -> int:
        """What the owner API answers with."""
        return self.code.http_status

    def as_json(self) -> Failure:
        return Failure(code=self.code, reason=self.reason, instruction=self.instruction)

    def __str__(self) -> str:
        if not self.instruction:
            return self.reason
        return f"{self.reason.rstrip('.')}. {self.instruction}"


class RefusedError(PolyhostError):
    """Refused before a connector or browser started; nothing was written."""

    code = ErrorCode.REFUSED
    exit_status = ExitStatus.REFUSED


class NeedsOwnerError(PolyhostError):
    """Nothing can go on until the owner acts."""

    code = ErrorCode.NEEDS_OWNER
    exit_status = ExitStatus.NEEDS_OWNER


class RunFailedError(PolyhostError):
    """A run ended early; what was durable stays."""

    code = ErrorCode.RUN_FAILED
    exit_status = ExitStatus.FAILED


class StoppedError(PolyhostError):
    """Its owner stopped it; what was there before is as it was."""

    code = ErrorCode.CANCELLED
    exit_status = ExitStatus.CANCELLED


def as_sentence(reason: str) -> str:
    """A reason as the sentence it begins: with a capital letter, unless that might change a name."""
    return reason[:1].upper() + reason[1:] if reason.partition(" ")[0] in _NO_NAMES else reason
