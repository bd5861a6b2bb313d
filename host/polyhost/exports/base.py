"""What a format is given and what it has to do: rows in reading order, stream by stream, into one folder.

Owns: these types. Must not know: stores, connections, where the folder goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from polyhost.protocol.media_kinds import MediaKind
from polyhost.text.tree import Document, Namer

__all__ = ["META", "MakeWriter", "Plan", "Row", "RowFile", "StreamPlan", "Writer"]

META = ("_key", "_partition", "_label", "_author", "_time", "_version", "_deleted", "_current")
"""Columns every table has before the source's own, in order; underlined, so that they never meet a field of a
source."""


_PAGES = frozenset({"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/xml"})
_RUN_BY_NAME = frozenset(
    {
        "html",
        "htm",
        "shtml",
        "shtm",
        "ehtml",
        "xhtml",
        "xhtm",
        "xht",
        "xml",
        "xsl",
        "xslt",
        "svg",
        "svgz",
        "mht",
        "mhtml",
    }
    | {"hta", "js", "mjs", "vbs", "jse", "wsf", "url", "webloc", "desktop", "lnk", "jar", "webarchive"}
)


def _nobody(_kind: str, _key: str) -> None:
    """Nobody is known by name."""


class RowFile(NamedTuple):
    """One file of a record. `path`: where it lies in the export, relative to its folder; None where it is not here, and
    `why` says why. `kind`: how a page may show it, by its bytes."""

    id: int
    name: str | None
    type: str | None
    size: int | None
    kind: MediaKind
    state: str
    why: str | None
    digest: str | None
    path: str | None

    @property
    def called(self) -> str:
        """Its name, in words where it has none."""
        return self.name or "a file without a name"

    @property
    def opens(self) -> bool:
        """Whether a page may lead to it: what a browser that opens it from the disk would run, by its name or by its
        bytes, is named with its place only."""
        if self.path is None or self.type in _PAGES:
            return False
        return self.path.rpartition(".")[2].lower() not in _RUN_BY_NAME


class Row(NamedTuple):  # a tuple: one for every record
    """One record, or (`current` False) what one was before. `data` None: nothing is known but that it was deleted.

    `time` is ISO 8601 or None; `label` the partition's name; `author` the name of whoever the record says it is from;
    `name`: its own, where it has one;
    `member`: it hangs on the head that came before it. `body`: its texts, by where they stand, what says most first.
    `files`: those it holds, where files were asked for. `document`: what it says, where its source says how it reads,
    and `names` of whom that mentions.
    """

    stream: str
    key: str
    partition: str | None
    label: str | None
    author: str | None
    name: str | None
    time: str | None
    data: Mapping[str, Any] | None
    emitted_at: str
    version: int
    deleted: bool
    current: bool
    batch_id: str
    sequence: int
    member: bool
    body: Sequence[tuple[str, str]]
    files: Sequence[RowFile] = ()
    document: Document = ()
    names: Namer = _nobody

    def meta(self) -> tuple[str | int | bool | None, ...]:
        """Values of `META`."""
        return (
            self.key,
            self.partition,
            self.label,
            self.author,
            self.time,
            self.version,
            self.deleted,
            self.current,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """`columns`: the fields its schema declares, in order, each with whether it is a number."""

    name: str
    title: str
    description: str
    columns: Mapping[str, bool]
    partitioned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`part`: which of a folder's parts this is, from 1. `statement`: what the whole is worth, in sentences."""

    connection: str
    streams: Sequence[StreamPlan]
    part: int
    statement: Sequence[str] = ()
    with_files: bool = False

    def stream(self, name: str) -> StreamPlan:
        return next(stream for stream in self.streams if stream.name == name)

    def file_name(self, stream: str, ending: str) -> str:
        """`messages.jsonl`; of a later part `messages.0002.jsonl`."""
        return f"{stream}.{ending}" if self.part == 1 else f"{stream}.{self.part:04d}.{ending}"


class Writer(Protocol):
    """Called by one thread at a time. Rows of one stream come together; of one partition too, by position."""

    def add(self, rows: Sequence[Row]) -> None: ...

    def finish(self) -> None:
        """Everything is in the folder's files, closed."""
        ...

    def abandon(self) -> None:
        """Let go of open files; what is in them does not matter any more."""
        ...


class MakeWriter(Protocol):
    def __call__(self, folder: Path, plan: Plan) -> Writer: ...
