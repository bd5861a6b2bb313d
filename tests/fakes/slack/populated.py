"""Generated workspaces for load: many conversations, many messages, the same ones for the same seed.

Messages are placed directly into their conversations, without the operations of `world`, to stay fast.
Must not know: HTTP.
"""

from __future__ import annotations

import random

from fakes.slack import ts as timestamps
from fakes.slack.model import Conversation, Message, Reaction
from fakes.slack.world import Workspace

__all__ = ["populated"]

WORDS = [
    "amber",
    "anchor",
    "autumn",
    "barley",
    "basin",
    "beacon",
    "birch",
    "bramble",
    "bridge",
    "candle",
    "canvas",
    "cedar",
    "chalk",
    "clover",
    "copper",
    "coral",
    "cotton",
    "delta",
    "ember",
    "fennel",
    "ferry",
    "forest",
    "garden",
    "ginger",
    "glacier",
    "granite",
    "harbour",
    "hazel",
    "heron",
    "island",
    "ivory",
    "juniper",
    "kettle",
    "lantern",
    "larch",
    "lemon",
    "linen",
    "maple",
    "marble",
    "meadow",
]
ANSWERS_PER_THREAD = 4  # at most
THREAD_SHARE, REACTION_SHARE, PRIVATE_SHARE = 0.15, 0.1, 0.3


def populated(
    seed: int = 1,
    *,
    channels: int = 1000,
    messages: int = 20,
    users: int = 50,
    dms: int = 0,
    domain: str = "plenty",
    days: int = 300,
) -> Workspace:
    """A workspace whose account is in so many channels and DMs with `messages` messages each, replies included."""
    dice = random.Random(seed)
    world = Workspace(domain=domain, name="Plenty", team_id="T0PLENTY01", start="2026-01-05T08:00:00Z")
    people = [world.add_user(f"person{n}", f"Person {n}").id for n in range(max(users, dms + 2))]
    me = people[0]
    first = world.now
    rooms: list[Conversation] = []
    for number in range(channels):
        name = f"{dice.choice(WORDS)}-{dice.choice(WORDS)}-{number}"
        members = dice.sample(people[1:], min(5, len(people) - 1))
        rooms.append(
            world.create_channel(name, me, members, is_private=dice.random() < PRIVATE_SHARE, purpose=_sentence(dice))
        )
    rooms.extend(world.open_dm(me, other) for other in people[1 : dms + 1])
    span = days * 86_400 * timestamps.MICRO
    for room in rooms:
        _fill(world, room, messages, dice, start=max(first, room.created * timestamps.MICRO), span=span)
    world.now = max((room.timeline[-1] for room in rooms if room.timeline), default=world.now)
    world.advance(hours=1)
    return world


def _sentence(dice: random.Random) -> str:
    return " ".join(dice.choices(WORDS, k=dice.randint(4, 18))).capitalize() + "."


def _fill(world: Workspace, room: Conversation, messages: int, dice: random.Random, *, start: int, span: int) -> None:
    """Messages in time order, some of them answering an earlier root."""
    threads: list[int] = []
    for at in sorted(dice.sample(range(start + 1, start + span), messages)):
        author = dice.choice(room.members)
        root = dice.choice(threads) if threads and dice.random() < THREAD_SHARE * ANSWERS_PER_THREAD / 2 else None
        reactions = [Reaction("+1", [dice.choice(room.members)])] if dice.random() < REACTION_SHARE else []
        room.insert(
            Message(at=at, user=author, text=_sentence(dice), thread=root, reactions=reactions, version=world.change())
        )
        if root is None and dice.random() < THREAD_SHARE:
            threads.append(at)
