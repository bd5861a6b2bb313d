"""What a method is: a function from a call to an answer, registered under its Slack name.

Must not know: any single method, HTTP, faults.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from fakes.slack import ts as timestamps
from fakes.slack import wire
from fakes.slack.behaviour import Behaviour
from fakes.slack.methods.params import Params, SlackError
from fakes.slack.model import Conversation, Message
from fakes.slack.world import Workspace

__all__ = ["REGISTRY", "Call", "Method", "method"]

Answer = dict[str, Any]

# what the web client adds to every request, and servers ignore
COMMON_PARAMS = frozenset({"token", "fp", "slack_route", "team_id", "no_user_profile"})
COMMON_PREFIX = "_x_"


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call: who asks what of which workspace."""

    world: Workspace
    user: str
    params: Params
    behaviour: Behaviour
    violations: list[str]

    def conversation(self, name: str = "channel") -> Conversation:
        """The conversation a parameter names; channel_not_found where it is missing or not this account's to see."""
        room = self.world.conversations.get(self.params.text(name))
        if room is None or not room.readable_by(self.user):
            raise SlackError("channel_not_found")
        return room

    def in_sight(self, room: Conversation) -> bool:
        return room.readable_by(self.user)

    def message(self, room: Conversation, said: Message) -> Answer:
        return wire.message(self.world, room, said, self.user, self.behaviour)

    def show(self, room: Conversation, *, num_members: bool = False) -> Answer:
        return wire.channel(self.world, room, self.user, num_members=num_members)

    def latest(self, room: Conversation) -> str:
        return wire.latest_at(self.world, room)

    @property
    def now_ms(self) -> int:
        return self.world.now * 1000 // timestamps.MICRO


@dataclass(frozen=True, slots=True)
class Method:
    """`items`: the key of what a page holds, None where the method does not page."""

    name: str
    answer: Callable[[Call], Answer]
    accepts: frozenset[str]
    items: str | None

    def unknown_params(self, params: Mapping[str, str]) -> Collection[str]:
        """Parameters no client would send. Slack ignores them; a fake that did so would hide a misspelt one."""
        known = self.accepts | COMMON_PARAMS
        return sorted(name for name in params if name not in known and not name.startswith(COMMON_PREFIX))


REGISTRY: dict[str, Method] = {}


def method(
    name: str, *accepts: str, items: str | None = None
) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Register a function as a Slack method that takes these parameters."""

    def register(answer: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        REGISTRY[name] = Method(name, answer, frozenset(accepts), items)
        return answer

    return register
