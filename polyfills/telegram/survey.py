"""The first reading of a document: whether it is sound, which chats are in it, and of when it is.

Owns: what has to be known before the first message is handed on. Must not know: records of messages, protocol messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from polyhost.artifacts.base import UnreadableEntryError
from polyhost.errors import RefusedError

from .document import Found, Part, parts
from .reader import BrokenDocumentError, Unread
from .records import EARLIEST_ZONE_SECONDS, Chat, UnmappableError, chat_of, moment

__all__ = ["Faults", "Survey"]

_MOST_CHATS, _MOST_MEMBERS, _LONGEST_MEMBER = 100_000, 20, 2_000
"""Chats in one document, members of a chat beside its messages, and bytes of one: an account has some hundred chats of
three members."""


@dataclass(slots=True)
class Faults:
    """What could not be read of each stream: how many, and where the first of them is."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    places: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def add(self, stream: str, rule: str, item: int | None = None) -> None:
        self.counts[stream] = self.counts.get(stream, 0) + 1
        self.places.setdefault(stream, {"rule": rule} if item is None else {"rule": rule, "item": item})


@dataclass(slots=True)
class SurveyedChat:
    """What is learnt of one chat. `first`: the first time told in it, in seconds since 1970."""

    header: dict[str, Any] = field(default_factory=dict[str, Any])
    left: bool = False
    numbered_as_before: bool = False
    messages: int = 0
    first: int | None = None

    def chat(self) -> Chat:
        return chat_of(self.header, left=self.left, numbered_as_before=self.numbered_as_before)


class Survey:
    """`as_of`: the newest moment told of, in seconds since 1970; of a clock of no known zone, the earliest it can be.
    `damaged`: why nothing of the document can be trusted."""

    def __init__(self, chunks: Iterable[bytes], latest: int, faults: Faults) -> None:
        """`latest`: no time may lie after it. RefusedError: it holds more chats than can be."""
        self.chats: dict[int, SurveyedChat] = {}
        self.is_account = False
        self.account: str | None = None
        self.messages = 0
        self.as_of = 0
        self.damaged: str | None = None
        self._latest = latest
        self._faults = faults
        pieces = iter(chunks)
        try:
            with suppress(BrokenDocumentError):  # the second reading comes to the same place, and tells
                for found in parts(pieces):
                    self._look(found)
            for _ in pieces:  # to the end, behind the last bracket too: only there it shows whether all of it is sound
                pass
        except UnreadableEntryError as error:
            self.damaged = error.rule

    def _look(self, found: Found) -> None:
        part, value = found.part, found.value
        self.is_account = self.is_account or part in (Part.ACCOUNT, Part.CONTACT) or bool(found.section)
        if part is Part.ACCOUNT and isinstance(value, dict):
            self.account = f"user{value.get('user_id')}"
        elif part is Part.CONTACT and isinstance(value, dict):
            self._date(value)
        elif part is Part.HEADER:
            self._head(self._surveyed(found), *value)
        elif part is Part.MESSAGE and isinstance(value, dict):
            chat = self._surveyed(found)
            self.messages += 1
            chat.messages += 1
            sender = value.get("from_id", value.get("actor_id"))
            chat.numbered_as_before = chat.numbered_as_before or type(sender) is int
            sent = self._date(value)
            chat.first = sent if chat.first is None else chat.first

    def _surveyed(self, found: Found) -> SurveyedChat:
        chat = self.chats.get(found.chat)
        if chat is None:
            if len(self.chats) >= _MOST_CHATS:
                raise RefusedError(
                    f"it holds more than {_MOST_CHATS:,} chats", "Export fewer at once.", code="too_many_chats"
                )
            chat = self.chats[found.chat] = SurveyedChat(left=found.section == "left_chats")
        return chat

    def _head(self, chat: SurveyedChat, name: str, value: Any) -> None:
        """One member of a chat; what is far larger than any of them is left out, as all of them are held."""
        if isinstance(value, Unread):
            self._faults.add("chats", value.rule)
        elif len(chat.header) >= _MOST_MEMBERS or len(name) + len(orjson.dumps(value)) > _LONGEST_MEMBER:
            self._faults.add("chats", "item_too_large")
        else:
            chat.header[name] = value

    def _date(self, item: Mapping[str, Any]) -> int | None:
        """Take in what an item says of times; the one it is of, in seconds since 1970."""
        own = None
        for name in ("date", "edited") if "edited" in item or "edited_unixtime" in item else ("date",):
            try:
                when = moment(item, name, self._latest)
            except UnmappableError:
                continue
            if when is None:
                continue
            self.as_of = max(self.as_of, when.seconds - (EARLIEST_ZONE_SECONDS if when.clock == "local" else 0))
            if name == "date":
                own = when.seconds
        return own
