"""Trial runs: a connector is run by the real engine into a store in memory, as often as a check needs.

Owns: making a connector anew for each run, the bound on a run's time, reading back what a run has stored. Must not
know: what is checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from polyhost.connectors.base import Connector
from polyhost.engine.clock import Clock
from polyhost.engine.development.observed import Observed
from polyhost.engine.events import Answer, Watcher, ignore
from polyhost.engine.files.blobs import BlobStep
from polyhost.engine.files.wanted import FilesWanted
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.run.result_json import RunResult
from polyhost.engine.sources.answers import answering
from polyhost.engine.sources.expected_records import expected_records
from polyhost.errors import ErrorCode, Failure, RunFailedError
from polyhost.files.contents import Contents
from polyhost.files.spool import Spool
from polyhost.protocol.diagnostics import FINISHED
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.record_files import file_rules
from polyhost.protocol.scope import Scope
from polyhost.protocol.scope_request import resolve_request
from polyhost.store.base import ConnectionRow, Store
from polyhost.store.memory import MemoryStore

__all__ = ["LONGEST_RUN_SECONDS", "Bench", "Ran", "Trial"]

LONGEST_RUN_SECONDS = 600.0
"""A trial run that takes longer is ended: a check is made at a desk or in CI, over a source that is small."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a trial run ended, and what its connector really said."""

    result: RunResult
    seen: Observed

    @property
    def status(self) -> str:
        return self.result["status"]

    @property
    def error(self) -> Failure:
        return self.result.get("error", Failure(code="", reason="", instruction=""))

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    def counted(self, *kinds: str) -> int:
        """Records of these kinds (new, updated, deleted, …) over all streams."""
        return sum(counts.get(kind, 0) for counts in self.result["streams"].values() for kind in kinds)


@dataclass(slots=True, kw_only=True)
class Bench:
    """What is tried, and how a connector for it is made."""

    manifest: Manifest
    make: Callable[[], Connector]
    answer: Answer
    answers: Sequence[Mapping[str, Any]] = ()
    """What a recording says that its owner answered: said again in each run, before `answer` is asked."""
    watch: Watcher = ignore
    recorded: bool = False
    request: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a run asks for that is not narrowed further."""
    prepare: Callable[[Store, ConnectionRow], Awaitable[None]] | None = None
    """Fills the store of each trial before its first run: with what earlier runs left."""
    clock: Clock = field(default_factory=Clock)
    taking: tuple[Contents, Spool] | None = None
    """Where files go that it hands over, and where it puts them before."""


class Trial:
    """A store of its own, and runs into it, one after the other."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._store: Store = MemoryStore()
        self._row: ConnectionRow | None = None

    async def run(self, request: Any = None, *, full: bool = False, kill_after: int | None = None) -> Ran:
        """One run. RefusedError where it cannot start; RunFailedError `too_long` where it does not end."""
        bench = self._bench
        scope = resolve_request(bench.manifest, bench.request if request is None else request)
        seen = Observed(bench.make(), bench.manifest, scope, kill_after=kill_after)
        what = Collection(
            connection=await self._connection(),
            manifest=bench.manifest,
            scope=scope,
            connector=seen,
            blobs=await self._blobs(),
            full=full,
            recorded=bench.recorded,
        )
        around = RunContext(
            store=self._store, clock=bench.clock, watch=bench.watch, answer=answering(bench.answers, bench.answer)
        )
        try:
            async with asyncio.timeout(LONGEST_RUN_SECONDS):
                return Ran(await collect(what, around), seen)
        except TimeoutError:
            raise RunFailedError(
                f"it did not end within {LONGEST_RUN_SECONDS:g} s",
                "End with DONE; check over a smaller source.",
                code=ErrorCode.TOO_LONG,
            ) from None

    async def _blobs(self) -> BlobStep | None:
        bench = self._bench
        if bench.taking is None:
            return None
        contents, spool = bench.taking
        return BlobStep(
            store=self._store,
            connection_id=(await self._connection()).id,
            clock=bench.clock,
            contents=contents,
            spool=spool,
            rules=file_rules(bench.manifest),
            wanted=FilesWanted(),
            watch=bench.watch,
        )

    async def stored(self, scope: Scope | None = None) -> dict[tuple[str, str], Any]:
        """Live records of every stream (or of those in a scope), by stream and key."""
        rows = await self.rows(scope)
        return {(row["stream"], row["key"]): row["data"] for row in rows if not row["deleted"]}

    async def rows(self, scope: Scope | None = None) -> list[dict[str, Any]]:
        """Everything stored, in the form of expected.jsonl."""
        wanted = scope or resolve_request(self._bench.manifest, {})
        return await expected_records(self._store, await self._connection(), wanted)

    async def _connection(self) -> ConnectionRow:
        if self._row is None:
            row = await self._store.connections.create(
                name="check",
                source="check",
                nature="test",
                options={},
                account={},
                at=self._bench.clock.iso(),
            )
            if self._bench.prepare is not None:
                await self._bench.prepare(self._store, row)
            self._row = row
        return self._row
