"""The truth: one workspace, its people, conversations and messages, and every operation that changes them.

Time is part of it: `now` moves only when an operation moves it, so a script gives the same bytes each time.
Must not know: HTTP, JSON shapes, faults, what a client may have read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fakes.slack import ts as timestamps
from fakes.slack.contents import Content
from fakes.slack.model import Bookmark, Conversation, File, Message, Reaction, User
from fakes.slack.rooms import Rooms

__all__ = ["Ref", "Workspace"]

SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Ref:
    """A message by where it is; scripts use a label instead."""

    channel: str
    ts: str


MessageRef = str | Ref | Message


class Workspace(Rooms):
    """A workspace with its own server clock. `account` is who is signed in unless something says otherwise."""

    def __init__(self, *, domain: str, name: str, team_id: str, start: str = "2026-09-01T08:00:00Z") -> None:
        super().__init__(start=timestamps.from_iso(start))
        self.domain = domain
        self.name = name
        self.team_id = team_id
        self.plan = "std"
        self.horizon = 0  # microseconds: what is older is hidden; 0 hides nothing
        self.signed_in = True
        self.account = ""
        self.files: dict[str, File] = {}
        self.emoji: dict[str, str] = {}
        self.labels: dict[str, Ref] = {}
        self._tokens: dict[str, str] = {}
        self.users[SLACKBOT] = User(id=SLACKBOT, name="slackbot", real_name="Slackbot", email="", updated=0)

    # people

    def add_user(
        self, name: str, real_name: str, *, is_bot: bool = False, is_admin: bool = False, title: str = ""
    ) -> User:
        """A new member. The first one becomes the signed-in account."""
        user = User(
            id=self.new_id("U", name),
            name=name,
            real_name=real_name,
            email="" if is_bot else f"{name}@{self.domain}.example",
            updated=self.tick() // timestamps.MICRO,
            title=title,
            is_bot=is_bot,
            bot_id=self.new_id("B", name) if is_bot else None,
            is_admin=is_admin,
        )
        self.users[user.id] = user
        self.account = self.account or user.id
        return user

    def rename_user(self, user: str, *, name: str | None = None, real_name: str | None = None) -> None:
        person = self.user(user)
        person.name = name or person.name
        person.real_name = real_name or person.real_name
        person.updated = self.tick() // timestamps.MICRO

    def deactivate(self, user: str) -> None:
        person = self.user(user)
        person.deleted = True
        person.updated = self.tick() // timestamps.MICRO

    # the session

    def token(self, user: str | None = None) -> str:
        """The browser token of a user: stable, in the shape of a real one, and no secret of anybody's."""
        owner = user or self.account
        if owner in self._tokens:
            return self._tokens[owner]
        digest = hashlib.sha256(f"{self.domain}/{owner}".encode()).hexdigest()
        number = str(int(digest[:12], 16))[:12]
        self._tokens[owner] = f"xoxc-{number}-{number[::-1]}-{number[3:]}-{digest}"
        return self._tokens[owner]

    def owner_of(self, token: str) -> str | None:
        return next((user for user in self.users if token == self.token(user)), None)

    # messages

    def post(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        at: str | int | None = None,
        thread: MessageRef | None = None,
        broadcast: bool = False,
        subtype: str | None = None,
        files: Iterable[File] = (),
        label: str | None = None,
        **extra: Any,
    ) -> Message:
        """Say something. `text` is as the wire has it (&amp; escaped); `at` in the past makes a backfilled message."""
        room = self.conversation(channel)
        author = self.user(user)
        root = None if thread is None else self._root_of(thread)
        attached = list(files)
        if author.bot_id:
            extra = {"bot_id": author.bot_id, **extra}
        message = Message(
            at=self.stamp(at),
            user=author.id,
            text=text,
            thread=root,
            broadcast=broadcast,
            subtype="thread_broadcast" if broadcast else subtype,
            files=[file.id for file in attached],
            extra=extra,
            version=self.change(),
        )
        room.insert(message)
        for file in attached:
            file.channels.append(room.id)
        if root is not None:
            room.messages[root].version = self.change()
        if label is not None:
            self.labels[label] = Ref(room.id, message.ts)
        return message

    def reply(self, to: MessageRef, user: str, text: str, **options: Any) -> Message:
        room, root = self.find(to)
        return self.post(room.id, user, text, thread=Ref(room.id, root.ts), **options)

    def edit(self, message: MessageRef, text: str, *, by: str | None = None, at: str | int | None = None) -> Message:
        _, found = self.find(message)
        found.text = text
        found.edited = (self.user(by).id if by else found.user, self.stamp(at))
        found.version = self.change()
        return found

    def delete(self, message: MessageRef) -> None:
        """Delete one message. A root with replies leaves a tombstone, as on the real service."""
        room, found = self.find(message)
        self.tick()
        if room.threads.get(found.at) and not found.is_tombstone:
            self._entomb(found)
            return
        if found.is_reply and found.thread is not None:
            room.messages[found.thread].version = self.change()
        room.remove(found.at)

    def delete_thread(self, root: MessageRef) -> None:
        """Root and replies together: nothing stays behind."""
        room, found = self.find(root)
        self.tick()
        for at in list(room.threads.get(found.at, ())):
            room.remove(at)
        if found.at in room.messages:
            room.remove(found.at)

    def _entomb(self, root: Message) -> None:
        root.subtype, root.user, root.text = "tombstone", SLACKBOT, "This message was deleted."
        root.reactions, root.files, root.edited, root.extra = [], [], None, {}
        root.version = self.change()

    def react(self, message: MessageRef, user: str, name: str) -> None:
        _, found = self.find(message)
        person = self.user(user).id
        reaction = next((known for known in found.reactions if known.name == name), None)
        if reaction is None:
            found.reactions.append(Reaction(name, [person]))
        elif person not in reaction.users:
            reaction.users.append(person)
        found.version = self.change()

    def unreact(self, message: MessageRef, user: str, name: str) -> None:
        _, found = self.find(message)
        person = self.user(user).id
        for reaction in found.reactions:
            if reaction.name == name and person in reaction.users:
                reaction.users.remove(person)
        found.reactions = [reaction for reaction in found.reactions if reaction.users]
        found.version = self.change()

    def pin(self, message: MessageRef) -> None:
        room, found = self.find(message)
        if found.at not in room.pins:
            room.pins.append(found.at)

    def backfill(self, channel: str, user: str, texts: Sequence[str], *, before: str) -> list[Message]:
        """Old messages appear, a minute apart, the last of them a minute before `before`."""
        last = timestamps.micros(before)
        step = 60 * timestamps.MICRO
        return [self.post(channel, user, text, at=last - step * (len(texts) - i)) for i, text in enumerate(texts)]

    # files, bookmarks, the horizon

    def upload(
        self, user: str, name: str, content: Content, *, mimetype: str, title: str = "", mode: str = "hosted"
    ) -> File:
        """A file that a later `post(files=[…])` shares."""
        file = File(
            id=self.new_id("F", name.partition(".")[0]),
            name=name,
            title=title or name,
            mimetype=mimetype,
            filetype=name.rpartition(".")[2],
            user=self.user(user).id,
            created=self.tick() // timestamps.MICRO,
            content=content,
            mode=mode,
        )
        self.files[file.id] = file
        return file

    def delete_file(self, file: str) -> None:
        self.files[file].deleted = True
        self.files[file].content = b""

    def bookmark(self, channel: str, title: str, link: str) -> None:
        room = self.conversation(channel)
        created = self.tick() // timestamps.MICRO
        room.bookmarks.append(Bookmark(id=self.new_id("Bk", title), title=title, link=link, created=created))

    def hide_before(self, moment: str | int) -> None:
        """The plan's horizon moves: what is older than `moment` (a ts) is no longer shown."""
        self.horizon = timestamps.micros(moment)

    def hides(self, room: Conversation, message: Message) -> bool:
        """Whether the horizon hides a message. Replies share their root's fate, broadcasts stand for themselves."""
        if room.is_ext_shared:
            return False
        anchor = message.thread if message.is_reply and not message.broadcast else message.at
        return (anchor or 0) < self.horizon

    # finding

    def find(self, ref: MessageRef) -> tuple[Conversation, Message]:
        """A message by label, by place, or as an earlier operation returned it; KeyError names what is unknown."""
        if isinstance(ref, Message):
            for room in self.conversations.values():
                if room.messages.get(ref.at) is ref:
                    return room, ref
            raise KeyError(f"the message of {ref.ts} is gone")
        place = self.labels[ref] if isinstance(ref, str) else ref
        room = self.conversation(place.channel)
        return room, room.messages[timestamps.micros(place.ts)]

    def _root_of(self, ref: MessageRef) -> int:
        _, message = self.find(ref)
        return message.thread if message.is_reply and message.thread is not None else message.at
