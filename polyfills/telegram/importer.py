"""Reads what Telegram Desktop exports as JSON: one chat, or the whole account, with media or without.

Owns: the order in which an export is told, how far it proves that nothing is missing, and what is told of what could
not be read. Must not know: what is stored already.

A document is read twice: first to know that it is sound, which chats are in it and of when it is, then for its
messages. It speaks as of the newest message or edit in it, at the earliest. It never says that something was deleted by
not holding it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from polyhost.artifacts.base import (
    Artifact,
    Entry,
    EntryOf,
    ImportContext,
    Importer,
    Recognition,
    named_once,
    told_apart,
)
from polyhost.errors import RefusedError

from .document import ROOT, Found, Part, parts
from .reader import BrokenDocumentError, Unread
from .recognition import DOCUMENT, Head, beginning, chunks, documents, is_html
from .records import Chat, UnmappableError, account_data, chat_data, contact_data, iso, merged, message_data
from .survey import Faults, Survey

_AHEAD_SECONDS = 86_400
"""How far a message may lie after the import: clocks differ, years do not."""
_EPOCH = "1970-01-01T00:00:00Z"
_A_REPORT = 10_000
"""Messages between two reports of progress."""


class TelegramImporter(Importer):
    def recognise(self, artifact: Artifact) -> Recognition | None:
        found = documents(artifact)
        if not found:
            return Recognition(format="telegram-html", variant="pages") if is_html(artifact) else None
        head = Head(beginning(artifact, found[0]))
        if not head.is_export:
            return None
        return Recognition(format="telegram-export", variant=head.variant, accounts=head.accounts)

    def parse(self, artifact: Artifact, context: ImportContext) -> Iterator[dict[str, Any]]:
        found = documents(artifact)
        if not found:
            raise RefusedError(
                "this is Telegram's export as web pages",
                "Export again in Telegram Desktop and choose the format “Machine-readable JSON”, then import that.",
                code="telegram_html",
            )
        if len(found) > 1:
            raise RefusedError(
                f"there are {len(found)} exports of Telegram in it",
                "Import them one at a time.",
                code="several_exports",
            )
        return _Reading(artifact, found[0], context).messages()

    def merge(self, stream: str, kept: Mapping[str, Any], brought: Mapping[str, Any]) -> dict[str, Any]:
        del stream
        return merged(kept, brought)

    def entry_of(self, artifact: Artifact) -> EntryOf:
        found = documents(artifact)
        held = _Held(artifact, found[0]) if found else None
        return lambda file: None if held is None or file.member is None else held.entry(file.member)


IMPORTER: Importer = TelegramImporter()


class _Held:
    """The files beside a document, by the paths that it calls them by."""

    def __init__(self, artifact: Artifact, document: Entry) -> None:
        self._folder = document.name[: -len(DOCUMENT)] if artifact.kind != "file" else ""
        self._entries = {one.name: one for one in named_once(artifact) if one is not document}

    def entry(self, path: str) -> Entry | None:
        return self._entries.get(self._folder + path.replace("\\", "/"))


class _Reading:
    """One document, read twice."""

    def __init__(self, artifact: Artifact, entry: Entry, context: ImportContext) -> None:
        self._artifact = artifact
        self._entry = entry
        self._held = _Held(artifact, entry)
        self._latest = int(datetime.fromisoformat(context.imported_at).timestamp()) + _AHEAD_SECONDS
        self._faults = Faults()
        self._missing = 0
        self._own_only = 0
        self._unknown: list[str] = []
        self._as_of = _EPOCH

    def messages(self) -> Iterator[dict[str, Any]]:
        survey = Survey(chunks(self._artifact, self._entry), self._latest, self._faults)
        if survey.damaged is not None:
            self._faults.add("messages", survey.damaged)
        else:
            self._as_of = iso(survey.as_of)
            chats = {number: one.chat() for number, one in survey.chats.items()}
            yield from self._inventory(survey, chats)
            yield from self._contents(survey, chats)
        yield from self._tell_gaps()

    def _inventory(self, survey: Survey, chats: Mapping[int, Chat]) -> Iterator[dict[str, Any]]:
        """Each chat as a record, and as a place for messages."""
        for number, chat in chats.items():
            if chat.id is None and (number != ROOT or survey.chats[number].messages):
                self._faults.add("chats", "no_id")
        known = {chat.id: chat for chat in chats.values() if chat.id is not None}
        for key, chat in known.items():
            yield self._record("chats", key, chat_data(chat))
        listed = [{"key": key, "label": chat.name or chat.type} for key, chat in known.items()]
        yield {"type": "PARTITION_INVENTORY", "stream": "messages", "partitions": listed, "complete": False}

    def _contents(self, survey: Survey, chats: Mapping[int, Chat]) -> Iterator[dict[str, Any]]:
        spans: dict[int, _Span] = {}
        count = 0
        try:
            for found in parts(chunks(self._artifact, self._entry)):
                chat = chats.get(found.chat)
                if found.part is Part.MESSAGE:
                    count += 1
                    span = spans.get(found.chat)
                    if span is None:
                        span = spans[found.chat] = _Span(survey.chats[found.chat].first if chat else None)
                    record = self._message(None if chat is None else chat.id, found.value, span, count - 1)
                    if record is not None:
                        yield record
                    if count % _A_REPORT == 0:
                        yield _progress(count, survey.messages)
                elif found.part is Part.CHAT_READ:
                    span = spans.pop(found.chat, None)
                    if chat is not None and span is not None:
                        yield from self._covered(survey, chat, span)
                else:
                    yield from self._beside(found, spans)
        except BrokenDocumentError as error:
            self._faults.add("messages", error.rule)

    def _message(self, chat: str | None, raw: Any, span: _Span, item: int) -> dict[str, Any] | None:
        try:
            data = message_data(chat, _object(raw), span.newest or span.first, self._latest)
        except UnmappableError as error:
            self._faults.add("messages", error.rule, item)
            span.is_whole = False
            return None
        span.take(data)
        attachment = data["attachment"]
        if attachment is not None and (attachment["path"] is None or self._held.entry(attachment["path"]) is None):
            self._missing += 1
        return self._record("messages", [chat, data["id"]], data)

    def _covered(self, survey: Survey, chat: Chat, span: _Span) -> Iterator[dict[str, Any]]:
        """From its first to its last message, where nothing of it was lost on the way."""
        if chat.id is None or not span.since or not span.is_whole or self._artifact.truncated:
            return
        if survey.is_account and not chat.id.startswith("user") and not span.has_others(survey.account):
            # Of groups, an account's export holds the owner's messages only, unless asked for all.
            self._own_only += 1
            return
        yield {
            "type": "PARTITION_COVERAGE",
            "stream": "messages",
            "partition": chat.id,
            "since": span.since,
            "until": span.until,
        }

    def _beside(self, found: Found, spans: dict[int, _Span]) -> Iterator[dict[str, Any]]:
        """What is no message."""
        part, value = found.part, found.value
        if part is Part.CHAT_BROKEN:
            self._faults.add("messages", value.rule)
            if found.chat in spans:
                spans[found.chat].is_whole = False
        elif part is Part.UNKNOWN:
            self._unknown.append(value)
        elif part in (Part.ACCOUNT, Part.CONTACT):
            stream = "account" if part is Part.ACCOUNT else "contacts"
            try:
                raw = _object(value)
                data = account_data(raw) if part is Part.ACCOUNT else contact_data(raw, self._latest)
            except UnmappableError as error:
                self._faults.add(stream, error.rule)
                return
            yield self._record(stream, data["id"], data)

    def _record(self, stream: str, key: str | list[str], data: dict[str, Any]) -> dict[str, Any]:
        return {"type": "RECORD", "stream": stream, "key": key, "data": data, "emitted_at": self._as_of}

    def _tell_gaps(self) -> Iterator[dict[str, Any]]:
        for stream, count in self._faults.counts.items():
            place = {"entry": self._entry.number, **self._faults.places[stream]}
            yield _skip("unparsable", count, stream=stream, diagnostics=place)
        if self._own_only:
            yield _skip("own_messages_only", self._own_only)
        if self._unknown:
            yield _skip("unknown_section", len(self._unknown))
        problems, media = told_apart(self._artifact, lambda name: not name.lower().endswith(".json"))
        if problems:
            place = {"entry": problems[0].number, "rule": problems[0].rule}
            yield _skip("unusable_entry", len(problems), diagnostics=place)
        if self._artifact.truncated:
            yield _skip("truncated_archive", 1)
        if missing := max(self._missing, len(media)):  # a message may name what cannot be taken, or none
            yield _skip("media_missing", missing, **({"diagnostics": {"rule": media[0].rule}} if media else {}))


class _Span:
    """How far one chat's messages reach, and whether anything of it was lost. `first`: the first time told in it."""

    def __init__(self, first: int | None) -> None:
        self.first = first
        self.newest: int | None = None
        self.since = ""
        self.until = ""
        self.is_whole = True
        self._senders: set[str] = set()

    def take(self, data: Mapping[str, Any]) -> None:
        when, sender = data["sent_at"], data["sender_id"]
        self.newest = int(datetime.fromisoformat(when).timestamp())
        self.since = when if not self.since or when < self.since else self.since
        self.until = max(self.until, when)
        if sender is not None and len(self._senders) < 2:
            self._senders.add(sender)

    def has_others(self, owner: str | None) -> bool:
        """Whether somebody besides the owner speaks."""
        return len(self._senders) > 1 or (owner is not None and bool(self._senders - {owner}))


def _object(value: Any) -> Mapping[str, Any]:
    """The value, where it is an object. Raises UnmappableError."""
    if isinstance(value, dict):
        return value
    raise UnmappableError(value.rule if isinstance(value, Unread) else "not_an_object")


def _progress(count: int, total: int) -> dict[str, Any]:
    return {"type": "PROGRESS", "message": "Reading chats", "stream": "messages", "count": count, "total": total}


def _skip(reason: str, count: int, *, stream: str = "messages", **more: Any) -> dict[str, Any]:
    return {
        "type": "SKIP_RESULT",
        "stream": stream,
        "reason": reason,
        "recovery_hint": "manual_action_required",
        "count": count,
        **more,
    }
