"""What Telegram Desktop exports of messages, chats, contacts and the account, as records.

Owns: the records' shapes, ids and times as Telegram has them, merging two exports' contents. What has no field of its
own is kept in `other`, as it came. Must not know: archives, documents, what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from .document import CHAT_TYPES

__all__ = [
    "EARLIEST_ZONE_SECONDS",
    "Chat",
    "Moment",
    "UnmappableError",
    "account_data",
    "chat_data",
    "chat_of",
    "contact_data",
    "iso",
    "merged",
    "message_data",
    "moment",
    "peer",
]

EARLIEST_ZONE_SECONDS = 14 * 3600
"""How far ahead of UTC a clock on a wall may be."""
_LARGEST_ID = 2**53
"""Ids are below it, so that every JSON reader reads them the same."""
_OLD_USER, _OLD_CHAT, _OLD_END = 1 << 32, 2 << 32, 3 << 32
"""Until 2021 exports wrote a user's id on top of the first, any chat's on top of the second."""
_DAY_SECONDS = 86_400
_LAST_SECOND = 253_402_300_799
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)
_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_PEER = re.compile(r"(?:user|chat|channel)[1-9]\d{0,18}", re.ASCII)
_MISSING = re.compile(r"\((?:File|Photo) [^()]*\)$")
"""What stands in place of a path: `(File not included. Change data exporting settings to download.)`."""
_MEDIA = frozenset(
    {"contact_information", "location_information", "place_name", "game_title", "invoice_information", "poll"}
)
_TIMES = ("date", "date_unixtime", "edited", "edited_unixtime")
_CLOCKS = ("unknown", "local", "utc")
"""From the least to the best."""
_NO_EDIT = "1970-"
"""Old exports date what was never edited like this."""


class UnmappableError(Exception):
    """What cannot be a record. `rule` says what it lacks, and nothing of what it holds."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(slots=True)
class Chat:
    """One chat of a document. `id` as Telegram writes ids: `user1`, `chat1`, `channel1`; None where it has none."""

    id: str | None
    type: str | None
    name: str | None
    left: bool
    other: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """Seconds since 1970. `clock`: `utc`, or `local` for a wall clock of no known zone."""

    seconds: int
    clock: str


def chat_of(header: Mapping[str, Any], *, left: bool, numbered_as_before: bool) -> Chat:
    """The chat these members describe. `numbered_as_before`: its messages name people by numbers alone."""
    kind = _text(header.get("type"))
    number = header.get("id")
    key = None
    if type(number) is int and 0 < number < _LARGEST_ID:
        prefix = CHAT_TYPES.get(kind or "", "peer")
        base = _OLD_USER if prefix == "user" else _OLD_CHAT
        if numbered_as_before and base <= number < base + (1 << 32):
            number -= base
        key = f"{prefix}{number}"
    known = ("id", "type", "name")
    other = {name: value for name, value in header.items() if name not in known}
    return Chat(key, kind, _text(header.get("name")), left, other)


def chat_data(chat: Chat) -> dict[str, Any]:
    return {"id": chat.id, "type": chat.type, "name": chat.name, "is_left": chat.left, "other": chat.other}


def account_data(raw: Mapping[str, Any]) -> dict[str, Any]:
    number = raw.get("user_id")
    if type(number) is not int or not 0 < number < _LARGEST_ID:
        raise UnmappableError("no_id")
    names = ("first_name", "last_name", "phone_number", "username", "bio")
    return {"id": f"user{number}", **{name: _text(raw.get(name)) for name in names}, "other": _rest(raw, names)}


def contact_data(raw: Mapping[str, Any], latest: int) -> dict[str, Any]:
    """Somebody who is not on Telegram has no id: then the phone number stands for one."""
    number, phone = raw.get("user_id"), _text(raw.get("phone_number"))
    if type(number) is int and 0 < number < _LARGEST_ID:
        key = f"user{number}"
    elif phone is not None and len(phone) <= 64:
        key = f"phone{phone}"
    else:
        raise UnmappableError("no_id")
    when = moment(raw, "date", latest)
    names = ("first_name", "last_name", "phone_number")
    return {
        "id": key,
        **{name: _text(raw.get(name)) for name in names},
        "added_at": None if when is None else iso(when.seconds),
        "other": _rest(raw, (*names, "date", "date_unixtime")),
    }


