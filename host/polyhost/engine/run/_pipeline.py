"""Connector to store, in order: batches go through the run machine, what it admits is written, then acknowledged.

Two loops share one run. The reader feeds the machine and turns its commands into write operations; the writer makes
them durable, tells the machine, and acknowledges. Between them is a short queue, so that parsing the next batch and
writing the last one overlap, while order is never anyone's choice: one reader, one writer, first in, first out.

Owns: the loops, time-outs, the owner's pause, cancel and answers. Must not know: what a range or a scope means, how a
store or a browser works, what the run's result looks like.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from polyhost.connectors.base import Batch, ConnectorExited, ConnectorSession, Malformed, Restarted
from polyhost.engine import events
from polyhost.engine.clock import Clock
from polyhost.engine.events import Answer
from polyhost.engine.files.blobs import BlobStep
from polyhost.engine.run._look_ups import LookUps, NeedStored, Target, merged
from polyhost.engine.run._tally import Tally
from polyhost.engine.run._translate import Translator
from polyhost.engine.run.pause import Pause
from polyhost.engine.run.watchdog import Watchdog
from polyhost.errors import PolyhostError, RunFailedError
from polyhost.instants import iso_from_seconds
from polyhost.protocol import commands
from polyhost.protocol.blob_message import Blob
from polyhost.protocol.commands import Command, PersistRecords, RunOutcome
from polyhost.protocol.machine import RunMachine
from polyhost.protocol.records import Record
from polyhost.store.base import SaveCheckpoints, WriteOp, WriteRecords

__all__ = ["Pipeline", "Target"]

QUEUED_UNITS = 3
"""Parsed batches that may wait for the writer, and are then written together. With as many being written, half of
a page's credit, so that it goes on all the while."""
TICK_SECONDS = 1.0
"""How often time-outs are looked at; interactions are counted in minutes."""


@dataclass(slots=True)
class _Unit:
    """What one batch came to: steps to write, the watermark they reach, the batch to acknowledge, what follows, and
    files that were handed over."""

    steps: list[NeedStored | WriteOp] = field(default_factory=list["NeedStored | WriteOp"])
    sequence: int = 0
    batch: Batch | None = None
    after: list[Command] = field(default_factory=list[Command])
    blobs: list[Blob] = field(default_factory=list[Blob])


