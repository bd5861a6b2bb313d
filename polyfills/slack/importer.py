"""Reads what Slack and its users export: a workspace as a ZIP or a folder, day files of messages by conversation.

Owns: recognising an export, whose it is, and the order it is read in. The records' shapes are those of polyfill.js
(`export_records`), so that an exported message and a collected one are the same record. Must not know: what is stored
already, beyond the labels that help to name a conversation.

An export speaks as of its last day, at the earliest. It never says that something was deleted by not holding it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from polyhost.artifacts.base import Artifact, Entry, EntryOf, ImportContext, Importer, Recognition, told_apart
from polyhost.artifacts.json_items import Unparsable, objects

from .export_index import Index, read_index
from .export_records import Files, channel_data, held_files, merged, message_data, user_data

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)\.json", re.ASCII)
_TS = re.compile(r"\d{10}\.\d{6}", re.ASCII)
_AHEAD = timedelta(days=1)
"""How far a message may lie after the import: clocks differ, years do not."""
_INDEX_FILES = frozenset({"channels.json", "groups.json", "dms.json", "mpims.json", "users.json", "org_users.json"})
_MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError)
"""What making a record of something that is no such thing raises, wherever the wrong shape is."""
_LONGEST_ID = 64
_SAMPLE_USERS = 200
"""Users looked at to tell whose export it is."""
_ROOTS_AT_ONCE = 50_000
"""Thread roots without a reply count whose replies are counted in one reading: some 20 MB."""


class SlackImporter(Importer):
    def recognise(self, artifact: Artifact) -> Recognition | None:
        names = {entry.name for entry in artifact.entries}
        days = [entry for entry in artifact.entries if _is_day(entry)]
        if not (names & _INDEX_FILES) or not (days or "users.json" in names or "channels.json" in names):
            return None
        return Recognition(format="slack-export", variant=_variant(artifact, names), accounts=_teams(artifact))

    def parse(self, artifact: Artifact, context: ImportContext) -> Iterator[dict[str, Any]]:
        return _Reading(artifact, context).messages()

    def merge(self, stream: str, kept: Mapping[str, Any], brought: Mapping[str, Any]) -> dict[str, Any]:
        return merged(stream, kept, brought)

    def entry_of(self, artifact: Artifact) -> EntryOf:
        held = held_files(artifact)
        return lambda file: held.get(file.identity.removeprefix("id:"))


IMPORTER: Importer = SlackImporter()


def _is_day(entry: Entry) -> bool:
    folder, _, name = entry.name.rpartition("/")
    return bool(folder) and "/" not in folder and _DAY.fullmatch(name) is not None


def _is_upload(name: str) -> bool:
    return "__uploads/" in name and ".." not in name.split("/")


def _variant(artifact: Artifact, names: set[str]) -> str:
    if "org_users.json" in names:
        return "grid"
    with_files = any(entry.name.startswith("__uploads/") or "/attachments/" in entry.name for entry in artifact.entries)
    return "community" if with_files else "standard"


def _teams(artifact: Artifact) -> frozenset[str]:
    """The workspaces its people are of; a Grid's people come from several."""
    found: set[str] = set()
    for entry in artifact.entries:
        if entry.name in ("users.json", "org_users.json"):
            users = (one for one in objects(artifact, entry) if not isinstance(one, Unparsable))
            for user in islice(users, _SAMPLE_USERS):
                if isinstance(team := user.get("team_id"), str) and not user.get("is_stranger"):
                    found.add(team)
    return frozenset(found)


@dataclass(slots=True)
class _Gaps:
    """What is missing, counted; told once at the end."""

    unparsable: Counter[str] = field(default_factory=Counter[str])
    first: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    unknown_folders: int = 0

    def broken(self, stream: str, one: Unparsable) -> None:
        self.unparsable[stream] += 1
        place = {"entry": one.entry, "rule": one.rule}
        self.first.setdefault(stream, place if one.item is None else {**place, "item": one.item})


