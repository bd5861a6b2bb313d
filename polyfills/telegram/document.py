"""The layout of a `result.json`: where in it the chats, their messages, the contacts and the account are.

Owns: that layout, of one chat or of a whole account, and which sections are left out on purpose. Must not know: what is
made of any of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

from .reader import BrokenDocumentError, Reader, Unread

__all__ = ["CHAT_TYPES", "ROOT", "Found", "Part", "looks_like_message", "parts"]

CHAT_TYPES: Mapping[str, str] = {
    "saved_messages": "user",
    "replies": "user",
    "verification_codes": "user",
    "personal_chat": "user",
    "bot_chat": "user",
    "private_group": "chat",
    "private_supergroup": "channel",
    "public_supergroup": "channel",
    "private_channel": "channel",
    "public_channel": "channel",
}
"""What a chat of this type is with, as Telegram writes ids: user, chat and channel are numbered each for themselves."""
_LEFT_OUT = frozenset(
    {
        "about",
        "profile_pictures",
        "stories",
        "frequent_contacts",
        "sessions",
        "web_sessions",
        "other_data",
    }
)
"""Sections that are not taken; the README says so. Any other is told."""


ROOT = -1


class Part(Enum):
    """What is found. HEADER: a member of a chat, `value` its name and value. CHAT_READ: all of a chat was there.
    CHAT_BROKEN: something in place of a chat or its messages. UNKNOWN: the name of a section."""

    ACCOUNT = auto()
    CONTACT = auto()
    HEADER = auto()
    MESSAGE = auto()
    CHAT_READ = auto()
    CHAT_BROKEN = auto()
    UNKNOWN = auto()


class Found(NamedTuple):
    """`chat`: the chat's number in this document, from 0; ROOT where the document itself is one. `section`: where it is
    listed, `chats` or `left_chats`."""

    part: Part
    value: Any
    chat: int = ROOT
    section: str = ""


def parts(chunks: Iterable[bytes]) -> Iterator[Found]:
    """All that is to be taken, in the document's order. BrokenDocumentError: from here on nothing can be read."""
    return _Walk(Reader(chunks)).root()


def looks_like_message(value: Any) -> bool:
    """Whether it is what Telegram Desktop makes of a message."""
    return isinstance(value, dict) and type(value.get("id")) is int and isinstance(value.get("type"), str)


class _Walk:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._chat = 0

    def root(self) -> Iterator[Found]:
        if self._reader.opens() != "{":
            raise BrokenDocumentError("not_an_object")
        is_chat = False
        for name in self._reader.members():
            if name == "personal_information":
                yield Found(Part.ACCOUNT, self._reader.value())
            elif name == "contacts":
                yield from self._contacts()
            elif name in ("chats", "left_chats"):
                yield from self._chats(name)
            elif name == "messages":
                is_chat = True
                yield from self._messages(ROOT, "")
            elif name in _LEFT_OUT:
                self._reader.skip()
            elif self._reader.opens() in "{[":
                self._reader.skip()
                yield Found(Part.UNKNOWN, name)
            else:
                yield Found(Part.HEADER, (name, self._reader.value()))
        if is_chat:
            yield Found(Part.CHAT_READ, None)

    def _chats(self, section: str) -> Iterator[Found]:
        for broken in self._listed():
            if broken is not None:
                yield Found(Part.CHAT_BROKEN, broken, self._chat, section)
                continue
            if self._reader.opens() != "{":
                self._reader.skip()
                yield Found(Part.CHAT_BROKEN, Unread("not_an_object"), self._chat, section)
                continue
            for name in self._reader.members():
                if name == "messages":
                    yield from self._messages(self._chat, section)
                else:
                    yield Found(Part.HEADER, (name, self._reader.value()), self._chat, section)
            yield Found(Part.CHAT_READ, None, self._chat, section)
            self._chat += 1

    def _messages(self, chat: int, section: str) -> Iterator[Found]:
        for broken in self._items():
            if broken is None:
                yield Found(Part.MESSAGE, self._reader.value(), chat, section)
            else:
                yield Found(Part.CHAT_BROKEN, broken, chat, section)

    def _contacts(self) -> Iterator[Found]:
        for broken in self._listed():
            yield Found(Part.CONTACT, self._reader.value() if broken is None else broken)

    def _listed(self) -> Iterator[Unread | None]:
        """Once for each item of a section's `list`; what stands in place of one, as Unread."""
        if self._reader.opens() != "{":
            yield from self._items()
            return
        for name in self._reader.members():
            if name == "list":
                yield from self._items()
            else:
                self._reader.skip()

    def _items(self) -> Iterator[Unread | None]:
        if self._reader.opens() == "[":
            for _ in self._reader.items():
                yield None
        else:
            self._reader.skip()
            yield Unread("not_a_list")
