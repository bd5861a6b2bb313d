"""Reads what WhatsApp exports of a chat: a text file, alone or in a ZIP or folder with its media.

Owns: recognising a chat, which chat it is, and ids for messages that have none. Must not know: what is stored already,
beyond asking which of some ids are known.

Which chat a file is of: one that knows most of its first or last messages, or the one the app named the file after. A
file that the app did not name (`_chat.txt` is what every iPhone's export unzips to) is told by how it begins. A file
whose dates could be read either way is refused: read the wrong way, each message would be there twice.

An id is made of the minute, the text, and how many of the same came before in that minute, wherever in the file: where
a clock was set back, a minute comes twice. It is the same in every
export of the chat, whichever phone wrote it, wherever the export begins, with media or without, and whatever the sender
is called by now. An edited message has another text, so it is another message; the file does not say which it replaced.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import Any

from polyhost.artifacts.base import (
    Artifact,
    Entry,
    EntryOf,
    ImportContext,
    Importer,
    Recognition,
    UnreadableEntryError,
    told_apart,
)
from polyhost.errors import RefusedError

from .lines import DateOrder, Evidence, Line, begins, messages

_STREAM = "messages"
_LOOKED_AT = 20
"""Lines in which a message must begin, or the file is something else."""
_SAMPLE = 10
"""Messages at each end of a file by which a chat is known again under another name."""
_MOST = 0.75
"""How much of one end must be known: less may be what was sent to two people at once."""
_BEGINNING = 3
"""Messages by whose ids a chat without a name is told from others."""
_LONGEST_LINE = 100_000
"""Characters read as one line."""
_TITLE = re.compile(
    r"^(?:WhatsApp[ -]?Chat|Chat(?: de)? WhatsApp|Discussion WhatsApp|Conversa do WhatsApp|WhatsApp-chat)"
    r"(?: (?:with|mit|con|avec|com|met|med|de)|s? -|:)? +(.+)$",
    re.IGNORECASE,
)
_NO_NAME = re.compile(r"_chat|whatsapp[ _-]*chats?", re.IGNORECASE)
_COPY = re.compile(r" ?\(\d+\)$")
_STRAY = re.compile("[\udc80-\udcff]")
_PHONE = re.compile(r"[+\d\s()\u00a0\u2011-]+")


class WhatsAppImporter(Importer):
    def recognise(self, artifact: Artifact) -> Recognition | None:
        entry = _chat_entry(artifact)
        if entry is None:
            return None
        with_media = any(other is not entry for other in artifact.entries)
        return Recognition(format="whatsapp-chat", variant="with_media" if with_media else "text")

    def parse(self, artifact: Artifact, context: ImportContext) -> Iterator[dict[str, Any]]:
        entry = _chat_entry(artifact)
        return iter(()) if entry is None else _Reading(artifact, entry, context).messages()

    def merge(self, stream: str, kept: Mapping[str, Any], brought: Mapping[str, Any]) -> dict[str, Any]:
        """What either tells: a file's name, a caption, seconds, a name instead of a number."""
        del stream
        both = (kept, brought)
        return {
            **kept,
            "sent_at": max(one["sent_at"] for one in both),
            "sender": max((one["sender"] for one in both), key=_tells),
            "kind": max(one["kind"] for one in both),
            "text": max((one["text"] for one in both), key=lambda text: (len(text), text)),
            "attachment": max((one["attachment"] for one in both), key=lambda name: name or ""),
            "is_edited": any(one["is_edited"] for one in both),
        }

    def entry_of(self, artifact: Artifact) -> EntryOf:
        chat = _chat_entry(artifact)
        held = {} if chat is None else _media(artifact, chat)
        return lambda file: None if file.member is None else held.get(_folded(file.member))


IMPORTER: Importer = WhatsAppImporter()


def _tells(sender: str | None) -> tuple[bool, bool, str]:
    """A name tells more than a number, and either more than nothing."""
    return sender is not None, sender is not None and not _PHONE.fullmatch(sender), sender or ""


def _chat_entry(artifact: Artifact) -> Entry | None:
    """The chat's text: the only text file at the top that begins like one."""
    texts = [one for one in artifact.entries if "/" not in one.name and one.name.lower().endswith(".txt")]
    named = [one for one in texts if one.name.lower() == "_chat.txt" or _TITLE.match(_stem(one.name))]
    for entry in (named or texts)[:5]:
        try:
            if any(begins(line) for line in islice(_lines(artifact, entry), _LOOKED_AT)):
                return entry
        except (UnreadableEntryError, UnicodeError):
            continue
    return None


def _media(artifact: Artifact, chat: Entry) -> dict[str, Entry]:
    """The chat's media by the names that its lines call them by: beside it, or wherever there is one of that name."""
    top: defaultdict[str, list[Entry]] = defaultdict(list)
    below: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in artifact.entries:
        folder, _, name = entry.name.rpartition("/")
        if entry is not chat:
            (below if folder else top)[_folded(name)].append(entry)
    return {name: entries[0] for name, entries in {**below, **top}.items() if len(entries) == 1}


