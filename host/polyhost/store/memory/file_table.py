"""Which files one connection's records hold, and what is known of each.

Must not know: what a file is in a record (the rules say), what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from polyhost.ledger.files import FileFacts, met
from polyhost.protocol.record_files import FileReader
from polyhost.store.base import StoredRecord

__all__ = ["FileTable"]


@dataclass(slots=True)
class FileTable:
    """The files of one connection, by number; and which record holds which."""

    rules: str = ""
    through: int = 0
    facts: dict[int, FileFacts] = field(default_factory=dict[int, FileFacts])
    held: dict[tuple[str, str], list[int]] = field(default_factory=dict[tuple[str, str], list[int]])

    def take_in(self, reader: FileReader, record: StoredRecord, number: Iterator[int]) -> None:
        of = (record.stream, record.key)
        self.held.pop(of, None)
        if record.deleted or record.data is None:
            return
        by_identity = {(facts.identity, facts.is_thumbnail): file_id for file_id, facts in self.facts.items()}
        found = reader.read(record.stream, record.key, record.data)
        for file in found.files:
            file_id = by_identity.get((file.identity, file.is_thumbnail))
            known = None if file_id is None else self.facts[file_id]
            file_id = next(number) if file_id is None else file_id
            self.facts[file_id] = met(known, record.stream, file, found.moment)
            self.held.setdefault(of, []).append(file_id)

    def forget_orphans(self) -> None:
        kept = {file_id for files in self.held.values() for file_id in files}
        self.facts = {file_id: facts for file_id, facts in self.facts.items() if file_id in kept}