def _rest(raw: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in names and name != "user_id"}


def moment(raw: Mapping[str, Any], name: str, latest: int) -> Moment | None:
    """A time of an item: UTC where the export tells it, else the clock on the wall of who exported. None: it has none
    that can be. UnmappableError: it lies after `latest`, seconds since 1970."""
    seconds = raw.get(f"{name}_unixtime")
    if type(seconds) is str and _SECONDS.fullmatch(seconds):
        seconds = int(seconds)
    if type(seconds) is int and 0 < seconds <= _LAST_SECOND:
        found = Moment(seconds, "utc")
    elif type(text := raw.get(name)) is str and _WALL.fullmatch(text) and not text.startswith(_NO_EDIT):
        try:
            found = Moment(int(datetime.fromisoformat(text + "+00:00").timestamp()), "local")
        except ValueError:
            return None
    else:
        return None
    if found.seconds > latest + (EARLIEST_ZONE_SECONDS if found.clock == "local" else 0):
        raise UnmappableError("in_the_future")
    return found


def message_data(chat: str | None, raw: Mapping[str, Any], before: int | None, latest: int) -> dict[str, Any]:
    """`before`: when the message before it was sent, for one that does not say when. UnmappableError: it has no id, or
    no time, or a time after `latest`; times are seconds since 1970."""
    if chat is None:
        raise UnmappableError("chat_without_id")
    rest = dict(raw)
    number = rest.pop("id", None)
    if type(number) is not int or not 0 < abs(number) < _LARGEST_ID:
        raise UnmappableError("no_id")
    sent = moment(raw, "date", latest)
    if sent is None:
        if before is None:
            raise UnmappableError("no_time")
        sent = Moment(before, "unknown")
    edited = moment(raw, "edited", latest) if "edited" in raw or "edited_unixtime" in raw else None
    for name in _TIMES:
        rest.pop(name, None)
    kind = _popped_text(rest, "type")
    is_service = kind == "service"
    who = "actor" if is_service and "actor_id" in rest else "from"
    sender_name, sender_id = _popped_text(rest, who), _popped_peer(rest, f"{who}_id", chat)
    text, entities = _texts(rest)
    poll = rest.pop("poll") if isinstance(rest.get("poll"), dict) else None
    attachment = None if is_service else _attachment(rest)
    return {
        "chat_id": chat,
        "id": str(number),
        "sent_at": iso(sent.seconds),
        "clock": sent.clock,
        "edited_at": None if edited is None else iso(edited.seconds),
        "kind": _kind(kind, is_media=attachment is not None or not _MEDIA.isdisjoint(raw)),
        "type": kind,
        "sender_id": sender_id,
        "sender_name": sender_name,
        "text": text,
        "entities": entities,
        "reply_to": _reply(rest, chat),
        "forwarded_from": _forwarded(rest, chat),
        "attachment": attachment,
        "reactions": _popped_list(rest, "reactions"),
        "poll": poll,
        "service": _service(rest) if is_service else None,
        "other": {} if is_service else rest,
    }


def _kind(kind: str | None, *, is_media: bool) -> str:
    if kind == "service":
        return "service"
    if kind != "message":
        return "other"
    return "media" if is_media else "text"


def _text(value: Any) -> str | None:
    return value if type(value) is str and value else None


def _popped_text(rest: dict[str, Any], name: str) -> str | None:
    """A member's text, taken out of the rest; what is no text stays there."""
    value = rest.get(name)
    if value is None or type(value) is str:
        rest.pop(name, None)
    return value if type(value) is str else None


def _popped_number(rest: dict[str, Any], name: str) -> int | float | None:
    value = rest.get(name)
    if type(value) is int or type(value) is float:
        return rest.pop(name)
    return None


def _popped_list(rest: dict[str, Any], name: str) -> list[Any]:
    value = rest.get(name)
    return rest.pop(name) if type(value) is list and all(type(one) is dict for one in value) else []


def _popped_peer(rest: dict[str, Any], name: str, chat: str | None = None) -> str | None:
    found = peer(rest.get(name), chat)
    if found is not None:
        del rest[name]
    return found


