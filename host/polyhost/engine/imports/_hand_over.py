"""Files of an artifact, handed over: from its entries into the home, once its records are durable.

Owns: which entries are taken, what speaks against one, what is noted of each, and what the import is still without.
Must not know: archives, which entry is whose file (`FilesTold`), how contents are kept.

Whatever ends it, no half file is left behind, and importing the same artifact again goes on: what is here is passed by.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from polyhost.artifacts.base import Artifact, Entry, UnreadableEntryError
from polyhost.coverage.file_totals import FilesTaken
from polyhost.engine import events
from polyhost.engine.files.indexing import catch_up_files
from polyhost.engine.files.step import totals_of
from polyhost.engine.files.wanted import FilesWanted
from polyhost.engine.imports._files_told import FilesTold
from polyhost.engine.imports._found_files import FoundFile
from polyhost.engine.run.collect import RunContext
from polyhost.errors import ErrorCode, RunFailedError
from polyhost.files.contents import Contents
from polyhost.files.kinds import judge
from polyhost.files.partial import Origin, Partial
from polyhost.files.settling import MOST_BYTES, MOST_TOGETHER, settle
from polyhost.ledger.files import Content, FileFacts, FileReason, FileState
from polyhost.store.base import FileResult, FileRow

__all__ = ["HandOver", "TakeFiles", "files_to_take"]

_PAGE = 500
_AT_ONCE = 1 << 20
_NOT_HERE = frozenset({FileState.TO_COME, FileState.REFUSED, FileState.OVER_LIMIT})
"""States that an entry which cannot be taken says something about; of the others the source has said more."""


@dataclass(frozen=True, slots=True)
class TakeFiles:
    """That files are asked for, which, and where they are kept."""

    wanted: FilesWanted
    contents: Contents


@dataclass(slots=True)
class _Whole:
    """An entry, all of whose bytes are here, and the files that are it."""

    number: int
    partial: Partial
    type: str
    rows: list[FileRow]


class _Cancelled(Exception):  # noqa: N818  not an error
    """Its owner wants it to end."""


@dataclass(slots=True, kw_only=True)
class HandOver:
    """That of one import. `is_preview`: count, and write nothing."""

    take: TakeFiles
    told: FilesTold
    artifact: Artifact
    around: RunContext
    connection_id: int
    is_preview: bool
    missing: Counter[str] = field(default_factory=Counter[str])
    """By stream: what the artifact names and nobody has, however often it is named."""
    _files: int = 0
    _bytes: int = 0
    _left: int = 0
    _entries: dict[int, Entry] = field(default_factory=dict[int, Entry])
    _last: tuple[int, Content] | None = None
    """The entry that was kept last, and as what: many files may be one entry."""
    _whole: list[_Whole] = field(default_factory=list["_Whole"])
    """What was taken out of the artifact and is not kept yet, in the order of entries."""

    async def run(self) -> bool:
        """Take what is wanted; False where it was cancelled. RunFailedError where the home takes no more."""
        if not self.is_preview:
            await catch_up_files(self.around.store, self.connection_id, self.told.rules)
        self.missing = Counter(self.told.missing)
        self._left = self.told.found.held
        self._entries = {entry.number: entry for entry in self.artifact.entries}
        try:
            await self._pages()
        except _Cancelled:
            return False
        except OSError as error:
            raise RunFailedError(
                f"The home does not take the files: {error.strerror or 'it cannot be written to'}",
                "Make room, and import the file again; what came is kept.",
                code=ErrorCode.DISK_FULL,
            ) from error
        finally:
            await asyncio.to_thread(_discard, self._whole)
        return True

    async def ended(self) -> FilesTaken:
        """What it has come to by now."""
        counts = await self.around.store.files.count(self.connection_id)
        taken = FilesTaken(taken=self._files, bytes=self._bytes, known=totals_of(counts))
        if self.is_preview:
            taken["preview"] = True
        return taken

    async def _pages(self) -> None:
        try:
            for page in self.told.found.pages(_PAGE):
                await self._page(page)
        except (_Cancelled, OSError):
            await self._keep()  # what came whole
            raise

    async def _page(self, page: Sequence[FoundFile]) -> None:
        rows = await self.around.store.files.by_identity(self.connection_id, [file.identity for file in page])
        for file in page:
            if self.around.cancelled.is_set():
                raise _Cancelled
            row = rows.get(file.identity)
            if file.entry is None:
                await self._without_entry(file, row)
            else:
                self._left -= 1
                await self._with_entry(file, self._entries[file.entry], row)
        await self._keep()

    async def _without_entry(self, file: FoundFile, row: FileRow | None) -> None:
        """The importer has counted it as missing."""
        if row is None:
            return
        if self._is_here(row.facts):
            if file.is_expected:
                self.missing[file.stream] -= file.times
        elif row.facts.address is None and row.facts.state is FileState.TO_COME and row.facts.reason is None:
            await self._note(row, FileState.TO_COME, FileReason.NOT_IN_FILE)

    async def _with_entry(self, file: FoundFile, entry: Entry, row: FileRow | None) -> None:
        facts = _facts(file) if row is None else row.facts
        if row is None and not self.is_preview:
            return  # its record was not stored, or is deleted
        if self._is_here(facts) or not self.take.wanted.is_of_type(facts):
            return
        if None not in (file.size, facts.size) and file.size != facts.size:
            return  # the record has changed since, and so has its file
        reason = self._objection(entry, facts)
        if reason is None and self.is_preview:
            self._took(entry.size)
        elif reason is None and row is not None:
            reason = await self._kept(entry, row)
        if reason is None:
            return
        if reason is not FileReason.TOO_LARGE:
            self.missing[file.stream] += file.times
        if row is not None:
            await self._note_objection(row, reason)

    def _objection(self, entry: Entry, facts: FileFacts) -> FileReason | None:
        """What speaks against an entry before it is read."""
        if entry.size > self.take.wanted.max_size:
            return FileReason.TOO_LARGE
        return None if facts.size in (None, entry.size) else FileReason.WRONG_SIZE

    async def _kept(self, entry: Entry, row: FileRow) -> FileReason | None:
        """Keep the entry, and note it as this file; what speaks against it otherwise."""
        if self._whole and self._whole[-1].number == entry.number:
            reason = judge(row.facts.type, row.facts.name, self._whole[-1].type)
            if reason is None:
                self._whole[-1].rows.append(row)
            return reason
        if self._last is not None and self._last[0] == entry.number:
            return await self._kept_again(self._last[1], row)
        written = await asyncio.to_thread(self._written, entry, row.facts)
        if isinstance(written, FileReason):
            return written
        self._whole.append(_Whole(entry.number, written, written.sniff(), [row]))
        if len(self._whole) >= MOST_TOGETHER or sum(one.partial.size for one in self._whole) >= MOST_BYTES:
            await self._keep()
        return None

    async def _keep(self) -> None:
        """All that waits, and note whose it is."""
        whole, self._whole = self._whole, []
        if not whole:
            return

        async def note(kept: Sequence[Content]) -> None:
            at = self.around.clock.iso()
            await self.around.store.files.save(
                self.connection_id,
                [
                    FileResult(row.id, FileState.HERE, None, at, content)
                    for one, content in zip(whole, kept, strict=True)
                    for row in one.rows
                ],
            )

        try:
            kept = await settle(self.take.contents, [one.partial for one in whole], note)
        finally:
            await asyncio.to_thread(_discard, whole)
        self._last = (whole[-1].number, kept[-1])
        sizes = [content.size for one, content in zip(whole, kept, strict=True) for _ in one.rows]
        for number, size in enumerate(sizes, 1):
            self._took(size, behind=len(sizes) - number)

    async def _kept_again(self, content: Content, row: FileRow) -> FileReason | None:
        reason = judge(row.facts.type, row.facts.name, content.type)
        if reason is None:
            await self._note(row, FileState.HERE, None, content)
            self._took(content.size)
        return reason

    def _written(self, entry: Entry, facts: FileFacts) -> Partial | FileReason:
        """All bytes of the entry, whole and of the right kind; nothing is left of any other. Blocks."""
        partial = self.take.contents.partial(f"import {self.artifact.digest} {entry.number}")
        is_good = False
        try:
            partial.begin(Origin.of(""))
            reason = self._copied(entry, partial) or judge(facts.type, facts.name, partial.sniff())
            if reason is not None:
                return reason
            is_good = True
            return partial
        finally:
            if not is_good:
                partial.discard()

    def _copied(self, entry: Entry, partial: Partial) -> FileReason | None:
        stream = self.artifact.open(entry)
        while True:
            if self.around.cancelled.is_set():
                raise _Cancelled
            try:
                data = stream.read(_AT_ONCE)
            except (UnreadableEntryError, OSError):
                return FileReason.BROKEN_ENCODING
            if partial.size + len(data) > entry.size:
                return FileReason.WRONG_SIZE
            if not data:
                return None if partial.size == entry.size else FileReason.WRONG_SIZE
            partial.write(data)

    def _is_here(self, facts: FileFacts) -> bool:
        """As far as that can be told without reading it."""
        if facts.state is not FileState.HERE or facts.content is None:
            return False
        return self.take.contents.path(facts.content.digest).exists()

    def _took(self, size: int, *, behind: int = 0) -> None:
        """`behind`: files that were taken with it, and are not counted yet."""
        self._files += 1
        self._bytes += size
        self.around.watch(events.FilesTaken(self._files, self._bytes, max(0, self._left) + behind))

    async def _note_objection(self, row: FileRow, reason: FileReason) -> None:
        """A file that a run may fetch stays to come; one that only an artifact can bring was refused in it."""
        facts = row.facts
        if reason is FileReason.TOO_LARGE and facts.state in _NOT_HERE:
            await self._note(row, FileState.OVER_LIMIT, reason)
        elif facts.address is None and facts.state in _NOT_HERE:
            await self._note(row, FileState.REFUSED, reason)
        elif facts.state is FileState.TO_COME:
            await self._note(row, FileState.TO_COME, reason)

    async def _note(
        self, row: FileRow, state: FileState, reason: FileReason | None, content: Content | None = None
    ) -> None:
        if not self.is_preview:
            result = FileResult(row.id, state, reason, self.around.clock.iso(), content)
            await self.around.store.files.save(self.connection_id, [result])


def _discard(whole: Sequence[_Whole]) -> None:
    """Nothing, of those that were kept."""
    for one in whole:
        one.partial.discard()


async def files_to_take(told: FilesTold, around: RunContext, connection_id: int) -> int:
    """How many files the artifact holds that are not here, as far as that is known without being asked for any."""
    count = 0
    for page in told.found.pages(_PAGE):
        held = [file.identity for file in page if file.entry is not None]
        if not held:
            break  # those without an entry come last
        rows = await around.store.files.by_identity(connection_id, held)
        count += sum(1 for one in held if one not in rows or rows[one].facts.state is not FileState.HERE)
    return count


def _facts(file: FoundFile) -> FileFacts:
    """Of a file that nothing is known of but what its record says."""
    told = FileFacts(identity=file.identity, is_thumbnail=False, stream=file.stream, state=FileState.TO_COME)
    return replace(told, name=file.name, type=file.type, size=file.size)
