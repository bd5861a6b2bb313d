"""What a conformance check found, one line each.

Owns: the three answers and the report's shape. Must not know: how anything is checked or shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import TypedDict

__all__ = ["Answer", "Check", "CheckJson", "Report", "ReportJson", "failed", "not_checked", "ok"]


class Answer(StrEnum):
    """`not_checked` is not an answer about the connector: it says what kept the check from being made."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


class CheckJson(TypedDict):
    """One check. `found` says what was seen, or why nothing could be; `instruction` what its author can do about it.
    `scenario`: the recording it was made with, for a page."""

    check: str
    scenario: str | None
    answer: Answer
    found: str
    instruction: str


class ReportJson(TypedDict):
    """All checks of one connector. `kind` is null where the manifest cannot be read."""

    name: str
    kind: str | None
    passed: bool
    counts: dict[str, int]
    checks: list[CheckJson]


@dataclass(frozen=True, slots=True)
class Check:
    """As it is made; `CheckJson` says what each part is."""

    name: str
    answer: Answer
    found: str
    instruction: str = ""
    scenario: str | None = None

    def as_json(self) -> CheckJson:
        return CheckJson(
            check=self.name,
            scenario=self.scenario,
            answer=self.answer,
            found=self.found,
            instruction=self.instruction,
        )


def ok(name: str, found: str) -> Check:
    return Check(name, Answer.OK, found)


def failed(name: str, found: str, instruction: str) -> Check:
    return Check(name, Answer.FAILED, found, instruction)


def not_checked(name: str, why: str, instruction: str = "") -> Check:
    return Check(name, Answer.NOT_CHECKED, why, instruction)


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one connector. `kind` is None where the manifest cannot be read."""

    name: str
    kind: str | None
    checks: Sequence[Check]

    @property
    def passed(self) -> bool:
        return not any(check.answer is Answer.FAILED for check in self.checks)

    def as_json(self) -> ReportJson:
        return ReportJson(
            name=self.name,
            kind=self.kind,
            passed=self.passed,
            counts={str(answer): sum(check.answer is answer for check in self.checks) for answer in Answer},
            checks=[check.as_json() for check in self.checks],
        )