class Pipeline:
    """One run's traffic, from START to the outcome."""

    def __init__(
        self,
        *,
        machine: RunMachine,
        translator: Translator,
        target: Target,
        session: ConnectorSession,
        tally: Tally,
        clock: Clock,
        answer: Answer,
        cancelled: asyncio.Event,
        pause: Pause,
        watchdog: Watchdog,
        blobs: BlobStep | None = None,
    ) -> None:
        self._machine = machine
        self._translator = translator
        self._target = target
        self._look_ups = LookUps(machine, translator, target)
        self._session = session
        self._tally = tally
        self._clock = clock
        self._answer = answer
        self._cancelled = cancelled
        self._pause = pause
        self._watchdog = watchdog
        self._blobs = blobs
        self._units: asyncio.Queue[_Unit] = asyncio.Queue(QUEUED_UNITS)
        self._outcome: RunOutcome | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._asking: asyncio.Task[None] | None = None

    async def run(self) -> RunOutcome:
        """Go until the run machine says the run has ended and everything it admitted is durable."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            helpers = [
                tasks.create_task(loop())
                for loop in (self._write, self._tick, self._watch_for_cancel, self._watchdog.watch)
            ]
            await self._carry_out(self._machine.begin())
            await self._read()
            await self._units.join()
            for helper in helpers:
                helper.cancel()
        if self._outcome is None:
            raise AssertionError("the connector is gone and the run machine has not ended the run")
        return self._outcome

    async def _read(self) -> None:
        try:
            async for event in self._session.events():
                if (error := self._watchdog.exceeded) is not None:
                    raise error
                self._watchdog.heard()
                if not isinstance(event, ConnectorExited):  # once it is gone there is nothing to pause
                    await self._pause.wait()  # what is not taken is not acknowledged: it waits after its credit
                await self._happened(event)
        except PolyhostError as error:
            # What came before is whole: keep it, and what the machine found, before the error ends the run.
            await self._units.join()
            await self._carry_out(self._machine.connector_exited(None, error.reason))
            raise

    async def _happened(self, event: Batch | Restarted | ConnectorExited) -> None:
        match event:
            case Batch():
                await self._take(event)
            case Restarted():
                await self._units.join()
                self._tally.watch(events.ConnectorRestarted(event.reason, event.attempt))
                await self._carry_out(self._machine.connector_restarted(self._translator.start_state()))
            case ConnectorExited():
                await self._units.join()
                if event.unread:
                    said_more = Malformed(line=0, length=event.unread, digest="", rule="output_after_done")
                    await self._carry_out(self._machine.receive(said_more, now=self._clock.up()))
                await self._carry_out(self._machine.connector_exited(event.status, event.detail))

    async def _take(self, batch: Batch) -> None:
        unit = _Unit()
        for command in self._machine.receive_all(batch.messages, now=self._clock.up()):
            if isinstance(command, commands.CommitCoverage | commands.CommitArrivals | commands.NoteException):
                unit = await self._looked_up(command, unit)
            self._sort(command, unit)
        unit.batch = Batch(batch.number, (), batch.size)  # not its messages: they would wait for the writer as well
        await self._units.put(unit)

    async def _looked_up(
        self, command: commands.CommitCoverage | commands.CommitArrivals | commands.NoteException, unit: _Unit
    ) -> _Unit:
        """Before what is said of a bounded stream is judged, what came before it is written: only then is it known
        which of its records are stored, and which are exceptions. What goes on in a unit of its own."""
        stream = command.fact.stream if isinstance(command, commands.NoteException) else command.stream
        if stream not in self._translator.bounded:
            return unit
        if any(isinstance(step, NeedStored) for step in unit.steps):
            await self._units.put(unit)
            unit = _Unit()
        await self._units.join()
        return unit

    def _sort(self, command: Command, unit: _Unit) -> None:
        """Into what is written now, or what is carried out once that is durable; order is kept in each."""
        match command:
            case PersistRecords():
                unit.steps += self._persist(command)
                unit.sequence = command.sequence
            case commands.NoteException():
                kept = self._translator.take_exception(command)
                unit.steps += kept
                if not kept:
                    self._machine.not_kept(command.fact)
            case commands.CommitCoverage():
                unit.steps += self._translator.take_coverage(command)
            case commands.CommitHidden() | commands.CommitArrivals() | commands.ForgetToken():
                unit.steps += self._translator.take_word(command)
            case commands.KeepCursor():
                if self._machine.may_keep(command):
                    unit.steps += self._translator.keep_cursor(command)
            case commands.CommitInventory():
                unit.steps += self._translator.take_inventory(command)
                self._tally.watch(events.InventoryTaken(command.stream, len(command.partitions), command.complete))
            case commands.TakeBlob():
                unit.blobs.append(command.blob)
            case _:
                unit.after.append(command)

    def _persist(self, command: PersistRecords) -> Sequence[NeedStored | WriteOp]:
        partial: Sequence[Record] = ()
        whole: Sequence[Record] = command.records
        if self._translator.projects:
            partial = [record for record in command.records if self._translator.is_projected(record.stream)]
            whole = [record for record in command.records if not self._translator.is_projected(record.stream)]
        steps = [*self._look_ups.sorted_out(self._translator.write_records(whole))]
        if partial:
            steps.append(NeedStored(partial=partial))
        if command.undecided:  # after the records before them, which they may be about
            self._translator.heard_of(command.undecided)
            steps.append(NeedStored(undecided=command.undecided))
        return steps

    async def _write(self) -> None:
        while True:
            units = [await self._units.get()]
            while not self._units.empty():
                units.append(self._units.get_nowait())
            await self._make_durable(units)
            for unit in units:
                await self._carry_out(unit.after)
                if self._blobs is not None:
                    await self._blobs.take(unit.blobs)
                if unit.batch is not None:
                    await self._session.acknowledge(unit.batch)
                self._units.task_done()

    async def _make_durable(self, units: Sequence[_Unit]) -> None:
        ops: list[WriteOp] = []
        for step in merged([step for unit in units for step in unit.steps]):
            if isinstance(step, NeedStored):
                await self._put(ops)
                ops = [*await self._look_ups.resolve(step)]
            elif isinstance(step, WriteRecords) and ops and isinstance(ops[-1], WriteRecords):
                ops[-1] = WriteRecords([*ops[-1].records, *step.records])  # fewer statements, and turns between threads
            else:
                ops.append(step)
        await self._put(ops)
        sequence = max(unit.sequence for unit in units)
        if sequence:
            await self._carry_out(self._machine.persisted(sequence))

    async def _put(self, ops: Sequence[WriteOp]) -> None:
        if ops:
            self._tally.wrote(await self._target.store.write(self._target.connection_id, self._target.batch_id, ops))

    async def _carry_out(self, found: Sequence[Command]) -> None:
        for command in found:
            await self._carry_out_one(command)

    async def _carry_out_one(self, command: Command) -> None:
        match command:
            case commands.SendToConnector():
                self._stop_asking()
                await self._session.send(command.message)
            case commands.CommitCheckpoints():
                await self._commit(command)
            case commands.AskOwner():
                self._ask(command)
            case commands.ReportProgress():
                progress = events.ProgressReported(command.message, command.stream, command.count, command.total)
                self._tally.watch(progress)
            case commands.Report():
                self._tally.report(command.diagnostic)
            case commands.TerminateConnector():
                self._stop_asking()
                await self._session.terminate()
            case commands.FinishConnector():
                await self._session.finish()
            case commands.EndRun():
                self._stop_asking()
                self._outcome = command.outcome
            case _:
                unit = _Unit()
                self._sort(command, unit)
                await self._make_durable([unit])

    def _ask(self, command: commands.AskOwner) -> None:
        until = iso_from_seconds(self._clock.now() + command.deadline - self._clock.up())
        asked = events.OwnerAsked(command.request_id, command.kind, command.message, command.schema, until)
        self._tally.watch(asked)
        if self._tasks is not None:
            self._asking = self._tasks.create_task(self._pass_on_answer(asked))

    def _stop_asking(self) -> None:
        """Nobody waits for the answer any more: it was given, or is too late. The question must not outlive the run."""
        asking, self._asking = self._asking, None
        if asking is not None and asking is not asyncio.current_task():
            asking.cancel()

    async def _commit(self, command: commands.CommitCheckpoints) -> None:
        """All cursors in one transaction: where it fails, every one of them stays where it was."""
        try:
            await self._put([SaveCheckpoints(command.cursors)])
        except PolyhostError as error:
            names = ", ".join(command.cursors)
            raise RunFailedError(
                f"{error.reason.rstrip('.')}; no cursor moved (of {names})", error.instruction, code=error.code
            ) from error

    async def _pass_on_answer(self, asked: events.OwnerAsked) -> None:
        status, data = await self._answer(asked)
        await self._carry_out(self._machine.interaction_answered(asked.request_id, status, data))

    async def _tick(self) -> None:
        while self._outcome is None:
            await asyncio.sleep(TICK_SECONDS)
            await self._carry_out(self._machine.tick(self._clock.up()))
            self._tally.watch_traffic(self._session.traffic)

    async def _watch_for_cancel(self) -> None:
        await self._cancelled.wait()
        await self._carry_out(self._machine.owner_cancelled())
        self._pause.lift()  # not before the connector is gone, whose permits it holds back
