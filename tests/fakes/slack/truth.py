"""What a complete collection of a workspace must equal: the server's truth, reduced to what one account may see.

Independent of the API methods on purpose: it reads the world itself, so an error in a method cannot hide in both.
Must not know: HTTP, paging, JSON shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fakes.slack import ts as timestamps
from fakes.slack.model import Conversation, Message, User
from fakes.slack.world import Workspace

__all__ = ["Said", "Scope", "readable", "visible_conversations", "visible_messages", "visible_users"]

# member: what the account is in, archived and closed ones too; readable: public channels beside that
Scope = Literal["member", "readable"]


@dataclass(frozen=True, slots=True)
class Said:
    """One message as it stands now. `edited_ts` and `thread_ts` as the API writes them."""

    channel_id: str
    ts: str
    user_id: str
    text: str
    thread_ts: str | None
    edited_ts: str | None
    subtype: str | None
    reply_count: int
    reactions: tuple[tuple[str, int], ...]
    files: tuple[str, ...]

    @property
    def is_tombstone(self) -> bool:
        return self.subtype == "tombstone"


def readable(room: Conversation, account: str, scope: Scope) -> bool:
    if scope == "member":
        return room.readable_by(account) and account in room.members
    return room.readable_by(account)


def visible_conversations(
    world: Workspace, account: str | None = None, *, scope: Scope = "member"
) -> dict[str, Conversation]:
    viewer = account or world.account
    return {room.id: room for room in world.conversations.values() if readable(room, viewer, scope)}


def visible_users(world: Workspace) -> dict[str, User]:
    """Everybody users.list names: deactivated people and bots stay in it."""
    return dict(world.users)


def visible_messages(
    world: Workspace, account: str | None = None, *, scope: Scope = "member", tombstones: bool = True
) -> dict[tuple[str, str], Said]:
    """By (channel id, ts): everything the account can read and no horizon hides; a broadcast counts once.

    `tombstones` False leaves out deleted roots, as a collection that takes them for deletions would.
    """
    rooms = visible_conversations(world, account, scope=scope).values()
    return {
        (room.id, said.ts): _said(room, said)
        for room in rooms
        for said in room.messages.values()
        if not world.hides(room, said) and (tombstones or not said.is_tombstone)
    }


def _said(room: Conversation, message: Message) -> Said:
    edited = f"{message.edited[1] // timestamps.MICRO}.000000" if message.edited else None
    return Said(
        channel_id=room.id,
        ts=message.ts,
        user_id=message.user,
        text=message.text,
        thread_ts=_thread_ts(room, message),
        edited_ts=edited,
        subtype=message.subtype,
        reply_count=0 if message.is_reply else len(room.threads.get(message.at, ())),
        reactions=tuple((reaction.name, len(reaction.users)) for reaction in message.reactions),
        files=tuple(message.files),
    )


def _thread_ts(room: Conversation, message: Message) -> str | None:
    if message.is_reply and message.thread is not None:
        return timestamps.text(message.thread)
    return message.ts if message.at in room.threads else None
