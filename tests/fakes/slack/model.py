"""What a workspace is made of, as plain values the operations in `world` change.

Must not know: HTTP, JSON shapes, who is asking.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Any, Literal

from fakes.slack import ts as timestamps
from fakes.slack.contents import Content

__all__ = ["Bookmark", "Conversation", "File", "Kind", "Message", "Reaction", "User"]

Kind = Literal["channel", "im", "mpim"]


@dataclass(slots=True, kw_only=True)
class User:
    id: str
    name: str
    real_name: str
    email: str
    updated: int  # unix seconds, as users.list gives it
    title: str = ""
    is_bot: bool = False
    bot_id: str | None = None
    deleted: bool = False
    is_admin: bool = False


@dataclass(slots=True)
class Reaction:
    name: str
    users: list[str]


@dataclass(slots=True, kw_only=True)
class File:
    id: str
    name: str
    title: str
    mimetype: str
    filetype: str
    user: str
    created: int  # unix seconds
    content: Content = b""
    mode: str = "hosted"
    deleted: bool = False
    channels: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Message:
    """`at` is the ts in microseconds; `thread` the root's, where it belongs to a thread (a root has its own)."""

    at: int
    user: str
    text: str
    thread: int | None = None
    broadcast: bool = False
    subtype: str | None = None
    reactions: list[Reaction] = field(default_factory=list)
    edited: tuple[str, int] | None = None
    files: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    version: int = 0  # grows with every change that readers can see

    @property
    def ts(self) -> str:
        return timestamps.text(self.at)

    @property
    def is_reply(self) -> bool:
        return self.thread is not None and self.thread != self.at

    @property
    def is_tombstone(self) -> bool:
        return self.subtype == "tombstone"


@dataclass(slots=True, kw_only=True)
class Bookmark:
    id: str
    title: str
    link: str
    created: int


@dataclass(slots=True, kw_only=True)
class Conversation:
    """A channel, DM or group DM with everything ever said in it.

    `timeline` holds what history shows (roots, plain messages, broadcasts), `threads` the replies of each root, both
    sorted by ts. A root whose replies were all deleted keeps an empty list: it stays marked as a thread.
    """

    id: str
    name: str
    kind: Kind
    creator: str
    created: int  # unix seconds
    updated: int  # milliseconds
    is_private: bool = False
    is_general: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_deleted: bool = False
    topic: str = ""
    purpose: str = ""
    previous_names: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    closed_for: set[str] = field(default_factory=set)
    last_read: dict[str, int] = field(default_factory=dict)
    pins: list[int] = field(default_factory=list)
    bookmarks: list[Bookmark] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)
    timeline: list[int] = field(default_factory=list)
    threads: dict[int, list[int]] = field(default_factory=dict)

    def readable_by(self, user: str) -> bool:
        """Public channels are readable without joining; everything else only by its members."""
        if self.is_deleted:
            return False
        return user in self.members or (self.kind == "channel" and not self.is_private)

    def insert(self, message: Message) -> None:
        while message.at in self.messages:  # a ts is unique within its conversation
            message.at += 1
        self.messages[message.at] = message
        if message.is_reply and message.thread is not None:
            insort(self.threads.setdefault(message.thread, []), message.at)
            self.messages[message.thread].thread = message.thread
        if not message.is_reply or message.broadcast:
            insort(self.timeline, message.at)

    def remove(self, at: int) -> Message:
        """Take a message out entirely. A tombstone goes with its last reply."""
        message = self.messages.pop(at)
        if not message.is_reply or message.broadcast:
            del self.timeline[bisect_left(self.timeline, at)]
        self.pins = [pin for pin in self.pins if pin != at]
        if message.is_reply and message.thread is not None:
            replies = self.threads[message.thread]
            replies.remove(at)
            if not replies and self.messages[message.thread].is_tombstone:
                self.remove(message.thread)
        else:
            self.threads.pop(at, None)
        return message

    def replies(self, root: int) -> list[Message]:
        return [self.messages[at] for at in self.threads.get(root, ())]
