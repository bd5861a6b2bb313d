"""Comparing what is stored with what the server knows to be true, record by record.

Must not know: how either came about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from e2e.owner import Owner
from fakes.slack import truth
from fakes.slack.model import Conversation
from fakes.slack.truth import Said
from fakes.slack.world import Workspace

__all__ = ["Facts", "difference", "said", "stored", "true"]

Facts = dict[tuple[str, ...], Any]
"""By stream and key parts: what both sides can tell of one record."""
CHANNEL_FIELDS = ("name", "is_archived", "is_private", "topic", "purpose", "previous_names")
USER_FIELDS = ("name", "real_name", "deleted", "is_bot")


async def difference(owner: Owner) -> dict[tuple[str, ...], tuple[Any, Any]]:
    """Everything that is not as it should be: (stored, true). Empty: the store equals the truth.

    What the account can no longer see is left out: its last state is kept, and nobody can say what is true of it.
    """
    found, right = await stored(owner), true(owner.slack.world)
    keys = found.keys() | right.keys()
    return {key: (found.get(key), right.get(key)) for key in keys if found.get(key) != right.get(key)}


def true(world: Workspace) -> Facts:
    """A tombstone is a deleted message: it is not a record, though its replies are."""
    rooms = truth.visible_conversations(world)
    facts: Facts = {("channels", room.id): _room(room) for room in rooms.values()}
    facts |= {
        ("users", user.id): tuple(getattr(user, name) for name in USER_FIELDS)
        for user in truth.visible_users(world).values()
    }
    spoken = truth.visible_messages(world, tombstones=False)
    return facts | {("messages", channel, ts): one for (channel, ts), one in spoken.items()}


async def stored(owner: Owner) -> Facts:
    """What is stored and not deleted, as far as the account can still see it."""
    rooms = truth.visible_conversations(owner.slack.world)
    hidden = {key: view["limited_before"] for key, view in (await owner.partitions()).items()}
    facts: Facts = {
        ("channels", one["key"]): tuple(one["data"][name] for name in CHANNEL_FIELDS)
        for one in await owner.records("channels")
        if one["key"] in rooms
    }
    for one in await owner.records("users"):
        facts["users", one["key"]] = tuple(one["data"][name] for name in USER_FIELDS)
    for one in await owner.records("messages"):
        data = one["data"]
        channel, position = data["channel_id"], data["thread_ts"] or data["ts"]
        if channel in rooms and (hidden.get(channel) or "") <= position:  # ten digits before the dot: text order holds
            facts["messages", channel, data["ts"]] = said(data)
    return facts


def said(data: Mapping[str, Any]) -> Said:
    """A stored message in the words of the truth."""
    plain = {name: data[name] for name in Said.__slots__ if name not in {"reactions", "files"}}
    return Said(
        **plain,
        reactions=tuple((one["name"], one["count"]) for one in data["reactions"]),
        files=tuple(file["id"] for file in data["files"]),
    )


def _room(room: Conversation) -> tuple[Any, ...]:
    direct = room.kind == "im"
    return (
        None if direct else room.name,
        room.is_archived,
        room.is_private,
        room.topic or None,
        room.purpose or None,
        [] if direct else room.previous_names,
    )
