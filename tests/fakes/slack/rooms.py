"""Conversations of a workspace: how they come, change and go, and who is in them. The base the workspace builds on.

Owns the server clock, the change counter and the making of ids, since every operation needs them.
Must not know: what is said in a conversation beyond the notices Slack itself posts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fakes.slack import ts as timestamps
from fakes.slack.model import Conversation, Kind, Message, User

__all__ = ["Rooms"]

FRACTION_STEP = 618_033  # microseconds: spreads the decimals, so code that drops or rounds them is caught
ID_NAME_LENGTH = 6  # letters of the name inside an id: readable in logs, still shaped like a Slack id


class Rooms:
    """People, conversations and the clock of a workspace."""

    def __init__(self, *, start: int) -> None:
        self.now = start
        self.users: dict[str, User] = {}
        self.conversations: dict[str, Conversation] = {}
        self._changes = 0
        self._ticks = 0
        self._ids = 0

    # clock and ids

    def tick(self, seconds: int = 1) -> int:
        """Move the server clock on by whole seconds; the decimals change with it. Returns the new time."""
        self._ticks += 1
        fraction = self._ticks * FRACTION_STEP % timestamps.MICRO
        self.now = (self.now // timestamps.MICRO + seconds) * timestamps.MICRO + fraction
        return self.now

    def advance(self, *, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0) -> None:
        self.tick(seconds + 60 * (minutes + 60 * (hours + 24 * days)))

    def stamp(self, at: str | int | None = None) -> int:
        """The ts of something that happens: now, or a given moment (which the clock never falls behind)."""
        if at is None:
            return self.tick()
        moment = timestamps.micros(at)
        self.now = max(self.now, moment)
        return moment

    def change(self) -> int:
        """The next change number: message versions are opaque to clients, but must differ after every change."""
        self._changes += 1
        return self._changes

    def new_id(self, prefix: str, name: str) -> str:
        self._ids += 1
        letters = re.sub(r"[^A-Z0-9]", "", name.upper())[:ID_NAME_LENGTH]
        return f"{prefix}0{letters}{self._ids:04d}"

    # finding

    def user(self, ref: str) -> User:
        """By id or by handle."""
        if ref in self.users:
            return self.users[ref]
        found = next((user for user in self.users.values() if user.name == ref), None)
        if found is None:
            raise KeyError(f"nobody is called {ref!r}")
        return found

    def conversation(self, ref: str) -> Conversation:
        """By id or by name (the present one first, then names it had before)."""
        ref = ref.removeprefix("#")
        if ref in self.conversations:
            return self.conversations[ref]
        rooms = list(self.conversations.values())
        for room in rooms:
            if room.name == ref and room.kind != "im":
                return room
        for room in rooms:
            if ref in room.previous_names:
                return room
        raise KeyError(f"no conversation is called {ref!r}")

    def dm(self, first: str, second: str) -> Conversation:
        """The DM of two people, opened where there is none yet."""
        return self.open_dm(first, second)

    # making

    def _new(
        self, prefix: str, name: str, kind: Kind, members: Iterable[str], *, creator: str, is_private: bool
    ) -> Conversation:
        now = self.tick()
        room = Conversation(
            id=self.new_id(prefix, name),
            name=name,
            kind=kind,
            creator=creator,
            created=now // timestamps.MICRO,
            updated=now // 1000,
            is_private=is_private,
            members=[self.user(member).id for member in members],
        )
        self.conversations[room.id] = room
        return room

    def create_channel(
        self,
        name: str,
        creator: str,
        members: Iterable[str] = (),
        *,
        is_private: bool = False,
        is_general: bool = False,
        topic: str = "",
        purpose: str = "",
    ) -> Conversation:
        """A channel with its creator and `members` in it; nobody's joining is announced."""
        owner = self.user(creator).id
        others = [member for member in (self.user(other).id for other in members) if member != owner]
        room = self._new("C", name, "channel", [owner, *others], creator=owner, is_private=is_private)
        room.is_general, room.topic, room.purpose = is_general, topic, purpose
        return room

    def open_dm(self, first: str, second: str) -> Conversation:
        pair = {self.user(first).id, self.user(second).id}
        for room in self.conversations.values():
            if room.kind == "im" and set(room.members) == pair:
                room.closed_for -= pair
                return room
        return self._new("D", self.user(second).name, "im", sorted(pair), creator=self.user(first).id, is_private=True)

    def close_dm(self, room: str, user: str) -> None:
        """Closing hides a DM from one side's list; it stays readable."""
        self.conversation(room).closed_for.add(self.user(user).id)

    def open_group_dm(self, members: Iterable[str]) -> Conversation:
        people = [self.user(member) for member in members]
        name = f"mpdm-{'--'.join(person.name for person in people)}-1"
        ids = [person.id for person in people]
        return self._new("G", name, "mpim", ids, creator=ids[0], is_private=True)

    # changing

    def rename(self, channel: str, name: str, *, by: str | None = None) -> None:
        room = self.conversation(channel)
        old, room.name = room.name, name
        room.previous_names.append(old)
        self._notice(
            room, by, "channel_name", f'has renamed the channel from "{old}" to "{name}"', old_name=old, name=name
        )

    def set_topic(self, channel: str, topic: str, *, by: str | None = None) -> None:
        room = self.conversation(channel)
        room.topic = topic
        self._notice(room, by, "channel_topic", f"set the channel topic: {topic}", topic=topic)

    def archive(self, channel: str, *, by: str | None = None) -> None:
        room = self.conversation(channel)
        self._notice(room, by, "channel_archive", "archived the channel")
        room.is_archived = True

    def unarchive(self, channel: str, *, by: str | None = None) -> None:
        room = self.conversation(channel)
        room.is_archived = False
        self._notice(room, by, "channel_unarchive", "un-archived the channel")

    def make_private(self, channel: str, *, by: str | None = None) -> None:
        """The id stays; who is not a member can no longer see it."""
        room = self.conversation(channel)
        room.is_private = True
        self._notice(room, by, "channel_convert_to_private", "made this channel private")

    def convert_group_dm(self, room: str, name: str) -> None:
        """A group DM becomes a private channel and keeps its id."""
        found = self.conversation(room)
        found.previous_names.append(found.name)
        found.kind, found.name, found.is_private = "channel", name, True
        found.updated = self.tick() // 1000

    def delete_channel(self, channel: str) -> None:
        """Gone for everybody: the API answers channel_not_found."""
        self.conversation(channel).is_deleted = True
        self.tick()

    def join(self, channel: str, user: str, *, announce: bool = True) -> None:
        room, person = self.conversation(channel), self.user(user).id
        if person in room.members:
            return
        room.members.append(person)
        if announce:
            self._notice(room, person, "channel_join", "has joined the channel")
        room.updated = self.tick() // 1000

    def leave(self, channel: str, user: str, *, announce: bool = True) -> None:
        room, person = self.conversation(channel), self.user(user).id
        room.members.remove(person)
        if announce:
            self._notice(room, person, "channel_leave", "has left the channel")
        room.updated = self.tick() // 1000

    def read_up_to(self, channel: str, user: str, at: str | int) -> None:
        """Somebody reads in another client. Collecting must never depend on it."""
        self.conversation(channel).last_read[self.user(user).id] = timestamps.micros(at)

    def _notice(self, room: Conversation, by: str | None, subtype: str, text: str, **extra: str) -> None:
        """The message Slack itself writes about a change; it moves the conversation's `updated` as well."""
        author = self.user(by).id if by else room.creator
        now = self.tick()
        words = f"<@{author}> {text}"
        room.insert(Message(at=now, user=author, text=words, subtype=subtype, extra=dict(extra), version=self.change()))
        room.updated = now // 1000
