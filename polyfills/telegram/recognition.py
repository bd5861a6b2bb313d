"""What a file of an owner is, as far as Telegram goes: which entry is the export's document, and whose export it is.

Owns: names of files, the beginning of a document. Must not know: records, what is stored.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from polyhost.artifacts.base import Artifact, Entry, UnreadableEntryError
from polyhost.artifacts.limits import CHUNK_BYTES

from .document import CHAT_TYPES, Found, Part, looks_like_message, parts
from .reader import BrokenDocumentError
from .records import UnmappableError, account_data, chat_of, peer

__all__ = ["DOCUMENT", "Head", "beginning", "chunks", "documents", "is_html"]

DOCUMENT = "result.json"
_PAGES = ("export_results.html", "messages.html")
_PAGE_SIGN = b"<title>Exported Data</title>"
_HEAD_BYTES = 1024 * 1024
"""Looked at to recognise a document: the account stands at its beginning, a chat's name before its messages."""


def documents(artifact: Artifact) -> list[Entry]:
    """The documents nearest to the top; a file by itself may have been renamed."""
    if artifact.kind == "file":
        return [entry for entry in artifact.entries if entry.name.lower().endswith(".json")]
    named = [entry for entry in artifact.entries if entry.name.rpartition("/")[2] == DOCUMENT]
    depth = min((entry.name.count("/") for entry in named), default=0)
    return [entry for entry in named if entry.name.count("/") == depth]


def is_html(artifact: Artifact) -> bool:
    pages = [
        entry
        for entry in artifact.entries
        if entry.name.rpartition("/")[2] in _PAGES or (artifact.kind == "file" and entry.name.endswith(".html"))
    ]
    return any(_PAGE_SIGN in b"".join(beginning(artifact, page)) for page in pages[:5])


def chunks(artifact: Artifact, entry: Entry) -> Iterator[bytes]:
    """The content; of one that is cut off, what is there. Raises UnreadableEntryError: it is damaged."""
    file = artifact.open(entry)
    # Reading until a chunk is full would lose what came before the cut.
    read = file.read1 if isinstance(file, io.BufferedReader) else file.read
    try:
        while chunk := read(CHUNK_BYTES):
            yield chunk
    except UnreadableEntryError as error:
        if error.rule != "cut_off":
            raise


def beginning(artifact: Artifact, entry: Entry) -> Iterator[bytes]:
    """The first piece of the content, as far as it can be read."""
    left = _HEAD_BYTES
    try:
        for chunk in chunks(artifact, entry):
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return
    except UnreadableEntryError:
        return


class Head:
    """What the beginning of a document says: whether it is an export, and whose."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.is_export = False
        self.variant = "chat"
        self.accounts: frozenset[str] = frozenset()
        self._header: dict[str, Any] = {}
        try:
            for found in parts(chunks):
                if self._take(found):
                    return
        except BrokenDocumentError:
            return

    def _take(self, found: Found) -> bool:
        """Whether enough is known."""
        if found.part is Part.ACCOUNT:
            self.is_export, self.variant = True, "account"
            self._is_of(found.value)
            return True
        if found.section:
            is_type = found.part is Part.HEADER and found.value[0] == "type" and found.value[1] in (*CHAT_TYPES, None)
            if is_type or (found.part is Part.MESSAGE and looks_like_message(found.value)):
                self.is_export, self.variant = True, "account"
            return self.is_export
        if found.part is Part.HEADER:
            self._header[found.value[0]] = found.value[1]
        elif found.part is Part.MESSAGE:
            self.is_export = self.is_export or looks_like_message(found.value)
            return not self.is_export or self._tells_owner(found.value)
        elif found.part is Part.CHAT_READ:
            kind = self._header.get("type")
            self.is_export = self.is_export or (isinstance(kind, str) and kind in CHAT_TYPES)
        return False

    def _is_of(self, told: Any) -> None:
        try:
            self.accounts = frozenset({account_data(told)["id"]})
        except (UnmappableError, AttributeError):
            return

    def _tells_owner(self, message: Any) -> bool:
        """In a chat of two, whoever is not the other one is the owner. Whether there is nothing more to look for."""
        kind = self._header.get("type")
        if kind not in ("personal_chat", "saved_messages"):
            return True
        if not isinstance(message, dict):
            return False
        sender = message.get("from_id")
        chat = chat_of(self._header, left=False, numbered_as_before=type(sender) is int)
        who = chat.id if kind == "saved_messages" else peer(sender)
        if (
            who is None
            or chat.id is None
            or not who.startswith("user")
            or (who == chat.id) != (kind == "saved_messages")
        ):
            return False
        self.accounts = frozenset({who})
        return True
