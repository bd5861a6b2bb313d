"""Slack's exported objects as records, in the very shapes polyfill.js makes of the same objects.

Owns: those shapes, links as the page writes them, files that are referenced and not there, merging two exports'
contents.
Must not know: archives' structure, conversations, what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import orjson

from polyhost.artifacts.base import Artifact, Entry, named_once

from .export_index import Kind
from .tokens import without_tokens

__all__ = ["Files", "channel_data", "held_files", "merged", "message_data", "user_data"]

_FILE_FIELDS = (
    "id",
    "name",
    "title",
    "mimetype",
    "filetype",
    "mode",
    "size",
    "created",
    "user",
    "is_external",
    "permalink",
    "url_private",
)
_DAY_SECONDS = 86_400
_LINKS = ("permalink", "url_private")
_HELD_ELSEWHERE = frozenset({"tombstone", "hidden_by_limit", "external"})
"""Files whose content Slack does not keep, or not any more."""


def message_data(channel: str, message: Mapping[str, Any]) -> dict[str, Any]:
    get = message.get
    count = get("reply_count") or 0
    return without_tokens(
        {
            "channel_id": channel,
            "ts": message["ts"],
            "thread_ts": get("thread_ts"),
            "user_id": get("user"),
            "text": get("text") or "",
            "sent_at": _iso(message["ts"]),
            "edited_ts": (get("edited") or {}).get("ts"),
            "team_id": get("team"),
            "subtype": get("subtype"),
            "bot_id": get("bot_id"),
            "username": get("username"),
            "reply_count": count,
            "latest_reply": get("latest_reply") if count else None,
            "reactions": [
                {"name": one.get("name"), "count": one.get("count"), "users": one.get("users") or []}
                for one in get("reactions") or ()
            ],
            "files": [_file_data(file) for file in _files(message)],
            "attachments": get("attachments") or [],
            "blocks": get("blocks") or [],
            "pinned_to": get("pinned_to") or [],
        }
    )


def channel_data(info: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    get = info.get
    members = get("members")
    return without_tokens(
        {
            "id": info["id"],
            "name": None if kind == "dm" else get("name"),
            "kind": kind,
            "is_archived": get("is_archived") is True,
            "is_private": kind != "public",
            "is_shared": get("is_ext_shared") is True,
            "topic": (get("topic") or {}).get("value") or None,
            "purpose": (get("purpose") or {}).get("value") or None,
            "created": _iso_seconds(get("created")),
            "creator": get("creator"),
            "previous_names": get("previous_names") or [],
            "user_id": get("user"),
            "member_count": get("num_members", len(members) if isinstance(members, list) and kind != "dm" else None),
        }
    )


def user_data(user: Mapping[str, Any]) -> dict[str, Any]:
    get = user.get
    profile = get("profile") or {}
    real_name = get("real_name")
    return without_tokens(
        {
            "id": user["id"],
            "team_id": get("team_id"),
            "name": get("name"),
            "real_name": profile.get("real_name") if real_name is None else real_name,
            "display_name": profile.get("display_name") or None,
            "email": profile.get("email") or None,
            "title": profile.get("title") or None,
            "tz": get("tz"),
            "is_bot": get("is_bot") is True,
            "is_external": get("is_stranger") is True,
            "deleted": get("deleted") is True,
            "updated": _iso_seconds(get("updated")),
        }
    )


def merged(stream: str, kept: Mapping[str, Any], brought: Mapping[str, Any]) -> dict[str, Any]:
    """Two exports as of the same day that differ: what both have seen, and of the rest the one that sorts later.

    Commutative, associative and idempotent, so that no order of imports makes a difference.
    """
    base = dict(max(kept, brought, key=lambda one: _rest(stream, one)))
    if stream != "messages":
        return base
    latest = [one["latest_reply"] for one in (kept, brought) if one["latest_reply"] is not None]
    return base | {
        "reply_count": max(kept["reply_count"], brought["reply_count"]),
        "latest_reply": max(latest, default=None),
        "reactions": _all_reactions(kept["reactions"], brought["reactions"]),
    }


_JOINED = frozenset({"reply_count", "latest_reply", "reactions"})


def _rest(stream: str, data: Mapping[str, Any]) -> bytes:
    joined = _JOINED if stream == "messages" else frozenset[str]()
    return orjson.dumps({name: data[name] for name in data if name not in joined}, option=orjson.OPT_SORT_KEYS)


def _all_reactions(*sides: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if all(list(side) == list(sides[0]) for side in sides):
        return [dict(one) for one in sides[0]]
    users: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for one in (one for side in sides for one in side):
        users.setdefault(one["name"], set()).update(one["users"])
        counts[one["name"]] = max(counts.get(one["name"], 0), one["count"])
    return [
        {"name": name, "count": max(counts[name], len(users[name])), "users": sorted(users[name])}
        for name in sorted(users)
    ]


def held_files(artifact: Artifact) -> dict[str, Entry]:
    """The entries that are files of messages, by the files' ids."""
    return {key: entry for entry in named_once(artifact) if (key := _held_file(entry.name)) is not None}


class Files:
    """Files that messages refer to, and whether the export holds them. Counts; keeps nothing."""

    def __init__(self, artifact: Artifact) -> None:
        self._held = held_files(artifact)
        self.missing = 0

    def saw(self, message: Mapping[str, Any]) -> None:
        for file in _files(message):
            if str(file.get("mode")) not in _HELD_ELSEWHERE and str(file.get("id")) not in self._held:
                self.missing += 1


def _held_file(name: str) -> str | None:
    """The id of the file an entry is: `__uploads/F1/name` or `channel/attachments/F1-name`."""
    parts = name.split("/")
    if len(parts) == 3 and parts[0] == "__uploads":
        return parts[1]
    if len(parts) == 3 and parts[1] == "attachments":
        return parts[2].partition("-")[0]
    return None


_NONE: list[dict[str, Any]] = []


def _files(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Older uploads have one `file`."""
    if "files" not in message and "file" not in message:
        return _NONE
    files = message.get("files") or ([message["file"]] if message.get("file") else [])
    return [file for file in files if isinstance(file, dict)] if isinstance(files, list) else []


def _file_data(file: Mapping[str, Any]) -> dict[str, Any]:
    known = [name for name in _FILE_FIELDS if file.get(name) is not None]
    return {name: _plain_link(file[name]) if name in _LINKS else file[name] for name in known}


def _plain_link(link: Any) -> Any:
    """As polyfill.js leaves a link: without what would let anybody in, and normalised."""
    link = without_tokens(link)
    if not isinstance(link, str) or not link:
        return link
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    if not parts.scheme or not parts.netloc:
        return link
    said = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in said if name not in ("t", "token")]
    query = urlencode(kept) if len(kept) != len(said) else parts.query
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    return urlunsplit((parts.scheme, parts.netloc.lower(), path, query, parts.fragment))


def _iso(ts: str) -> str:
    seconds, _, micros = ts.partition(".")
    day, second = divmod(int(seconds), _DAY_SECONDS)
    minute = second // 60
    return f"{_date(day)}T{minute // 60:02}:{minute % 60:02}:{second % 60:02}.{micros:0<6}Z"


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    """The date this many days after the epoch; messages come day by day."""
    return f"{datetime.fromtimestamp(day * _DAY_SECONDS, UTC):%Y-%m-%d}"


def _iso_seconds(seconds: Any) -> str | None:
    if type(seconds) is not int or not 0 <= seconds < 253_402_300_800:
        return None
    return _iso(f"{seconds}.0")
