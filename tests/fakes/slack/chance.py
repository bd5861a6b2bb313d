"""Days on which anything may happen: valid operations chosen by a seeded die, for property tests over whole runs.

Must not know: HTTP, what a client has read.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from fakes.slack import ts as timestamps
from fakes.slack.model import Conversation, Message
from fakes.slack.world import Ref, Workspace

__all__ = ["happen"]

Die = random.Random
BROADCASTS, PRIVATE = 0.2, 0.5  # shares of replies and of new channels


def happen(world: Workspace, seed: int, times: int = 20) -> None:
    """So many things happen, the same ones for the same world and seed."""
    die = random.Random(seed)
    for _ in range(times):
        die.choices(tuple(_CHANCES), weights=tuple(_CHANCES.values()))[0](world, die)


def _room(world: Workspace, die: Die) -> Conversation:
    """A conversation that can be spoken in; there is always one, or one is made."""
    rooms = [room for room in world.conversations.values() if room.members and not room.is_archived]
    return die.choice(rooms) if rooms else world.create_channel("commons", world.account)


def _said(world: Workspace, die: Die) -> tuple[Conversation, Message] | None:
    """Something somebody said, unless nobody said anything in the place that came up."""
    room = _room(world, die)
    talk = [said for said in room.messages.values() if said.subtype in (None, "thread_broadcast")]
    return (room, die.choice(talk)) if talk else None


def _post(world: Workspace, die: Die) -> None:
    room = _room(world, die)
    world.post(room.id, die.choice(room.members), f"Message {die.randrange(1_000_000)}")


def _reply(world: Workspace, die: Die) -> None:
    found = _said(world, die)
    if found:
        room, said = found
        text = f"Reply {die.randrange(1_000_000)}"
        world.reply(Ref(room.id, said.ts), die.choice(room.members), text, broadcast=die.random() < BROADCASTS)


def _edit(world: Workspace, die: Die) -> None:
    found = _said(world, die)
    if found:
        world.edit(Ref(found[0].id, found[1].ts), f"Edited {die.randrange(1_000_000)}")


def _react(world: Workspace, die: Die) -> None:
    found = _said(world, die)
    if found:
        world.react(Ref(found[0].id, found[1].ts), die.choice(found[0].members), die.choice(("+1", "wave", "tada")))


def _delete(world: Workspace, die: Die) -> None:
    found = _said(world, die)
    if found:
        world.delete(Ref(found[0].id, found[1].ts))


def _delete_thread(world: Workspace, die: Die) -> None:
    found = _said(world, die)
    if found and not found[1].is_reply:
        world.delete_thread(Ref(found[0].id, found[1].ts))


def _backfill(world: Workspace, die: Die) -> None:
    room = _room(world, die)
    oldest = room.timeline[0] if room.timeline else world.now
    texts = [f"Old {die.randrange(1_000_000)}" for _ in range(die.randint(1, 4))]
    world.backfill(room.id, die.choice(room.members), texts, before=timestamps.text(oldest))


def _come_or_go(world: Workspace, die: Die) -> None:
    """The account leaves a channel, or comes back to one."""
    channels = [room for room in world.conversations.values() if room.kind == "channel" and not room.is_archived]
    if not channels:
        return
    room = die.choice(channels)
    if world.account not in room.members:
        world.join(room.id, world.account)
    elif len(room.members) > 1:
        world.leave(room.id, world.account)


def _rename(world: Workspace, die: Die) -> None:
    room = _room(world, die)
    if room.kind == "channel":
        world.rename(room.id, f"renamed-{die.randrange(1_000_000)}")


def _archive(world: Workspace, die: Die) -> None:
    room = die.choice(list(world.conversations.values()) or [_room(world, die)])
    if room.kind == "channel":
        (world.unarchive if room.is_archived else world.archive)(room.id)


def _create(world: Workspace, die: Die) -> None:
    people = [user.id for user in world.users.values() if user.id != "USLACKBOT"]
    name = f"new-{die.randrange(1_000_000)}"
    world.create_channel(name, world.account, die.sample(people, 2), is_private=die.random() < PRIVATE)


_CHANCES: dict[Callable[[Workspace, Die], None], int] = {
    _post: 8,
    _reply: 6,
    _edit: 3,
    _react: 3,
    _delete: 3,
    _delete_thread: 1,
    _backfill: 2,
    _come_or_go: 2,
    _rename: 1,
    _archive: 1,
    _create: 1,
}