def _folded(name: str) -> str:
    """Some file systems take letters apart."""
    return unicodedata.normalize("NFC", name)


def _lines(artifact: Artifact, entry: Entry) -> Iterator[str]:
    """Lines without their ends; bytes that are no UTF-8 in them as lone surrogates. UnicodeError: broken UTF-16."""
    file = artifact.open(entry)
    head = file.peek(4)[:4] if isinstance(file, io.BufferedReader) else b""
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    errors = "strict" if encoding == "utf-16" else "surrogateescape"
    text = io.TextIOWrapper(file, encoding, errors, newline=None)
    while line := text.readline(_LONGEST_LINE):
        yield line.rstrip("\n")


def _stem(name: str) -> str:
    return _COPY.sub("", name.rpartition(".")[0] or name)


class _Reading:
    """One chat, read twice: for the order of its dates and its ends, then for its messages."""

    def __init__(self, artifact: Artifact, entry: Entry, context: ImportContext) -> None:
        self._artifact = artifact
        self._entry = entry
        self._context = context
        self._media = _media(artifact, entry)
        self._twice: dict[DateOrder, frozenset[str]] = {}
        self._missing = 0
        self._odd = 0
        self._unparsable: list[int] = []
        self._broken: str | None = None

    def messages(self) -> Iterator[dict[str, Any]]:
        evidence = Evidence(self._context.imported_at[:10])
        for line in self._readable():
            evidence.take(line)
        order = evidence.order()
        chat, label, order = self._chat(["dmy", "mdy"] if order is None else [order])
        yield {
            "type": "PARTITION_INVENTORY",
            "stream": _STREAM,
            "partitions": [{"key": chat, "label": label}],
            "complete": False,
        }
        span = _Span()
        for number, (line, identity) in enumerate(self._identified(order)):
            record = self._record(chat, line, identity)
            span.take(record["data"]["sent_at"])
            yield record
            if number % 10_000 == 9_999:
                yield {"type": "PROGRESS", "message": "Reading the chat", "stream": _STREAM, "count": number + 1}
        whole = not (self._artifact.truncated or self._broken or self._unparsable)
        if whole and span.first is not None and span.last is not None:
            yield {
                "type": "PARTITION_COVERAGE",
                "stream": _STREAM,
                "partition": chat,
                "since": span.first,
                "until": span.last,
            }
        yield from self._tell_gaps()

    def _readable(self) -> Iterator[str]:
        self._odd = 0
        try:
            for line in _lines(self._artifact, self._entry):
                if _STRAY.search(line) is None:
                    yield line
                else:
                    self._odd += 1
                    yield line.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
        except UnreadableEntryError as error:
            self._broken = error.rule
        except UnicodeError:
            self._broken = "encoding"

    def _identified(self, order: DateOrder) -> Iterator[tuple[Line, str]]:
        """Each message with its id. What a minute held is forgotten with the minute, unless that comes once more."""
        if order not in self._twice:
            found = (line for line in messages(self._readable(), order) if not isinstance(line, int))
            self._twice[order] = _minutes_twice(line.when for line in found)
        twice = self._twice[order]
        kept: defaultdict[str, Counter[str]] = defaultdict(Counter)
        minute = ""
        seen: Counter[str] = Counter()
        self._unparsable = []
        for line in messages(self._readable(), order):
            if isinstance(line, int):
                self._unparsable.append(line)
                continue
            now = _minute(line.when)
            if now != minute:
                minute = now
                seen = kept[now] if now in twice else Counter()
            content = "\0media" if line.kind == "media" else f"{line.kind == 'system'}{line.text}"
            digest = blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
            yield line, f"{now}-{digest}-{seen[digest]}"
            seen[digest] += 1

    def _chat(self, orders: Sequence[DateOrder]) -> tuple[str, str | None, DateOrder]:
        """Which chat it is. Where the file does not prove how its dates are written, only what is known of the chat
        may: an assumption that a later file proves wrong would have filed everything twice."""
        label, named_by_app = self._title()
        known = self._context.partitions(_STREAM)
        named = _hashed(label.casefold()) if label is not None and named_by_app else None
        if named is not None and named in known and len(orders) == 1:
            return named, label, orders[0]
        scores: list[tuple[int, bool, str, DateOrder]] = [
            (self._score(chat, order), chat == named, chat, order) for chat in known for order in orders
        ]
        best = max(scores, default=None)
        if best is not None and best[0]:
            return best[2], None, best[3]
        if len(orders) > 1:
            raise RefusedError(
                "nothing in this chat tells whether its dates have the day or the month first",
                "Import an export of the chat that has a message from after the 12th of a month; then this one too.",
                code="date_order_unproven",
            )
        return named or self._by_beginning(known, orders[0]), label, orders[0]

    def _by_beginning(self, known: Mapping[str, str | None], order: DateOrder) -> str:
        """The key of a chat without a name. An earlier export may have had fewer messages than tell it now."""
        found = list(islice(self._identified(order), _LOOKED_AT))
        said = [identity for line, identity in found if line.kind != "system"] or [identity for _, identity in found]
        keys = [_hashed("\0" + "\n".join(said[:count])) for count in range(_BEGINNING, 0, -1)]
        return next((key for key in keys if key in known), keys[0])

    def _score(self, chat: str, order: DateOrder) -> int:
        """How many of the messages at both ends of the file this chat knows; 0 where at neither it knows most."""
        ends = _Ends(_SAMPLE)
        for _, identity in self._identified(order):
            ends.take(identity)
        found = self._context.known(_STREAM, [_key(chat, one) for one in {*ends.first, *ends.last}])
        known = [[_key(chat, one) in found for one in end] for end in (ends.first, ends.last)]
        return len(found) if any(sum(end) >= max(1, _MOST * len(end)) for end in known) else 0

    def _title(self) -> tuple[str | None, bool]:
        """What the file is called, and whether the app has called it so: after the person or group."""
        stems = [_stem(self._entry.name), _stem(self._artifact.name)]
        for stem in stems:
            if (match := _TITLE.match(stem)) is not None:
                return match[1].strip(), True
        stem = stems[1]
        if not stem or _NO_NAME.fullmatch(stem):
            return None, False
        return stem, "whatsapp" in stem.casefold()

    def _record(self, chat: str, line: Line, identity: str) -> dict[str, Any]:
        if line.kind == "media" and (line.attachment is None or _folded(line.attachment) not in self._media):
            self._missing += 1
        sent_at = line.when.isoformat() + "Z"
        return {
            "type": "RECORD",
            "stream": _STREAM,
            "key": [chat, identity],
            "data": {
                "chat_id": chat,
                "id": identity,
                "sent_at": sent_at,
                "sender": line.sender,
                "kind": line.kind,
                "text": line.text,
                "attachment": line.attachment,
                "is_edited": line.is_edited,
            },
            # The moment the message speaks of: then two exports are of the same age, and are merged.
            "emitted_at": sent_at,
        }

    def _tell_gaps(self) -> Iterator[dict[str, Any]]:
        entry = self._entry.number
        if self._unparsable:
            yield _skip("unparsable", len(self._unparsable), line=self._unparsable[0], entry=entry, rule="no_message")
        if self._odd:
            yield _skip("encoding_assumed", self._odd, entry=entry, rule="no_utf8")
        if self._broken:
            yield _skip("unparsable", 1, entry=entry, rule=self._broken)
        problems, media = told_apart(self._artifact, lambda name: not name.lower().endswith(".txt"))
        if problems:
            yield _skip("unusable_entry", len(problems), rule=problems[0].rule)
        if self._artifact.truncated:
            yield _skip("truncated_archive", 1)
        if missing := max(self._missing, len(media)):  # a message may name what cannot be taken, or none
            yield _skip("media_missing", missing, **({"rule": media[0].rule} if media else {}))


