"""The owner's answers, said again in a replay. Must not know: what was asked, recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyhost.engine.events import Answer, OwnerAsked

__all__ = ["answering"]


def answering(answers: Sequence[Mapping[str, Any]], otherwise: Answer) -> Answer:
    """Answers in the order in which they were recorded; once they are used up, `otherwise` is asked."""
    left = iter(answers)

    async def answer(asked: OwnerAsked) -> tuple[str, Any]:
        recorded = next(left, None)
        if recorded is None:
            return await otherwise(asked)
        return str(recorded.get("status")), recorded.get("data")

    return answer