class _Reading:
    """One pass over an export."""

    def __init__(self, artifact: Artifact, context: ImportContext) -> None:
        self._artifact = artifact
        self._context = context
        self._gaps = _Gaps()
        self._files = Files(artifact)
        days = sorted(match[1] for entry in artifact.entries if (match := _DAY.search(entry.name)))
        self._latest = f"{(datetime.fromisoformat(context.imported_at) + _AHEAD).timestamp():.6f}"
        self._as_of = f"{days[-1]}T00:00:00Z" if days and days[-1] <= context.imported_at else "1970-01-01T00:00:00Z"

    def messages(self) -> Iterator[dict[str, Any]]:
        yield from self._users()
        index = read_index(self._artifact, self._gaps.broken)
        known = {label: key for key, label in self._context.partitions("messages").items() if label}
        account = self._context.first("workspace") or {}
        index.settle(account.get("account_user_id"), known)
        for number, one in enumerate(index.conversations):
            try:
                yield self._record("channels", one.id, channel_data(one.info, one.kind))
            except _MISSHAPEN:
                self._gaps.broken("channels", Unparsable(number, None, "not_a_conversation"))
        yield from self._conversations(index)
        yield from self._tell_gaps()

    def _users(self) -> Iterator[dict[str, Any]]:
        for entry in self._artifact.entries:
            if entry.name in ("users.json", "org_users.json"):
                for user in objects(self._artifact, entry):
                    try:
                        yield self._record("users", user["id"], user_data(user))
                    except _MISSHAPEN:
                        self._gaps.broken("users", _fault(entry.number, user))

    def _conversations(self, index: Index) -> Iterator[dict[str, Any]]:
        folders: dict[str, list[Entry]] = {}
        for entry in self._artifact.entries:
            if _is_day(entry):
                folders.setdefault(entry.name.partition("/")[0], []).append(entry)
        listed = [{"key": one.id, "label": one.label} for one in index.conversations]
        if listed:
            yield {"type": "PARTITION_INVENTORY", "stream": "messages", "partitions": listed, "complete": False}
        for number, (folder, entries) in enumerate(sorted(folders.items()), 1):
            channel = index.by_folder(folder)
            if channel is None:
                self._gaps.unknown_folders += 1
            else:
                yield from self._conversation(channel, sorted(entries, key=lambda entry: entry.name))
            yield {
                "type": "PROGRESS",
                "message": "Reading conversations",
                "stream": "messages",
                "count": number,
                "total": len(folders),
            }

    def _conversation(self, key: str, entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
        first, last = "", ""
        whole = not self._artifact.truncated
        uncounted = 0
        for entry in entries:
            for message in objects(self._artifact, entry):
                record = self._message(key, message)
                if record is None:
                    self._gaps.broken("messages", _fault(entry.number, message))
                    whole = False
                    continue
                self._files.saw(message)
                ts = message["ts"]
                first = ts if not first or ts < first else first
                last = max(last, ts)
                if _is_uncounted(message):
                    uncounted += 1
                else:
                    yield record
        for start in range(0, uncounted, _ROOTS_AT_ONCE):
            yield from self._counted_roots(key, entries, start)
        if whole and first:
            yield {
                "type": "PARTITION_COVERAGE",
                "stream": "messages",
                "partition": key,
                "since": first,
                "until": last,
            }

    def _counted_roots(self, key: str, entries: Sequence[Entry], start: int) -> Iterator[dict[str, Any]]:
        """Roots that do not say how many replies they have, so many from this one on, with the replies counted.

        The conversation is read again for them: a reply may stand before its root, and so no more is kept of a thread
        than its count.
        """
        ones = slice(start, start + _ROOTS_AT_ONCE)
        replies = {root["ts"]: _Replies() for root in self._uncounted(key, entries, ones)}
        for message in self._in_threads(key, entries):
            if (counted := replies.get(message["thread_ts"])) and message["ts"] != message["thread_ts"]:
                counted.add(message["ts"])
        for root in self._uncounted(key, entries, ones):
            counted = replies[root["ts"]]
            record = self._message(key, {**root, "reply_count": counted.count, "latest_reply": counted.latest})
            if record is not None:
                yield record

    def _uncounted(self, key: str, entries: Sequence[Entry], ones: slice) -> Iterator[dict[str, Any]]:
        roots = (message for message in self._in_threads(key, entries) if _is_uncounted(message))
        return islice(roots, ones.start, ones.stop)

    def _in_threads(self, key: str, entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
        """The conversation's messages that belong to a thread, as far as they are messages."""
        for entry in entries:
            for message in objects(self._artifact, entry):
                if isinstance(message, dict) and message.get("thread_ts") and self._message(key, message):
                    yield message

    def _message(self, channel: str, message: Any) -> dict[str, Any] | None:
        """The record; None for what is not a message."""
        try:
            data = message_data(channel, message)
            self._check_times(data)
        except _MISSHAPEN:
            return None
        return {
            "type": "RECORD",
            "stream": "messages",
            "key": [channel, data["ts"]],
            "data": data,
            "emitted_at": self._as_of,
            "op": "delete" if message.get("subtype") == "tombstone" else "upsert",
        }

    def _check_times(self, data: Mapping[str, Any]) -> None:
        """Times decide what a record is, which content is newer and how far things are covered. Raises ValueError."""
        for name in ("ts", "thread_ts", "edited_ts", "latest_reply"):
            value = data[name]
            if (name == "ts" or value is not None) and not (_TS.fullmatch(value) and value <= self._latest):
                raise ValueError

    def _record(self, stream: str, key: Any, data: dict[str, Any]) -> dict[str, Any]:
        if type(key) is not str or not 0 < len(key) <= _LONGEST_ID:
            raise TypeError
        return {"type": "RECORD", "stream": stream, "key": key, "data": data, "emitted_at": self._as_of}

    def _tell_gaps(self) -> Iterator[dict[str, Any]]:
        gaps = self._gaps
        for stream, count in gaps.unparsable.items():
            place = gaps.first[stream]
            yield _skip("unparsable", count, stream=stream, diagnostics=place)
        if gaps.unknown_folders:
            yield _skip("unknown_conversation", gaps.unknown_folders)
        problems, media = told_apart(self._artifact, _is_upload)
        if problems:
            place = {"entry": problems[0].number, "rule": problems[0].rule}
            yield _skip("unusable_entry", len(problems), diagnostics=place)
        if self._artifact.truncated:
            yield _skip("truncated_archive", 1)
        if missing := max(self._files.missing, len(media)):  # a message may name what cannot be taken, or none
            yield _skip("media_missing", missing, **({"diagnostics": {"rule": media[0].rule}} if media else {}))


def _skip(reason: str, count: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "SKIP_RESULT",
        "stream": "messages",
        "reason": reason,
        "recovery_hint": "manual_action_required",
        "count": count,
        **more,
    }


def _fault(entry: int, message: dict[str, Any] | Unparsable) -> Unparsable:
    return message if isinstance(message, Unparsable) else Unparsable(entry, None, "not_a_message")


def _is_uncounted(message: Mapping[str, Any]) -> bool:
    """Whether it is a thread's root that does not say how many replies there are; some exports leave it out."""
    return message.get("thread_ts") == message["ts"] and message.get("reply_count") is None


@dataclass(slots=True)
class _Replies:
    """What is kept of one thread."""

    count: int = 0
    latest: str | None = None

    def add(self, ts: str) -> None:
        self.count += 1
        self.latest = max(self.latest or ts, ts)