def peer(value: Any, chat: str | None = None) -> str | None:
    """An id as today's exports write it, also where it is one of an old export; None where it is none. `chat`: the chat
    it stands in, as the old number of a group does not tell which kind of group it is."""
    if type(value) is str:
        return value if _PEER.fullmatch(value) else None
    if type(value) is not int or value <= 0:
        return None
    if _OLD_USER < value < _OLD_CHAT:
        return f"user{value - _OLD_USER}"
    if _OLD_CHAT < value < _OLD_END:
        number = value - _OLD_CHAT
        return chat if chat in (f"chat{number}", f"channel{number}") else f"peer{number}"
    return None


def _texts(rest: dict[str, Any]) -> tuple[str, list[Any]]:
    """The plain text, and its parts as they came: each with its type, or text alone in old exports."""
    said, parts = rest.get("text"), rest.get("text_entities")
    listed = parts if _is_parts(parts) else said if _is_parts(said) else []
    if type(said) is str:
        text = said
    elif _is_parts(said):
        text = "".join(map(_part_text, said))
    else:
        text = "".join(map(_part_text, listed))
    if said is None or type(said) is str or _is_parts(said):
        rest.pop("text", None)
    if parts is None or listed is parts:
        rest.pop("text_entities", None)
    return text, listed


def _is_parts(value: Any) -> bool:
    return type(value) is list and all(type(one) is str or type(one) is dict for one in value)


def _part_text(part: Any) -> str:
    text = part if type(part) is str else part.get("text")
    return text if type(text) is str else ""


def _reply(rest: dict[str, Any], chat: str) -> dict[str, Any] | None:
    number = rest.get("reply_to_message_id")
    if type(number) is not int or not 0 < abs(number) < _LARGEST_ID:
        return None
    del rest["reply_to_message_id"]
    return {"id": str(number), "chat_id": _popped_peer(rest, "reply_to_peer_id", chat) or chat}


def _forwarded(rest: dict[str, Any], chat: str) -> dict[str, Any] | None:
    """From somebody whose account is gone, the name is null."""
    if "forwarded_from" not in rest and "forwarded_from_id" not in rest:
        return None
    name, key = _popped_text(rest, "forwarded_from"), _popped_peer(rest, "forwarded_from_id", chat)
    return {"id": key, "name": name}


def _attachment(rest: dict[str, Any]) -> dict[str, Any] | None:
    """The file that belongs to a message. `path`: where it is in the export; `missing`: why it is not there."""
    member = next((name for name in ("file", "photo") if type(rest.get(name)) is str), None)
    if member is None:
        return None
    told = rest.pop(member)
    is_missing = _MISSING.search(told) is not None
    name = _popped_text(rest, "file_name")
    return {
        "type": "photo" if member == "photo" else _popped_text(rest, "media_type") or "file",
        "path": None if is_missing else told,
        "name": name or (None if is_missing else told.rpartition("/")[2]),
        "mime_type": _popped_text(rest, "mime_type"),
        "size": _popped_number(rest, "photo_file_size" if member == "photo" else "file_size"),
        "duration": _popped_number(rest, "duration_seconds"),
        "width": _popped_number(rest, "width"),
        "height": _popped_number(rest, "height"),
        "missing": told if is_missing else None,
    }


def _service(rest: dict[str, Any]) -> dict[str, Any]:
    return {"action": _popped_text(rest, "action"), **{f: v for f, v in rest.items() if f != "action"}}


def iso(seconds: int) -> str:
    day, second = divmod(seconds, _DAY_SECONDS)
    minute = second // 60
    return f"{_date(day)}T{minute // 60:02}:{minute % 60:02}:{second % 60:02}Z"


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    """The date this many days after 1970; messages come day by day."""
    return f"{datetime.fromtimestamp(day * _DAY_SECONDS, UTC):%Y-%m-%d}"


def merged(kept: Mapping[str, Any], brought: Mapping[str, Any]) -> dict[str, Any]:
    """Of two exports as of the same moment: the one with Telegram's own time, the later edit, the file; else the one
    that sorts later. Commutative, associative and idempotent, so that no order of imports makes a difference."""
    return dict(max(kept, brought, key=_worth))


def _worth(data: Mapping[str, Any]) -> tuple[int, str, bool, bytes]:
    clock, edited = data.get("clock"), data.get("edited_at")
    attachment = data.get("attachment")
    return (
        _CLOCKS.index(clock) if clock in _CLOCKS else 0,
        edited or "",
        bool(attachment and attachment["path"]),
        orjson.dumps(data, option=orjson.OPT_SORT_KEYS),
    )
