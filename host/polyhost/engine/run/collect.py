"""One run, from a request that was already accepted to its settled result.

Order is what matters here: lease, ledger, connector, traffic, settling, facts; each step's failure leaves a store that
tells the truth. Owns: that order, and the run's place in the store. Must not know: surfaces, how a connector works.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from polyhost.bounds import DEFAULT_BOUNDS, RunBounds
from polyhost.browser.site_access import SiteAccess
from polyhost.connectors.base import Connector, ConnectorSession, Traffic
from polyhost.coverage.facts import ArtifactFacts, BatchFacts
from polyhost.coverage.file_totals import FilesTaken
from polyhost.engine import events
from polyhost.engine.clock import Clock, new_id
from polyhost.engine.events import Answer, OwnerAsked, Watcher
from polyhost.engine.files.blobs import BlobStep
from polyhost.engine.files.indexing import index_files
from polyhost.engine.files.step import FilesEnded, FileStep
from polyhost.engine.reading.indexing import index_after_run
from polyhost.engine.run._given_up import GivenUpError, given_up_on
from polyhost.engine.run._pipeline import Pipeline, Target
from polyhost.engine.run._tally import Tally
from polyhost.engine.run._translate import Translator
from polyhost.engine.run.coverage_baseline import remember_covered
from polyhost.engine.run.lease import Lease, hold_lease
from polyhost.engine.run.ledger import RunLedger
from polyhost.engine.run.open_question import Waiting
from polyhost.engine.run.outcome import Ended, Identity, opening_facts, run_facts, run_result, run_status
from polyhost.engine.run.partition_rules import partition_rules
from polyhost.engine.run.pause import Pause
from polyhost.engine.run.paused import PausableCalls, PauseKeeper
from polyhost.engine.run.result_json import RunResult
from polyhost.engine.run.watchdog import Watchdog
from polyhost.errors import PolyhostError, RefusedError, RunFailedError
from polyhost.instants import iso_from_seconds
from polyhost.protocol.bindings import match_bindings
from polyhost.protocol.blobs import match_capabilities
from polyhost.protocol.commands import RunOutcome
from polyhost.protocol.declarations import BLOBS
from polyhost.protocol.diagnostics import Diagnostic, DiagnosticCode, RunStatus, Severity
from polyhost.protocol.machine import RunMachine
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.record_files import file_rules
from polyhost.protocol.scope import Scope
from polyhost.protocol.validation import build_validators
from polyhost.protocol.verdict import MESSAGE_TOO_LARGE, PROTOCOL_VIOLATION
from polyhost.searching.declared import search_rules
from polyhost.store.base import BatchRow, ConnectionRow, RunRow, SavePartitions, Store, WriteOp

__all__ = ["Collection", "RunContext", "collect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What to collect, with what. The scope was resolved before; nothing here widens it."""

    connection: ConnectionRow
    manifest: Manifest
    scope: Scope
    connector: Connector
    full: bool = False
    trigger: str = "owner"
    method: str = "browser_polyfill"
    recorded: bool = False
    artifact: ArtifactFacts | None = None
    """What is known of the file, where records come from one: then absence tells nothing, and no one is missing."""
    correct: Callable[[Ended], None] = lambda ended: None
    """Called before the end is judged, for what only the caller knows."""
    then: Callable[[Ended], Awaitable[None]] | None = None
    """Called after that, when everything that was collected is durable. It raises no error of an owner's."""
    bounds: RunBounds = DEFAULT_BOUNDS
    """What the run may not exceed."""
    files: FileStep | None = None
    """Fetches the files of its records, where they are asked for."""
    blobs: BlobStep | None = None
    """Takes the files that its connector hands over, where it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run is given from outside."""

    store: Store
    clock: Clock
    watch: Watcher
    answer: Answer
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    pause: Pause = field(default_factory=Pause)


