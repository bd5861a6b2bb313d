"""The exception tree: every error an owner can meet, grouped by what follows from it.

PolyhostError
    RefusedError        refused before anything started (exit 2): bad request, manifest, scope, recording, home
    NeedsOwnerError     only the owner can go on (exit 4): sign in, answer
    RunFailedError      something broke while running (exit 1)
    StoppedError        its owner stopped it (exit 130)

Each carries a reason (what and where) and an instruction (what to do); together they are the one sentence shown.
Must not know: surfaces, exit codes of any one command, logging.
"""

from __future__ import annotations

__all__ = ["NeedsOwnerError", "PolyhostError", "RefusedError", "RunFailedError", "StoppedError", "as_sentence"]

_NO_NAMES = frozenset(
    {"a", "an", "another", "both", "it", "no", "nobody", "none", "nothing", "only", "something", "that", "the", "there"}
    | {"these", "this", "those", "too"}
)
"""First words of reasons that are surely words. Any other may be a name, a path or a field: `x.txt is no export`."""


class PolyhostError(Exception):
    """An error with a reason and an instruction, both safe to show: no content, no secret."""

    code: str = "error"

    def __init__(self, reason: str, instruction: str = "", *, code: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.instruction = instruction
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        if not self.instruction:
            return self.reason
        return f"{self.reason.rstrip('.')}. {self.instruction}"


class RefusedError(PolyhostError):
    """Refused before a connector or browser started; nothing was written."""

    code = "refused"


class NeedsOwnerError(PolyhostError):
    """Nothing can go on until the owner acts."""

    code = "needs_owner"


class RunFailedError(PolyhostError):
    """A run ended early; what was durable stays."""

    code = "run_failed"


class StoppedError(PolyhostError):
    """Its owner stopped it; what was there before is as it was."""

    code = "cancelled"


def as_sentence(reason: str) -> str:
    """A reason as the sentence it begins: with a capital letter, unless that might change a name."""
    return reason[:1].upper() + reason[1:] if reason.partition(" ")[0] in _NO_NAMES else reason
