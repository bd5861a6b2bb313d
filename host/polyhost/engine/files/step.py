"""Fetching the files of a connection's records: a step of its own beside a run, whose records are durable by then.

Owns: which file is next, how many at a time, when it is enough, what is said of the rest. Must not know: how one is
fetched (`downloading` does) or kept, pages, surfaces.

Newest first. What becomes of a file is noted as soon as it is known, so that whatever ends the step, the next goes on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, aclosing
from dataclasses import dataclass, field

from polyhost.browser.site_access import SiteAccess
from polyhost.coverage.file_totals import FilesTaken, FileTotals, file_totals
from polyhost.engine import events
from polyhost.engine.events import Watcher
from polyhost.engine.files.boundary import counts_inside, inside
from polyhost.engine.files.indexing import catch_up_files
from polyhost.engine.files.wanted import FilesWanted
from polyhost.ledger.files import FileReason, FileState, is_given_up
from polyhost.protocol.diagnostics import Diagnostic, DiagnosticCode, Severity
from polyhost.protocol.record_files import FileRules
from polyhost.protocol.scope import Scope
from polyhost.store.base import FileCount, FileQuery, FileResult, FileRow, Store

__all__ = ["Fetch", "FileStep", "FilesEnded", "missing_files", "totals_of"]

AT_ONCE = 4
"""Files fetched at the same time: what a browser asks of one host, less what its page needs."""
_IN_FLIGHT = 64
"""Files that have come and are not noted yet, with those that are fetched: each has a file of the process open."""
_PAGE = 200
_IN_TURN = (FileState.TO_COME, FileState.OVER_LIMIT, FileState.REFUSED)
"""What was refused is asked for again, after all that was not."""
_OPEN = frozenset({FileState.TO_COME, FileState.REFUSED})
"""States of files that somebody may still bring."""

Fetch = Callable[[FileRow, int, Callable[[int], None]], Awaitable[FileResult]]
"""Fetches one, of so many bytes at most; whatever became of it is noted in the store by then. What it is given last is
told how many bytes came, once nothing more is asked of the site for it."""
OpenFetch = Callable[[SiteAccess], AbstractAsyncContextManager[Fetch]]


@dataclass(frozen=True, slots=True)
class FilesEnded:
    """What the step came to."""

    taken: FilesTaken
    diagnostics: Sequence[Diagnostic] = ()


@dataclass(slots=True, kw_only=True)
class FileStep:
    """That of one run, inside its boundary. `open_fetch`: fetches with what the run's page had to ask with."""

    wanted: FilesWanted
    scope: Scope
    rules: FileRules
    open_fetch: OpenFetch
    _files: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    _came: int = field(default=0, init=False)
    """Bytes, of files that are not all noted yet."""
    _left: int = field(default=0, init=False)

    async def fetch(self, store: Store, connection_id: int, access: SiteAccess, watch: Watcher) -> None:
        """Fetch what is wanted, until nothing more is or the budget is used up; to be cancelled at any time. An error
        that is no file's own, such as a full disk, ends all of it."""
        await catch_up_files(store, connection_id, self.rules)
        self._left = await self._how_many(store, connection_id)
        async with self.open_fetch(access) as fetch, aclosing(self._queue(store, connection_id)) as queue:
            fetching, flying = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(_IN_FLIGHT)
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await flying.acquire()
                    await fetching.acquire()
                    row = await anext(queue, None) if self._came < self.wanted.budget else None
                    if row is None:
                        break
                    task = tasks.create_task(self._one(fetch, row, fetching, watch))
                    task.add_done_callback(lambda _: flying.release())

    async def ended(self, store: Store, connection_id: int) -> FilesEnded:
        """What it has come to by now."""
        counts = await store.files.count(connection_id)
        taken = FilesTaken(taken=self._files, bytes=self._bytes, known=totals_of(counts))
        asked_for = await counts_inside(store, connection_id, self.scope, counts, _OPEN)
        return FilesEnded(taken, missing_files(asked_for))

    async def _one(self, fetch: Fetch, row: FileRow, fetching: asyncio.Semaphore, watch: Watcher) -> None:
        with ExitStack() as others:  # may begin then
            others.callback(fetching.release)

            def came(size: int) -> None:
                self._came += size
                others.close()

            result = await fetch(row, self.wanted.max_size, came)
        self._left = max(0, self._left - 1)
        if result.state is FileState.HERE and result.content is not None:
            self._files += 1
            self._bytes += result.content.size
            watch(events.FilesTaken(self._files, self._bytes, self._left))

    async def _queue(self, store: Store, connection_id: int) -> AsyncGenerator[FileRow]:
        """Each once: a file that is here leaves its state behind the place that the pages go on from."""
        tried: set[int] = set()
        for state in _IN_TURN:
            after: str | None = None
            while True:
                query = FileQuery(states=frozenset({state}), thumbnails=False, after=after, limit=_PAGE)
                page = await store.files.find(connection_id, query)
                for row in await inside(store, connection_id, page.files, self.scope):
                    if row.id not in tried and self._may_be_had(row):
                        tried.add(row.id)
                        yield row
                if (after := page.next) is None:
                    break

    def _may_be_had(self, row: FileRow) -> bool:
        """Of the wanted types, somewhere to be asked for, and neither known to be too large all the same, nor to come
        as something else every time."""
        facts = row.facts
        if facts.address is None or not self.wanted.is_of_type(facts):
            return False
        if is_given_up(facts) and not self.wanted.again:
            return False
        return facts.state is not FileState.OVER_LIMIT or facts.size is None or facts.size <= self.wanted.max_size

    async def _how_many(self, store: Store, connection_id: int) -> int:
        counts = await store.files.count(connection_id)
        to_come = await counts_inside(store, connection_id, self.scope, counts, frozenset({FileState.TO_COME}))
        return sum(one.files for one in to_come if not one.is_thumbnail)


def totals_of(counts: Sequence[FileCount]) -> FileTotals:
    """Of all streams."""
    return file_totals((str(one.state), one.files, one.bytes) for one in counts if not one.is_thumbnail)


def missing_files(counts: Sequence[FileCount]) -> list[Diagnostic]:
    """What was asked for and is not here, by stream: a gap where another run, or the owner, may close it. What the
    source has not got, or was not asked for, is none."""
    why: dict[str, Counter[str]] = {}
    for one in counts:
        open_still = one.state is FileState.REFUSED or (one.state is FileState.TO_COME and one.reason is not None)
        if open_still and not one.is_thumbnail and one.reason is not FileReason.NOT_IN_FILE:
            why.setdefault(one.stream, Counter())[str(one.reason)] += one.files
    return [
        Diagnostic(
            code=DiagnosticCode.MEDIA_MISSING,
            severity=Severity.GAP,
            stream=stream,
            count=sum(reasons.values()),
            message=f"Files could not be fetched ({_told(reasons)}).",
            recovery_hint="retry_by_runtime",
        )
        for stream, reasons in why.items()
    ]


def _told(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason.replace('_', ' ')}: {count:,}" for reason, count in reasons.most_common())
