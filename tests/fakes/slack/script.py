"""A small language for what happens in a workspace between two runs: events as values, played in order.

    play(workspace, [
        Post("general", "mina", "The ferry leaves at nine.", label="ferry"),
        Reply("ferry", "otto", "I am in."),
        Delete("ferry"),
        Leave("kitchen", "ada"),
    ])

Channels and people go by name or id, messages by label or `Ref`. Must not know: HTTP, clients.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from fakes.slack.world import Ref, Workspace

__all__ = [
    "Advance",
    "Archive",
    "Backfill",
    "CloseDm",
    "ConvertGroupDm",
    "CreateChannel",
    "Deactivate",
    "Delete",
    "DeleteChannel",
    "DeleteFile",
    "DeleteThread",
    "Edit",
    "Event",
    "HideBefore",
    "Join",
    "Leave",
    "MakePrivate",
    "OpenDm",
    "OpenGroupDm",
    "Pin",
    "Post",
    "React",
    "Rename",
    "RenameUser",
    "Reply",
    "SetTopic",
    "SignIn",
    "SignOut",
    "Unarchive",
    "Unreact",
    "UserJoins",
    "play",
]


class Event(Protocol):
    """One thing that happens."""

    def apply(self, world: Workspace) -> None: ...


def play(world: Workspace, events: Iterable[Event]) -> None:
    for event in events:
        event.apply(world)


@dataclass(frozen=True, slots=True)
class Post:
    channel: str
    user: str
    text: str
    at: str | None = None
    label: str | None = None
    subtype: str | None = None

    def apply(self, world: Workspace) -> None:
        world.post(self.channel, self.user, self.text, at=self.at, label=self.label, subtype=self.subtype)


@dataclass(frozen=True, slots=True)
class Reply:
    to: str | Ref
    user: str
    text: str
    broadcast: bool = False
    at: str | None = None
    label: str | None = None

    def apply(self, world: Workspace) -> None:
        world.reply(self.to, self.user, self.text, broadcast=self.broadcast, at=self.at, label=self.label)


@dataclass(frozen=True, slots=True)
class Backfill:
    """Old messages appear, one a minute, ending before `before`."""

    channel: str
    user: str
    texts: tuple[str, ...]
    before: str

    def apply(self, world: Workspace) -> None:
        world.backfill(self.channel, self.user, self.texts, before=self.before)


@dataclass(frozen=True, slots=True)
class Edit:
    message: str | Ref
    text: str

    def apply(self, world: Workspace) -> None:
        world.edit(self.message, self.text)


@dataclass(frozen=True, slots=True)
class Delete:
    """A reply or plain message goes; a root with replies becomes a tombstone."""

    message: str | Ref

    def apply(self, world: Workspace) -> None:
        world.delete(self.message)


@dataclass(frozen=True, slots=True)
class DeleteThread:
    root: str | Ref

    def apply(self, world: Workspace) -> None:
        world.delete_thread(self.root)


@dataclass(frozen=True, slots=True)
class React:
    message: str | Ref
    user: str
    name: str

    def apply(self, world: Workspace) -> None:
        world.react(self.message, self.user, self.name)


@dataclass(frozen=True, slots=True)
class Unreact:
    message: str | Ref
    user: str
    name: str

    def apply(self, world: Workspace) -> None:
        world.unreact(self.message, self.user, self.name)


@dataclass(frozen=True, slots=True)
class Pin:
    message: str | Ref

    def apply(self, world: Workspace) -> None:
        world.pin(self.message)


@dataclass(frozen=True, slots=True)
class DeleteFile:
    file: str

    def apply(self, world: Workspace) -> None:
        world.delete_file(self.file)


@dataclass(frozen=True, slots=True)
class CreateChannel:
    name: str
    creator: str
    members: tuple[str, ...] = ()
    is_private: bool = False

    def apply(self, world: Workspace) -> None:
        world.create_channel(self.name, self.creator, self.members, is_private=self.is_private)


@dataclass(frozen=True, slots=True)
class Rename:
    channel: str
    name: str

    def apply(self, world: Workspace) -> None:
        world.rename(self.channel, self.name)


@dataclass(frozen=True, slots=True)
class SetTopic:
    channel: str
    topic: str

    def apply(self, world: Workspace) -> None:
        world.set_topic(self.channel, self.topic)


@dataclass(frozen=True, slots=True)
class Archive:
    channel: str

    def apply(self, world: Workspace) -> None:
        world.archive(self.channel)


@dataclass(frozen=True, slots=True)
class Unarchive:
    channel: str

    def apply(self, world: Workspace) -> None:
        world.unarchive(self.channel)


@dataclass(frozen=True, slots=True)
class DeleteChannel:
    channel: str

    def apply(self, world: Workspace) -> None:
        world.delete_channel(self.channel)


@dataclass(frozen=True, slots=True)
class MakePrivate:
    channel: str

    def apply(self, world: Workspace) -> None:
        world.make_private(self.channel)


@dataclass(frozen=True, slots=True)
class ConvertGroupDm:
    """A group DM becomes a private channel under the same id."""

    room: str
    name: str

    def apply(self, world: Workspace) -> None:
        world.convert_group_dm(self.room, self.name)


@dataclass(frozen=True, slots=True)
class Join:
    channel: str
    user: str

    def apply(self, world: Workspace) -> None:
        world.join(self.channel, self.user)


@dataclass(frozen=True, slots=True)
class Leave:
    """Leaving, or being removed: the API shows no difference."""

    channel: str
    user: str

    def apply(self, world: Workspace) -> None:
        world.leave(self.channel, self.user)


@dataclass(frozen=True, slots=True)
class OpenDm:
    first: str
    second: str

    def apply(self, world: Workspace) -> None:
        world.open_dm(self.first, self.second)


@dataclass(frozen=True, slots=True)
class CloseDm:
    user: str
    other: str

    def apply(self, world: Workspace) -> None:
        world.close_dm(world.dm(self.user, self.other).id, self.user)


@dataclass(frozen=True, slots=True)
class OpenGroupDm:
    members: tuple[str, ...]

    def apply(self, world: Workspace) -> None:
        world.open_group_dm(self.members)


@dataclass(frozen=True, slots=True)
class UserJoins:
    name: str
    real_name: str
    is_bot: bool = False

    def apply(self, world: Workspace) -> None:
        world.add_user(self.name, self.real_name, is_bot=self.is_bot)


@dataclass(frozen=True, slots=True)
class RenameUser:
    user: str
    name: str | None = None
    real_name: str | None = None

    def apply(self, world: Workspace) -> None:
        world.rename_user(self.user, name=self.name, real_name=self.real_name)


@dataclass(frozen=True, slots=True)
class Deactivate:
    user: str

    def apply(self, world: Workspace) -> None:
        world.deactivate(self.user)


@dataclass(frozen=True, slots=True)
class HideBefore:
    """The plan's horizon moves to this ts; an older one moves it back (an upgrade of the plan)."""

    moment: str

    def apply(self, world: Workspace) -> None:
        world.hide_before(self.moment)


@dataclass(frozen=True, slots=True)
class Advance:
    """Time passes and nothing happens."""

    seconds: int = 0
    days: int = 0

    def apply(self, world: Workspace) -> None:
        world.advance(seconds=self.seconds, days=self.days)


@dataclass(frozen=True, slots=True)
class SignOut:
    """The session is revoked on the server: every call answers invalid_auth."""

    def apply(self, world: Workspace) -> None:
        world.signed_in = False


@dataclass(frozen=True, slots=True)
class SignIn:
    def apply(self, world: Workspace) -> None:
        world.signed_in = True