async def collect(what: Collection, around: RunContext) -> RunResult:
    """Run to the end and return the result. RefusedError where it cannot start: then nothing was written."""
    run_id = new_id("run", around.clock.now())
    async with hold_lease(around.store, what.connection, run_id, around.clock) as lease:
        await around.store.runs.abandon(what.connection.id, at=around.clock.iso())
        try:
            result = await _Run(what, around, run_id, lease).go()
        except Exception:  # a bug: no surface may go on calling it a run that goes on
            with suppress(Exception):  # where the store is what broke, the first error says more
                await around.store.runs.abandon(what.connection.id, at=around.clock.iso())
            raise
    await index_after_run(around.store, what.connection.id, search_rules(what.manifest))
    with suppress(PolyhostError):  # whoever asks for files reads the rest, and says what is wrong
        await index_files(around.store, what.connection.id, file_rules(what.manifest))
    return result


class _Run:
    """One run's state between its steps."""

    def __init__(self, what: Collection, around: RunContext, run_id: str, lease: Lease) -> None:
        self._what = what
        self._around = around
        self._lease = lease
        self._began = around.clock.moment()
        self._tally = Tally(around.watch)
        match_capabilities(what.manifest, () if what.blobs is None else (BLOBS,))
        self._bindings = match_bindings(what.manifest, what.connector.bindings)
        self._who = Identity(
            run_id=run_id,
            batch_id=new_id("bat", self._began.wall),
            connection=what.connection.name,
            source=what.connection.source,
            method=what.method,
            trigger=what.trigger,
            started_at=iso_from_seconds(self._began.wall),
            recorded=what.recorded,
        )
        self._pausing = PauseKeeper(
            pause=around.pause,
            run_id=run_id,
            connection_id=what.connection.id,
            store=around.store,
            clock=around.clock,
            watch=self._tally.watch,
        )
        self._waiting = Waiting(around.store, what.connection.id, run_id, around.clock)
        self._opened = False
        self._access: SiteAccess | None = None
        self._traffic_of: Traffic | None = None
        self._asked = False
        """Whether the connector had to ask its owner to sign in."""

    async def go(self) -> RunResult:
        store, what = self._around.store, self._what
        streams = tuple(stream.name for stream in what.scope.streams)
        self._tally.watch(events.RunStarted(self._who.run_id, what.connection.name, what.connection.source, streams))
        rules = partition_rules(what.manifest, what.scope)
        ledger = await RunLedger.load(
            store,
            what.connection.id,
            rules,
            what.scope,
            self._around.clock,
            full=what.full,
            artifact=what.artifact is not None,
        )
        ended = Ended(
            scope=what.scope,
            ledger=ledger,
            tally=self._tally,
            outcome=None,
            error=None,
            rejected={},
            artifact=what.artifact,
            blocking=frozenset(what.manifest.blocking_gaps),
            actions=what.manifest.importer.actions if what.artifact is not None and what.manifest.importer else {},
        )
        try:
            async with self._alive():
                await self._traffic(ledger, ended)
        except PolyhostError as error:
            ended.error = error
        except ExceptionGroup as group:
            ended.error = _first_known(group)
        if ended.error is not None and isinstance(ended.error, RefusedError) and not self._opened:
            raise ended.error
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(self._keep_while_settling())
            await self._settle(ended)
            await self._fetch_files(ended)
            result = await self._close(ended)
            keeping.cancel()
        return result

    async def _traffic(self, ledger: RunLedger, ended: Ended) -> None:
        async with AsyncExitStack() as opened:
            if self._what.blobs is not None:
                await opened.enter_async_context(self._what.blobs.opened())
            session = await self._open(opened, ledger)
            if session is None:
                ended.outcome = RunOutcome(status="cancelled")
                ended.traffic = Traffic(signed_out=self._asked)
                ended.stopped = self._pausing.why_ended()
                return
            await self._open_rows()
            await remember_covered(self._around.store, self._what.connection.id, ledger)
            self._tally.watch(events.BrowserStarted(self._what.manifest.runner or "connector"))
            try:
                await self._exchange(session, ledger, ended)
            finally:
                self._traffic_of = session.traffic
                ended.traffic = replace(session.traffic)
                ended.stopped = self._pausing.why_ended()

    async def _open(self, opened: AsyncExitStack, ledger: RunLedger) -> ConnectorSession | None:
        """None where the run is cancelled before there is anything to read from."""
        calls = PausableCalls(ledger, self._around.pause, self._asking)
        try:
            async with given_up_on(self._around.cancelled):
                return await opened.enter_async_context(self._what.connector.open(calls))
        except GivenUpError:
            return None
        except PolyhostError:
            if self._around.cancelled.is_set():  # it failed for being cancelled
                return None
            raise

    async def _exchange(self, session: ConnectorSession, ledger: RunLedger, ended: Ended) -> None:
        what, around = self._what, self._around
        translator = Translator(
            manifest=what.manifest,
            scope=what.scope,
            ledger=ledger,
            tally=self._tally,
            clock=around.clock,
            cursors=await self._cursors(),
            absence_tells=what.artifact is None,
        )
        machine = RunMachine(
            manifest=what.manifest,
            scope=what.scope,
            run_id=self._who.run_id,
            mode="full_refresh" if what.full else "incremental",
            bindings=self._bindings,
            state=translator.start_state(),
            validators=build_validators(what.manifest),
            keeps_exceptions=what.artifact is None,
        )
        pipeline = Pipeline(
            machine=machine,
            translator=translator,
            target=Target(around.store, what.connection.id, self._who.batch_id),
            session=session,
            tally=self._tally,
            clock=around.clock,
            answer=self._answer,
            cancelled=around.cancelled,
            pause=around.pause,
            watchdog=Watchdog(what.bounds, session, is_waiting=lambda: around.pause.is_on or self._waiting.is_open),
            blobs=what.blobs,
        )
        try:
            ended.outcome = await pipeline.run()
            if what.blobs is not None:
                await what.blobs.end(what.scope if ended.outcome.status == "succeeded" else None)
            if what.artifact is None:
                ended.removals = translator.take_enumerated(ended.outcome.enumerated)
            if what.files is not None and ended.outcome.status == "succeeded":
                self._access = await session.site_access()
        finally:
            for diagnostic in translator.unplaced():
                self._tally.report(diagnostic)
            ended.invalid = {
                stream.name: machine.rejected.get(stream.name, {}).get(DiagnosticCode.INVALID_RECORD, 0)
                + translator.unplaced_counts().get(stream.name, 0)
                for stream in what.scope.streams
            }
            ended.unparsable = machine.unparsable
            ended.mended = machine.mended
            ended.unnamed = dict(machine.unnamed)
            ended.rejected = {
                stream.name: sum(machine.rejected.get(stream.name, {}).values())
                + translator.unplaced_counts().get(stream.name, 0)
                for stream in what.scope.streams
            }

    @asynccontextmanager
    async def _alive(self) -> AsyncGenerator[None]:
        """From its acceptance on the run keeps its lease, and can be paused, whatever it waits for."""
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(loop()) for loop in (self._lease.keep, self._pausing.tell, self._end_long_pause)
            ]
            yield
            for one in beside:
                one.cancel()

    async def _end_long_pause(self) -> None:
        await self._pausing.outlast()
        self._around.cancelled.set()

    async def _keep_while_settling(self) -> None:
        """Where the lease is lost by now, the store refuses what is settled, and says so."""
        with suppress(RunFailedError):
            await self._lease.keep()

    async def _cursors(self) -> Mapping[str, Any]:
        """Opaque cursors of the checkpoints in scope; none on a full run."""
        kept = {} if self._what.full else await self._around.store.ledger.checkpoints(self._what.connection.id)
        declared = self._what.manifest.by_name
        wanted = {name for stream in self._what.scope.streams for name in declared[stream.name].checkpoints}
        return {name: cursor for name, cursor in kept.items() if name in wanted}

    async def _answer(self, asked: OwnerAsked) -> tuple[str, Any]:
        """Asked at once, as the question was told at once: an answer may come before the store knows of it."""
        answering = asyncio.ensure_future(self._around.answer(asked))  # noqa: TID251  a group would wrap its errors
        try:
            async with self._waiting.asking():
                return await answering
        finally:
            answering.cancel()

    @asynccontextmanager
    async def _asking(self) -> AsyncGenerator[None]:
        """A run that asks has begun, also where nothing could be read before the answer."""
        await self._open_rows()
        self._asked = True
        async with self._waiting.asking():
            yield

    async def _open_rows(self) -> None:
        """Once."""
        if self._opened:
            return
        await self._around.store.runs.open(
            self._run_row(RunStatus.RUNNING, {}), self._batch_row(opening_facts(self._who, self._what.artifact), None)
        )
        self._opened = True

    async def _settle(self, ended: Ended) -> None:
        await self._open_rows()
        self._what.correct(ended)
        broken = ended.outcome is None or ended.outcome.code in {PROTOCOL_VIOLATION, MESSAGE_TOO_LARGE}
        if self._what.artifact is None and not broken:
            ended.settled = ended.ledger.settle()
            changed = [state for settlement in ended.settled.values() for state in settlement.changed]
            ops: list[WriteOp] = [*([SavePartitions(changed)] if changed else []), *ended.ledger.settle_exceptions()]
            ops += ended.removals
            if ops:
                self._tally.wrote(await self._around.store.write(self._what.connection.id, self._who.batch_id, ops))
        if self._what.then is not None:
            await self._what.then(ended)

    async def _fetch_files(self, ended: Ended) -> None:
        """What cannot be fetched is a gap of the files alone: the records are durable, and what they prove is kept."""
        step, store, connection_id = self._what.files, self._around.store, self._what.connection.id
        if step is not None and self._access is not None and not self._around.cancelled.is_set():
            try:
                async with asyncio.timeout(self._what.bounds.run_seconds), given_up_on(self._around.cancelled):
                    await step.fetch(store, connection_id, self._access, self._tally.watch)
            except (GivenUpError, TimeoutError):
                pass  # the next run goes on
            except PolyhostError as error:
                self._tally.report(_no_files(error))
            except ExceptionGroup as group:
                self._tally.report(_no_files(_first_known(group)))
        if step is not None and self._traffic_of is not None:
            ended.traffic = replace(self._traffic_of)
        if step is not None:
            self._tell_files(ended, await step.ended(store, connection_id))
        if self._what.blobs is not None:
            self._tell_files(ended, await self._what.blobs.ended())

    def _tell_files(self, ended: Ended, done: FilesEnded) -> None:
        earlier = ended.files
        ended.files = done.taken if earlier is None else _both(earlier, done.taken)
        for diagnostic in done.diagnostics:
            self._tally.report(diagnostic)

    async def _close(self, ended: Ended) -> RunResult:
        ended.finished_at = self._around.clock.iso()
        ended.seconds = self._around.clock.up() - self._began.up
        status = run_status(ended)
        facts = run_facts(self._who, ended, status)
        result = run_result(self._who, ended, status, facts)
        await self._around.store.runs.close(
            replace(self._run_row(status, result), finished_at=ended.finished_at, finished_up=self._around.clock.up()),
            self._batch_row(facts, self._around.clock.iso()),
        )
        self._tally.watch(events.RunFinished(result))
        return result

    def _run_row(self, status: RunStatus, result: Mapping[str, Any]) -> RunRow:
        return RunRow(
            id=self._who.run_id,
            connection_id=self._what.connection.id,
            batch_id=self._who.batch_id,
            mode="full_refresh" if self._what.full else "incremental",
            status=status.value,
            started_at=self._who.started_at,
            boot=self._began.boot,
            started_up=self._began.up,
            scope=self._what.scope.as_start_scope(),
            result=result,
        )

    def _batch_row(self, facts: BatchFacts, finished_at: str | None) -> BatchRow:
        return BatchRow(
            id=self._who.batch_id,
            connection_id=self._what.connection.id,
            method=self._who.method,
            trigger=self._who.trigger,
            started_at=self._who.started_at,
            finished_at=finished_at,
            facts=facts.as_json(),
        )


def _both(first: FilesTaken, then: FilesTaken) -> FilesTaken:
    return FilesTaken(taken=first["taken"] + then["taken"], bytes=first["bytes"] + then["bytes"], known=then["known"])


def _no_files(error: PolyhostError) -> Diagnostic:
    return Diagnostic(
        code=DiagnosticCode.MEDIA_MISSING,
        severity=Severity.GAP,
        message=f"Fetching files was given up: {error.reason}.",
        recovery_hint=error.instruction or None,
    )


def _first_known(group: BaseExceptionGroup[BaseException]) -> PolyhostError:
    """The owner's error inside a task group's; where there is anything else, that is a bug and is raised as such."""
    known, unknown = group.split(PolyhostError)
    if known is None or unknown is not None:
        raise group
    first: BaseException = known
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, PolyhostError)  # noqa: S101  what was split off
    return first
