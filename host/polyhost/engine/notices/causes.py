"""Why the owner is needed, as something that can be told once: pure.

Owns: what makes two causes the same, and the words that go out. Must not know: how they are told, what was told before.

What is told leaves the machine. So it says what kind of thing happened, in words of ours: no key of a partition (where
chats are files, that is a person's name), nothing a source or a connector has said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from polyhost.coverage.conditions import Condition
from polyhost.coverage.health import Health
from polyhost.coverage.signals import RULES, SignalSeverity

__all__ = ["Cause", "Question", "causes", "waiting_for_answer"]

_NAMES_A_PARTITION = "{partition}"
_WITHOUT_ITS_NAME = "partitions_missing"
_ASKED = "question"
_QUESTION = "A run waits for your answer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question of a run that goes on. What it asks stays here."""

    connection: str
    run_id: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason to need the owner. `since` sets one that came back apart from the one before. `run`: the run it was
    found by."""

    connection: str
    reason: str
    since: str | None
    sentence: str
    urgent: bool = False
    run: str | None = None

    @property
    def key(self) -> str:
        """The same for as long as it is the same cause."""
        return f"{self.reason}@{self.since or ''}"

    def was_asked_as(self, key: str) -> bool:
        """Whether that is the key of a question of this cause's own run: then this is how the question ended."""
        return self.run is not None and key.startswith(f"{_ASKED}@{self.run}/")


def causes(health: Health) -> list[Cause]:
    """One for each thing only the owner can do."""
    by_reason = {condition.rule.reason: condition for condition in reversed(health.conditions)}
    found = ((action, by_reason[action.reason]) for action in health.next_actions)
    return [
        Cause(
            connection=health.connection,
            reason=action.reason,
            since=action.since,
            sentence=_sentence(condition),
            urgent=condition.rule.severity is SignalSeverity.ERROR,
            run=condition.origin,
        )
        for action, condition in found
    ]


def _sentence(condition: Condition) -> str:
    if _NAMES_A_PARTITION not in condition.rule.sentence:
        return condition.message
    return RULES[_WITHOUT_ITS_NAME].sentence.format(stream=condition.stream, count=condition.count or 1)


def waiting_for_answer(questions: Iterable[Question]) -> list[Cause]:
    """One for each question that nobody has answered yet."""
    return [
        Cause(
            connection=each.connection,
            reason=_ASKED,
            since=f"{each.run_id}/{each.request_id}",
            sentence=_QUESTION,
            urgent=True,
        )
        for each in questions
    ]
