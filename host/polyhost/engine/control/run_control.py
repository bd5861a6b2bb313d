"""The one interface to a run that goes on: end it, let it wait, answer it, hear it, see that it is alive.

Owns: what can be done to a run from outside, and what holds whatever lies between. Must not know: where a run goes on.

Of every implementation: what is done to a run that is over comes to nothing, and says so (False). A question is open
from when it is asked to its first answer; a second one comes to nothing. Whoever comes late hears all that still holds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from polyhost.engine.control.question_fields import AskedField, asked_fields
from polyhost.engine.control.timeline import Timeline
from polyhost.engine.events import OwnerAsked, RunEvent

__all__ = ["ANSWERS", "OpenQuestion", "RunControl"]

ANSWERS = ("success", "cancelled")
"""What an owner can say to a question: here it is, or no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """What a run waits for its owner to say."""

    connection: str
    run_id: str
    asked: OwnerAsked

    @property
    def request_id(self) -> str:
        return self.asked.request_id

    @property
    def kind(self) -> str:
        return self.asked.kind

    @property
    def message(self) -> str:
        return self.asked.message

    @property
    def until(self) -> str | None:
        """When the run goes on or ends without an answer; None where that is not known."""
        return self.asked.until

    @property
    def fields(self) -> Sequence[AskedField]:
        """What there is to type; nothing for something to do by hand."""
        return asked_fields(self.asked.kind, self.asked.schema)


class RunControl(Protocol):
    """One run. `timeline`: what it has said, and says from now on; closed once the run is over."""

    run_id: str
    connection: str
    timeline: Timeline

    @property
    def is_alive(self) -> bool:
        """Whether it goes on, as far as is known here."""
        return not self.timeline.over

    @property
    def is_paused(self) -> bool: ...

    def questions(self) -> Sequence[OpenQuestion]:
        """What it waits for its owner to say."""
        ...

    def events(self, after: int = 0) -> AsyncIterator[tuple[int, RunEvent]]:
        """What it says, numbered, from after this number on, to its last word."""
        return self.timeline.follow(after)

    async def cancel(self) -> bool:
        """Ask it to stop and keep what is durable."""
        ...

    async def pause(self) -> bool:
        """Nothing more is asked of the site, and nothing more taken in. One that is paused already stays so."""
        ...

    async def resume(self) -> bool:
        """Go on where it was. One that is not paused goes on as it did."""
        ...

    async def answer(self, request_id: str, status: str, data: Any) -> bool:
        """Answer a question, once. The answer is kept nowhere. `status`: one of ANSWERS."""
        ...
