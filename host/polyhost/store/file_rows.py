"""What a store keeps of files, as it hands it out and takes it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyhost.ledger.files import Content, FileFacts, FileReason, FileState

__all__ = ["EVERY_FILE", "FileCount", "FilePage", "FileQuery", "FileResult", "FileRow", "RecordFile"]


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of one connection, by its number."""

    id: int
    facts: FileFacts


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file in a record that holds it. `partition`: of the record."""

    file: FileRow
    stream: str
    key: str
    partition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuery:
    """What is asked for: None, and no states, is everything. `types`: beginnings of what the source says that a file
    is (`image/`); one without a type is none of them. `after`: the `next` of the page before."""

    states: frozenset[FileState] = frozenset()
    types: Sequence[str] = ()
    thumbnails: bool | None = None
    partition: str | None = None
    after: str | None = None
    limit: int = 100


EVERY_FILE = FileQuery()


@dataclass(frozen=True, slots=True)
class FilePage:
    """`next`: where to go on; None on the last page."""

    files: Sequence[FileRow]
    next: str | None


@dataclass(frozen=True, slots=True)
class FileCount:
    """`bytes`: of those that are here what they have, of others what the source says."""

    stream: str
    is_thumbnail: bool
    state: FileState
    reason: FileReason | None
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one, see `was_tried`. `content`: its bytes are in the home already."""

    file_id: int
    state: FileState
    reason: FileReason | None
    at: str
    content: Content | None = None
