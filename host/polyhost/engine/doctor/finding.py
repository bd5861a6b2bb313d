"""What a check finds: a line, with what to do about it.

Must not know: what is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import TypedDict

__all__ = ["Finding", "FindingJson", "Grade", "failed", "ok", "warning"]


class Grade(StrEnum):
    """How grave a finding is. Only `failed` keeps polyhost from working."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class FindingJson(TypedDict):
    """One line of what was looked over. `about` tells findings of one check apart; `instruction`: what to do about it,
    empty where nothing is."""

    check: str
    grade: Grade
    found: str
    instruction: str
    about: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` tells findings of one check apart: a connection, a file."""

    check: str
    grade: Grade
    found: str
    instruction: str = ""
    about: str | None = None

    def as_json(self) -> FindingJson:
        return FindingJson(
            check=self.check, grade=self.grade, found=self.found, instruction=self.instruction, about=self.about
        )


def ok(check: str, found: str, *, about: str | None = None) -> Finding:
    return Finding(check, Grade.OK, found, about=about)


def warning(check: str, found: str, instruction: str, *, about: str | None = None) -> Finding:
    return Finding(check, Grade.WARNING, found, instruction, about)


def failed(check: str, found: str, instruction: str, *, about: str | None = None) -> Finding:
    return Finding(check, Grade.FAILED, found, instruction, about)
