"""The seam between the engine and what reads an owner's file: an artifact on one side, an importer on the other.

Above: the engine, which recognises, previews and imports. Below: archives, folders and files (`opening`), and the
importer of each site, a module in its polyfill's folder. An importer turns an artifact into the same messages a
connector sends; it must not know scope, ledger, store, or whether its records will be kept.

Owns: the two Protocols and the values that pass between. Must not know: ZIP, JSON, any site.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol

from polyhost.errors import ErrorCode, RunFailedError
from polyhost.protocol.record_files import DeclaredFile

__all__ = [
    "Artifact",
    "Entry",
    "EntryOf",
    "ImportContext",
    "Importer",
    "Problem",
    "Recognition",
    "UnreadableEntryError",
    "named_once",
    "told_apart",
]


class Entry(NamedTuple):
    """One file of an artifact. `name`: its path inside, with `/`, safe by construction: relative and without `..`.
    `number`: its place in the artifact, the one way to name it that tells nothing of what it holds."""

    number: int
    name: str
    size: int


EntryOf = Callable[[DeclaredFile], Entry | None]
"""Which entry a file of a record is; None where the artifact does not hold it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of the artifact that cannot be used: the rule it breaks, and which entry (None: the whole). `name`:
    what the artifact calls it, which may lead anywhere: to tell what it may have held, never opened, stored or told."""

    rule: str
    number: int | None = None
    name: str = ""


class UnreadableEntryError(RunFailedError):
    """An entry cannot be read to its end. `rule` says why; an importer counts it and goes on with the next."""

    code = ErrorCode.ENTRY_UNREADABLE

    def __init__(self, number: int, rule: str) -> None:
        super().__init__(f"entry {number} cannot be read ({rule})", "Export it again, and import that.")
        self.number = number
        self.rule = rule


class Artifact(Protocol):
    """An owner's file, open for reading. Everything about it is untrusted and bounded."""

    kind: Literal["zip", "folder", "file"]
    name: str
    """The file's own name, without folders. For recognising only: it is never stored."""
    digest: str
    """SHA-256 of the content, so that the same file is known again under any name."""
    truncated: bool
    """The archive ends before it should, or its table is damaged: what is there was found by looking, and there may
    have been more."""

    @property
    def entries(self) -> Sequence[Entry]:
        """Every usable file in it, in its own order."""
        ...

    @property
    def problems(self) -> Sequence[Problem]:
        """What of it is not among the entries, or not under its own name, and why."""
        ...

    def open(self, entry: Entry) -> BinaryIO:
        """A stream of the entry's content. Reading may raise UnreadableEntryError."""
        ...

    def read(self, entry: Entry, limit: int) -> bytes | None:
        """The whole content, verified; None where it is larger than `limit`. UnreadableEntryError: broken."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What an importer makes of an artifact. `format` and `variant` are codes; `accounts`: ids of whose data it is, as
    far as the artifact says, so that two accounts never get mixed into one connection."""

    format: str
    variant: str
    accounts: frozenset[str] = frozenset()

    @property
    def version(self) -> str:
        return f"{self.format}/{self.variant}"


class ImportContext(Protocol):
    """What an importer may ask while it parses. Blocking: parsing happens in a thread of its own."""

    imported_at: str
    """When this import began, ISO 8601 UTC."""

    def partitions(self, stream: str) -> Mapping[str, str | None]:
        """Partitions known so far, with their labels."""
        ...

    def known(self, stream: str, keys: Sequence[str]) -> frozenset[str]:
        """Which of these canonical keys are stored already."""
        ...

    def first(self, stream: str) -> Mapping[str, Any] | None:
        """The content of one stored record of a stream that has a single one, such as the account's own."""
        ...


class Importer(Protocol):
    """One site's reader of owner artifacts. The module in the polyfill's folder offers one as `IMPORTER`."""

    def recognise(self, artifact: Artifact) -> Recognition | None:
        """What it is, from names and a little content; None where it is something else."""
        ...

    def parse(self, artifact: Artifact, context: ImportContext) -> Iterator[dict[str, Any]]:
        """Protocol messages, as a connector would send them, save START and DONE: RECORD, PARTITION_INVENTORY,
        PARTITION_COVERAGE as far as the artifact proves it, PROGRESS, and SKIP_RESULT for what is missing.

        RECORD.emitted_at is the moment the artifact speaks of at the earliest, so that a newer artifact outranks an
        older one whichever is imported first. RefusedError before the first message: the file is refused, and nothing
        is written.
        """
        ...

    def merge(self, stream: str, kept: Mapping[str, Any], brought: Mapping[str, Any]) -> dict[str, Any]:
        """One content out of two of the same record of which neither is newer. Must not depend on their order, so that
        artifacts come to the same records in whichever order they are imported."""
        ...

    def entry_of(self, artifact: Artifact) -> EntryOf:
        """Which entry of this artifact a record's file is, as the manifest declares files (`files` of a stream). Asked
        for once a reading, so that entries are gone through once. The host takes the files; an importer keeps none.

        Where nothing else is said: the entry that is called what the file's `member` says.
        """
        named = {entry.name: entry for entry in named_once(artifact)}
        return lambda file: None if file.member is None else named.get(file.member)


def named_once(artifact: Artifact) -> Iterator[Entry]:
    """Its entries, without those whose path another has too: which of them is meant nobody can say."""
    times = Counter(entry.name for entry in artifact.entries)
    return (entry for entry in artifact.entries if times[entry.name] == 1)


def told_apart(artifact: Artifact, is_media: Callable[[str], bool]) -> tuple[list[Problem], list[Problem]]:
    """Its problems: those of what may have held records, and those of media that cannot be taken. `is_media`: of the
    name that an artifact has for what is no record, whatever is wrong with it."""
    held: list[Problem] = []
    media: list[Problem] = []
    for one in artifact.problems:
        if not one.name or not is_media(one.name.replace("\\", "/")):
            held.append(one)
        elif one.rule != "name_differs":  # it is among the entries, and judged when it is taken
            media.append(one)
    return held, media
