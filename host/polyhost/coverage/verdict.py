"""The one verdict, derived last: from conditions alone, by the first line of a table that applies.

Owns: `VERDICTS`, and which conditions ask for the owner. Must not know: evidence, axes' own logic, the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from polyhost.coverage.conditions import Condition
from polyhost.coverage.signals import GOING_ON, Axis, By, SignalSeverity

__all__ = ["VERDICTS", "Judged", "Verdict", "VerdictRule", "asks_owner", "judge"]


class Verdict(StrEnum):
    """What a connection comes to."""

    FAILED = "failed"
    ATTENTION = "attention"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    IDLE = "idle"
    HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class Judged:
    """What verdicts are derived from."""

    conditions: Sequence[Condition]
    statuses: Mapping[Axis, str]
    starts_itself: bool

    def has(self, severity: SignalSeverity) -> bool:
        return any(condition.rule.severity is severity for condition in self.conditions)

    @property
    def is_going_on(self) -> bool:
        return any(condition.rule.reason in GOING_ON for condition in self.conditions)

    @property
    def is_disconnected(self) -> bool:
        return self.statuses[Axis.CREDENTIALS] == "disconnected"

    @property
    def asked(self) -> Sequence[Condition]:
        """Conditions that only go away if the owner acts. Of what was disconnected, nothing more is wanted."""
        if self.is_disconnected:
            return []
        return [condition for condition in self.conditions if asks_owner(condition, starts_itself=self.starts_itself)]


@dataclass(frozen=True, slots=True)
class VerdictRule:
    """One line: applies where no line above it does."""

    verdict: Verdict
    when: str
    sentence: str
    applies: Callable[[Judged], bool]


VERDICTS = (
    VerdictRule(
        Verdict.IDLE,
        "the owner has disconnected it",
        "Disconnected; what it collected stays readable.",
        lambda judged: judged.is_disconnected,
    ),
    VerdictRule(
        Verdict.FAILED,
        "a condition is an error",
        "Something is broken.",
        lambda judged: judged.has(SignalSeverity.ERROR),
    ),
    VerdictRule(
        Verdict.ATTENTION, "a condition asks for the owner", "It needs you.", lambda judged: bool(judged.asked)
    ),
    VerdictRule(
        Verdict.DEGRADED,
        "a condition is a warning",
        "It works, and something is not there.",
        lambda judged: judged.has(SignalSeverity.WARNING),
    ),
    VerdictRule(
        Verdict.UNKNOWN,
        "collection is unknown, and a run is going on",
        "Nothing is known yet; a run is going on.",
        lambda judged: judged.statuses[Axis.COLLECTION] == "unknown" and judged.is_going_on,
    ),
    VerdictRule(
        Verdict.UNKNOWN,
        "collection is unknown",
        "Nothing is known yet.",
        lambda judged: judged.statuses[Axis.COLLECTION] == "unknown",
    ),
    VerdictRule(
        Verdict.HEALTHY,
        "a run is going on",
        "Nothing is wrong, and a run is going on.",
        lambda judged: judged.is_going_on,
    ),
    VerdictRule(
        Verdict.IDLE,
        "it is stale, was never in contact, or its last run was cancelled",
        "Nothing is wrong, and nothing is going on.",
        lambda judged: (
            judged.statuses[Axis.FRESHNESS] == "stale"
            or judged.statuses[Axis.COLLECTION] == "interrupted"
            or any(condition.rule.reason == "no_contact" for condition in judged.conditions)
        ),
    ),
    VerdictRule(Verdict.HEALTHY, "otherwise", "All is well.", lambda judged: True),
)


def asks_owner(condition: Condition, *, starts_itself: bool) -> bool:
    """Whether the owner is needed: it counts, there is something to type, and nobody else will do it. A failure that
    the next run may mend asks for the owner only where no run starts by itself."""
    mend = condition.remediation
    if not condition.counts or mend is None or mend.command is None:
        return False
    if mend.by is By.NEXT_RUN:
        return condition.rule.severity is SignalSeverity.ERROR and not starts_itself
    return mend.by is By.OWNER


def judge(judged: Judged) -> VerdictRule:
    """The first line that applies."""
    return next(rule for rule in VERDICTS if rule.applies(judged))
