"""What an artifact's records tell of files, taken down while they go by.

Owns: which file of which record is which entry, by the manifest's declaration and the importer's word. Only records of
this artifact may have an entry of it: names such as IMG-0001.jpg stand in many. Must not know: the store, what becomes
of a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from polyhost.artifacts.base import Artifact, EntryOf, Importer
from polyhost.engine.imports._found_files import FoundFile, FoundFiles
from polyhost.protocol.declarations import Manifest
from polyhost.protocol.keys import KeyRuleError, canonical_key
from polyhost.protocol.record_files import DeclaredFile, FileReader, Said, file_rules

__all__ = ["FilesTold"]

_MISSING = "media_missing"


class FilesTold:
    """Of one artifact; `close` it. Used by one thread at a time."""

    def __init__(self, manifest: Manifest, importer: Importer, artifact: Artifact) -> None:
        self.rules = file_rules(manifest)
        self.found = FoundFiles()
        self.missing: Counter[str] = Counter()
        """By stream: what the importer says that the artifact lacks, as often as records name it."""
        self._reader = FileReader(self.rules)
        self._key_fields = {stream.name: len(stream.primary_key) for stream in manifest.streams if stream.files}
        self._importer = importer
        self._artifact = artifact

    def close(self) -> None:
        self.found.close()

    def passing(self, messages: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The messages as they are. Each reading of the artifact begins anew."""
        self.found.clear()
        self.missing.clear()
        entry_of = self._importer.entry_of(self._artifact) if self._key_fields else None
        for message in messages:
            if entry_of is not None:
                self._take_down(message, entry_of)
            yield message

    def _take_down(self, message: Mapping[str, Any], entry_of: EntryOf) -> None:
        stream = message.get("stream")
        if message.get("type") == "RECORD":
            if stream in self._key_fields and message.get("op") != "delete" and isinstance(message.get("data"), dict):
                self._record(stream, message, entry_of)
        elif message.get("type") == "SKIP_RESULT" and message.get("reason") == _MISSING and isinstance(stream, str):
            self.missing[stream] += message.get("count", 1)

    def _record(self, stream: str, message: Mapping[str, Any], entry_of: EntryOf) -> None:
        try:
            key = canonical_key(message.get("key"), self._key_fields[stream])
        except KeyRuleError:
            return  # it will not be stored
        for file in self._reader.read(stream, key, message["data"]).files:
            if not file.is_thumbnail and _is_text(file):
                entry = entry_of(file)
                number = None if entry is None else entry.number
                is_expected = file.said is Said.THERE
                self.found.put(
                    FoundFile(file.identity, stream, number, file.size, file.type, file.name, 1, is_expected)
                )


def _is_text(file: DeclaredFile) -> bool:
    """Halves of letters are in no record that is stored."""
    try:
        f"{file.identity}{file.type}{file.name}".encode()
    except UnicodeEncodeError:
        return False
    return True
