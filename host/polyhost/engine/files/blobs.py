"""Files that a connector hands over beside its records (BLOB): from the run's spool into the home, and linked to the
records that name them.

Owns: that a file waits until its record is durable, what is checked of it, how much of all that a run takes, what is
said of the rest. Must not know: the message, processes, how contents are kept.

A file is of every record that names its SHA-256, whether that came before it or after, in this run or an earlier one.
Until one is stored, its bytes stay in the spool; what nobody has named by the end of the run goes with that. So bytes
get into the home only for records that are there, and whatever ends a run leaves none that nobody holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from polyhost.coverage.file_totals import FilesTaken
from polyhost.engine import events
from polyhost.engine.clock import Clock
from polyhost.engine.events import Watcher
from polyhost.engine.files.boundary import inside
from polyhost.engine.files.indexing import catch_up_files
from polyhost.engine.files.step import FilesEnded, missing_files, totals_of
from polyhost.engine.files.wanted import FilesWanted
from polyhost.errors import ErrorCode, RunFailedError
from polyhost.files.contents import Contents
from polyhost.files.kinds import judge
from polyhost.files.partial import Origin, Partial
from polyhost.files.settling import settle
from polyhost.files.spool import Spool
from polyhost.ledger.files import Content, FileFacts, FileReason, FileState
from polyhost.protocol.blob_message import Blob
from polyhost.protocol.diagnostics import Diagnostic, DiagnosticCode, Severity
from polyhost.protocol.record_files import FileRules, blob_identity
from polyhost.protocol.scope import Scope
from polyhost.store.base import FileQuery, FileResult, FileRow, Store

__all__ = ["BlobStep"]

AT_ONCE = 16
"""Files that are noted together: so many are open, and brought to the disk before anybody waits for the lock."""
MAX_WAITING = 1_000
"""Files whose record has not come: the record comes next to its file, so that these are far too many."""
MAX_WAITING_BYTES = 1 << 30
"""Of those, on the disk. One more is not taken."""
_PAGE = 500


class _Found(NamedTuple):
    blob: Blob
    row: FileRow


@dataclass(slots=True, kw_only=True)
class BlobStep:
    """That of one run. `wanted`: how large a file, and how many bytes in all, are taken."""

    store: Store
    connection_id: int
    clock: Clock
    contents: Contents
    spool: Spool
    rules: FileRules
    wanted: FilesWanted
    watch: Watcher
    _waiting: list[Blob] = field(default_factory=list[Blob], init=False)
    _waiting_bytes: int = field(default=0, init=False)
    _taken: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    _too_many: int = field(default=0, init=False)
    _over_budget: int = field(default=0, init=False)
    _unnamed: int = field(default=0, init=False)

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """The spool is there as long as this. RunFailedError where the home takes none."""
        try:
            await asyncio.to_thread(self.spool.open)
        except OSError as error:
            raise _no_room(error) from error
        try:
            yield
        finally:
            await asyncio.to_thread(self.spool.close)

    async def take(self, blobs: Sequence[Blob]) -> None:
        """These were handed over. Those whose records are stored by now are taken; one too many is dropped, and
        counted. RunFailedError where the home takes no more."""
        for blob in blobs:
            await self._await_record(blob)
        await self._link()

    async def _await_record(self, blob: Blob) -> None:
        if len(self._waiting) >= MAX_WAITING or self._waiting_bytes + blob.size > MAX_WAITING_BYTES:
            self._too_many += 1
            await asyncio.to_thread(self.spool.drop, blob.file)
            return
        self._waiting.append(blob)
        self._waiting_bytes += blob.size

    async def _link(self) -> None:
        if not self._waiting:
            return
        await catch_up_files(self.store, self.connection_id, self.rules)
        identities = [blob_identity(blob.digest) for blob in self._waiting]
        rows = await self.store.files.by_identity(self.connection_id, identities)
        found = [
            _Found(blob, row) for blob in self._waiting if (row := rows.get(blob_identity(blob.digest))) is not None
        ]
        self._waiting = [blob for blob in self._waiting if blob_identity(blob.digest) not in rows]
        self._waiting_bytes = sum(blob.size for blob in self._waiting)
        try:
            for start in range(0, len(found), AT_ONCE):
                await self._take(found[start : start + AT_ONCE])
        except OSError as error:
            raise _no_room(error) from error

    async def end(self, said_all: Scope | None) -> None:
        """Nothing more comes. `said_all`: the scope of a run that said all there is of it; what a record in it names
        and was not handed over is noted."""
        await self._link()
        self._unnamed += len(self._waiting)
        self._waiting.clear()
        if said_all is not None and not self._over_budget and not self._too_many:
            await self._note_not_sent(said_all)

    async def ended(self) -> FilesEnded:
        """What it has come to."""
        counts = await self.store.files.count(self.connection_id)
        taken = FilesTaken(taken=self._taken, bytes=self._bytes, known=totals_of(counts))
        return FilesEnded(taken, [*self._told(), *missing_files(counts)])

    async def _take(self, group: Sequence[_Found]) -> None:
        """All of these, in one transaction. What is here, or not wanted, is passed by."""
        written: list[tuple[FileRow, Partial]] = []
        results: list[FileResult] = []
        done: set[int] = set()
        size = 0
        try:
            for blob, row in group:
                if row.id in done or not self._is_wanted(row.facts):
                    continue
                outcome = await self._judged(blob, row.facts, size)
                if isinstance(outcome, Partial):
                    written.append((row, outcome))
                    done.add(row.id)
                    size += blob.size
                elif outcome is not None:
                    results.append(FileResult(row.id, *outcome, self.clock.iso()))
            await self._keep(written, results)
        finally:
            for _, partial in written:
                await asyncio.to_thread(partial.discard)
        for blob, _ in group:
            await asyncio.to_thread(self.spool.drop, blob.file)

    async def _judged(
        self, blob: Blob, facts: FileFacts, in_hand: int
    ) -> Partial | tuple[FileState, FileReason] | None:
        """Its bytes, whole and of the right kind, or what becomes of the file without them; None: nothing."""
        if blob.size > self.wanted.max_size:
            return FileState.OVER_LIMIT, FileReason.TOO_LARGE
        if self._bytes + in_hand >= self.wanted.budget:
            self._over_budget += 1
            return None
        if facts.size not in (None, blob.size):
            return FileState.REFUSED, FileReason.WRONG_SIZE
        written = await asyncio.to_thread(self._written, blob, facts)
        if not isinstance(written, FileReason):
            return written
        return FileState.TO_COME if written is FileReason.NOT_SENT else FileState.REFUSED, written

    def _written(self, blob: Blob, facts: FileFacts) -> Partial | FileReason:
        """Nothing is left of any that speaks against itself. In a thread."""
        partial = self.contents.partial(f"blob {self.connection_id} {blob.digest}")
        is_good = False
        try:
            partial.begin(Origin.of(""))
            reason = self._objection(blob, facts, partial)
            if reason is not None:
                return reason
            is_good = True
            return partial
        finally:
            if not is_good:
                partial.discard()

    def _objection(self, blob: Blob, facts: FileFacts, partial: Partial) -> FileReason | None:
        has_size = self.spool.copy(blob.file, blob.size, partial)
        if has_size is None:
            return FileReason.NOT_SENT
        if not has_size:
            return FileReason.WRONG_SIZE
        if partial.digest != blob.digest:
            return FileReason.WRONG_DIGEST
        return judge(facts.type or blob.type, facts.name, partial.sniff())

    async def _keep(self, written: Sequence[tuple[FileRow, Partial]], refused: Sequence[FileResult]) -> None:
        if not written:
            if refused:
                await self.store.files.save(self.connection_id, refused)
            return
        results = [*refused]

        async def note(kept: Sequence[Content]) -> None:
            at = self.clock.iso()
            for (row, _), content in zip(written, kept, strict=True):
                results.append(FileResult(row.id, FileState.HERE, None, at, content))
            await self.store.files.save(self.connection_id, results)

        await settle(self.contents, [partial for _, partial in written], note)
        for result in results:
            if result.content is not None:
                self._taken += 1
                self._bytes += result.content.size
        self.watch(events.FilesTaken(self._taken, self._bytes, len(self._waiting)))

    def _is_wanted(self, facts: FileFacts) -> bool:
        if not self.wanted.is_of_type(facts):
            return False
        is_here = facts.state is FileState.HERE and facts.content is not None
        return not (is_here and facts.content and self.contents.path(facts.content.digest).exists())

    async def _note_not_sent(self, scope: Scope) -> None:
        """Files that only their connector can bring, that were wanted, and that nothing has been said of."""
        await catch_up_files(self.store, self.connection_id, self.rules)
        after: str | None = None
        while True:
            query = FileQuery(states=frozenset({FileState.TO_COME}), thumbnails=False, after=after, limit=_PAGE)
            page = await self.store.files.find(self.connection_id, query)
            silent = [row for row in page.files if row.facts.address is None and row.facts.reason is None]
            wanted = [row for row in silent if self._is_wanted(row.facts)]
            missing = await inside(self.store, self.connection_id, wanted, scope)
            at = self.clock.iso()
            results = [FileResult(row.id, FileState.TO_COME, FileReason.NOT_SENT, at) for row in missing]
            if results:
                await self.store.files.save(self.connection_id, results)
            if (after := page.next) is None:
                return

    def _told(self) -> list[Diagnostic]:
        """What was handed over and is not here, for no fault of a file's own."""
        counted = (
            (self._unnamed, Severity.INFO, "were not kept: no record that is stored names them (blob_of_no_record)."),
            (self._too_many, Severity.GAP, "were not taken: too many came without their records (blobs_waiting)."),
            (
                self._over_budget,
                Severity.GAP,
                "were not taken: the run had all it may (files.per_run); run --full asks again.",
            ),
        )
        return [
            Diagnostic(
                code=DiagnosticCode.MEDIA_MISSING,
                severity=severity,
                count=count,
                message=f"Files that were handed over {words}",
                recovery_hint="retry_by_runtime",
            )
            for count, severity, words in counted
            if count
        ]


def _no_room(error: OSError) -> RunFailedError:
    return RunFailedError(
        f"The home does not take the files: {error.strerror or 'it cannot be written to'}",
        "Make room, and run it again; what came is kept.",
        code=ErrorCode.DISK_FULL,
    )