def _minute(when: datetime) -> str:
    return when.strftime("%Y%m%dT%H%M")


def _minutes_twice(moments: Iterable[datetime]) -> frozenset[str]:
    """The minutes that are come back to after others. Of each day, one bit a minute is kept: a long chat's are many."""
    days: defaultdict[int, int] = defaultdict(int)
    twice: set[str] = set()
    last: tuple[int, int] | None = None
    for when in moments:
        day, bit = place = (when.toordinal(), 1 << (when.hour * 60 + when.minute))
        if place == last:
            continue
        last = place
        if days[day] & bit:
            twice.add(_minute(when))
        days[day] |= bit
    return frozenset(twice)


def _hashed(name: str) -> str:
    return "chat_" + blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _key(chat: str, identity: str) -> str:
    return json.dumps([chat, identity], separators=(",", ":"), ensure_ascii=False)


def _skip(reason: str, count: int, **place: Any) -> dict[str, Any]:
    return {
        "type": "SKIP_RESULT",
        "stream": _STREAM,
        "reason": reason,
        "recovery_hint": "manual_action_required",
        "count": count,
        "diagnostics": place,
    }


class _Span:
    """The first and last moment; a phone's clock may go back."""

    def __init__(self) -> None:
        self.first: str | None = None
        self.last: str | None = None

    def take(self, moment: str) -> None:
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)


class _Ends:
    """The first and the last of many; of few, all of them are both."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.first: list[str] = []
        self.last: list[str] = []

    def take(self, one: str) -> None:
        if len(self.first) < self._size:
            self.first.append(one)
        self.last.append(one)
        if len(self.last) > self._size:
            del self.last[0]
