"""The partition ledger of one connection while a run is going on: pure ledger functions over state held in memory.

Owns: the states as this run has them, what it plans to re-read, what it has walked; answers a connector's `windows` and
`groups`; turns inventory and coverage into write operations. The lease makes this copy the only one that moves.
Must not know: messages, browsers, what the run is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from polyhost.engine.clock import Clock
from polyhost.engine.run.exceptions import RunExceptions
from polyhost.engine.run.stream_ledger import StreamLedger
from polyhost.errors import RefusedError
from polyhost.ledger import artifacts, observe, plan, ranges, settle, snapshot
from polyhost.ledger.arrivals import arrivals_name
from polyhost.ledger.cursor import maximum, sort_key
from polyhost.ledger.exceptions import Retry, StandingException, covers_retry, heads_per_page
from polyhost.ledger.hidden import visible
from polyhost.ledger.plan import LookbackFacts
from polyhost.ledger.ranges import Ranges
from polyhost.ledger.settle import Settlement
from polyhost.ledger.state import PartitionRule, PartitionState, PartitionStatus, Range, ResumeToken, Window
from polyhost.protocol.commands import (
    CommitArrivals,
    CommitCoverage,
    CommitHidden,
    CommitInventory,
    ForgetToken,
)
from polyhost.protocol.scope import Scope, StreamScope
from polyhost.store import memos
from polyhost.store.base import ResolveExceptions, SavePartitions, Store, WriteOp

__all__ = ["RunLedger"]


class RunLedger:
    """All partitioned streams of one run. `answer`s go to the connector; operations go to the store."""

    def __init__(
        self,
        store: Store,
        connection_id: int,
        streams: Mapping[str, StreamLedger],
        exceptions: RunExceptions,
        clock: Clock,
        *,
        full: bool,
    ) -> None:
        self.exceptions = exceptions
        self._in_scope: Sequence[StreamScope] = ()
        self._store = store
        self._connection_id = connection_id
        self._streams = streams
        self._clock = clock
        self._full = full
        self._artifact = False

    @classmethod
    async def load(
        cls,
        store: Store,
        connection_id: int,
        rules: Mapping[str, PartitionRule],
        scope: Scope,
        clock: Clock,
        *,
        full: bool,
        artifact: bool = False,
    ) -> RunLedger:
        """Read the states. What to re-read is planned when a connector first asks: by then it is known who is gone."""
        legacy = await store.connections.memo(connection_id, memos.LEGACY_HIGH_WATER)
        cursors = await store.ledger.checkpoints(connection_id)
        streams: dict[str, StreamLedger] = {}
        for name, rule in rules.items():
            resources = scope.resources(name)
            states = {state.key: state for state in await store.ledger.partitions(connection_id, name)}
            _check_order(states.values(), rule)
            stream = StreamLedger(rule, states, None if resources is None else frozenset(resources))
            # A global cursor counts only where nothing is known per partition (PR-2.3).
            known = any(state.is_known_live for state in states.values())
            stream.legacy = None if known else legacy.get(name)
            stream.arrivals = cursors.get(arrivals_name(name))
            streams[name] = stream
        orders = {name: rule.order for name, rule in rules.items()}
        names = [stream.name for stream in scope.streams]
        exceptions = await RunExceptions.load(store, connection_id, names, orders, clock)
        ledger = cls(store, connection_id, streams, exceptions, clock, full=full)
        ledger._in_scope = scope.streams
        ledger._artifact = artifact
        return ledger

    def stream(self, name: str) -> StreamLedger | None:
        """The stream's ledger, where it has partitions and is in scope."""
        return self._streams.get(name)

    def streams(self) -> Mapping[str, StreamLedger]:
        return self._streams

    def start_state(self) -> dict[str, Any]:
        """START.state of the partitioned streams."""
        return {
            name: snapshot.start_state(
                {key: state for key, state in stream.states.items() if state.is_known_live},
                stream.rule,
                scope_keys=stream.scope_keys,
                legacy_high_water=stream.legacy,
                arrivals=stream.arrivals,
            )
            for name, stream in self._streams.items()
        }

    def standing_exceptions(self) -> list[StandingException]:
        """What stands out of the scope, and is not of a partition that its owner has let go."""
        return [
            one
            for stream in self._in_scope
            for one in self.exceptions.standing(stream.name)
            if self._is_mine(one, stream)
        ]

    def _is_mine(self, one: StandingException, scope: StreamScope) -> bool:
        if one.partition is None:
            return scope.resources is None or one.key in scope.resources or self.exceptions.was_met(one)
        stream = self._streams[one.stream]
        state = stream.states.get(one.partition)
        past = state is not None and (state.is_over or state.status is PartitionStatus.RETIRED)
        return stream.in_scope(one.partition) and not past

    # what a connector asks

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        """What is wanted of a partition now. Out of scope, or a stream without partitions: nothing."""
        return [_window_json(window) for window in await self.planned(stream, partition)]

    async def planned(self, stream: str, partition: str) -> list[Window]:
        """The windows themselves, for a dry run too."""
        ledger = self._streams.get(stream)
        if ledger is None or not ledger.in_scope(partition):
            return []
        await self._plan(ledger)
        state = ledger.state(partition, self._clock.iso())
        if state.status is not PartitionStatus.PRESENT:
            return []
        refresh = ledger.plans.get(partition)
        lookback = None
        looks_back = refresh is not None and bool(refresh.lookback or refresh.sweep)
        if not looks_back and state.covered and not self._full and ledger.rule.refresh.lookback_records:
            lookback = await self._facts(ledger, partition, None)
        newest = (await self._facts(ledger, partition, None, heads=1)).since
        walked = ledger.looked_at(partition)
        wanted = plan.windows(
            state,
            ledger.rule,
            refresh,
            lookback=lookback,
            walked=walked,
            full=self._full,
            newest=newest,
        )
        return [*wanted, *self._again(ledger, partition, wanted)]

    def _again(self, ledger: StreamLedger, partition: str, wanted: Sequence[Window]) -> list[Window]:
        """Windows in which exceptions are tried once more, where no other window of this run does so anyway."""
        return [
            retry.window
            for retry in ledger.retries.get(partition, ())
            if self.exceptions.is_open(retry)
            and not any(covers_retry(window, retry.window, ledger.rule.order) for window in wanted)
        ]

    async def due_exceptions(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
        """What is to be tried again by its key. Out of scope: nothing."""
        return self.exceptions.due(stream, partition)

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What the store holds of each group. RefusedError where an id is no position of this stream's order."""
        ledger = self._streams.get(stream)
        if ledger is None or not ledger.in_scope(partition):
            return {}
        try:
            positions = {group: sort_key(group, ledger.rule.order) for group in ids}
        except ValueError as error:
            raise RefusedError(
                f"host.groups: ids holds what is no position in the order {ledger.rule.order}: {error}",
                "Give each as the source writes it.",
            ) from None
        stored = await self._store.records.groups(self._connection_id, stream, partition, [*{*positions.values()}])
        told = {key: {"count": count, "latest": latest} for key, (count, latest) in stored.items()}
        return {group: told[key] for group, key in positions.items()}

    async def arrivals(self, stream: str, partition: str | None) -> str | None:
        """The token up to which all that arrived was read; None where there is none. Out of scope: none."""
        ledger = self._streams.get(stream)
        if ledger is None or partition is None:
            return None if ledger is None else ledger.arrivals
        known = ledger.states.get(partition)
        return known.arrivals if known is not None and ledger.in_scope(partition) else None

    # what a connector reports

    def take_inventory(self, command: CommitInventory) -> list[SavePartitions]:
        """These partitions exist."""
        stream = self._streams[command.stream]
        if self._artifact:
            return stream.keep(artifacts.import_inventory(stream.states, command))
        stream.inventory = observe.gather_inventory(stream.inventory, command)
        stream.deleted -= {one.key for one in command.partitions if not one.is_over}
        stream.deleted |= {one.key for one in command.partitions if one.deleted}
        changed = observe.observe_inventory(
            stream.states, command, self._clock.iso(), scope_keys=stream.scope_keys, legacy_high_water=stream.legacy
        )
        known = stream.states
        stream.ended |= {one.key for one in changed if one.is_over and one.key in known and not known[one.key].is_over}
        return stream.keep(changed)

    def walked(self, stream: str, partition: str) -> Ranges:
        """What this run has proven of a partition so far."""
        return self._streams[stream].walked.get(partition, ())

    def proven(self, command: CommitCoverage) -> Range | None:
        """The part of a coverage message that stands: None where a horizon hides it, or there is nothing at all. Its
        cursors were read before (see `protocol.partitions`)."""
        until = self._until(command)
        if until is None:
            return None
        return observe.proven(command.since, until, command.limited_before, self._rule(command).order)

    def shown(self, command: CommitCoverage, piece: Range | None) -> Ranges:
        """What of the part that stands this run was not told to be hidden."""
        stream = self._streams[command.stream]
        stated = stream.hidden.get(command.partition, ())
        return () if piece is None else visible((piece,), stated, stream.rule.order)

    def take_hidden(self, command: CommitHidden) -> list[SavePartitions]:
        """The source hides what lies between these positions. What a file lacks says nothing of the source."""
        return [] if self._artifact else self._streams[command.stream].take_hidden(command, self._clock.iso())

    def _until(self, command: CommitCoverage) -> str | None:
        """Where it ends. What was read to its end reaches the newest known, well or not; None: there is nothing."""
        if command.until is not None:
            return command.until
        stream = self._streams[command.stream]
        state = stream.states.get(command.partition)
        covered = state.covered[-1].until if state is not None and state.covered else None
        _, seen = stream.tops.get(command.partition, ("", None))
        hidden = [piece.until for piece in stream.hidden.get(command.partition, ())]
        odd = self.exceptions.positions(command.stream, command.partition)
        return maximum((command.since, seen, covered, *hidden, *odd), stream.rule.order)

    def edges(self, command: CommitCoverage) -> frozenset[str]:
        """Sort keys of where a claim goes on from what was covered before: a page that does so by the source's token
        does not bring again what lies exactly there. A full run reads all anew, each position in one of its claims."""
        stream = self._streams[command.stream]
        state = stream.states.get(command.partition)
        if state is None:
            return frozenset()
        return ranges.met_edges(
            state.covered, command.since, command.until, stream.rule.order, downwards=not self._full
        )

    def take_coverage(self, command: CommitCoverage) -> list[SavePartitions]:
        """This range is proven once the records before it are durable."""
        stream = self._streams[command.stream]
        at = self._clock.iso()
        if self._artifact:
            known = stream.states.get(command.partition) or PartitionState(stream=command.stream, key=command.partition)
            until = self._until(command)
            if until is None:
                return []
            return stream.keep([artifacts.import_range(known, command.since, until, stream.rule.order)])
        walked = stream.walked.get(command.partition, ())
        state = observe.observe_coverage(
            stream.state(command.partition, at),
            since=command.since,
            until=self._until(command),
            limited_before=command.limited_before,
            rule=stream.rule,
            at=at,
            walked=walked,
            refresh=stream.plans.get(command.partition),
            full=self._full,
            to_end=command.until is None,
            followed=stream.follows(command.partition),
            told=self._tokens(command),
            hidden=stream.hidden.get(command.partition, ()),
        )
        for piece in self.shown(command, self.proven(command)):
            walked = ranges.add(walked, piece, stream.rule.order)
            stream.walked[command.partition] = walked
        if stream.looks_again(state):
            stream.looked.add(command.partition)
        return stream.keep([state])

    def _tokens(self, command: CommitCoverage) -> tuple[ResumeToken, ...]:
        until = self._until(command)
        told: list[ResumeToken] = []
        if command.older is not None and command.since is not None:
            told.append(ResumeToken(command.since, "older", command.older))
        if command.newer is not None and until is not None:
            told.append(ResumeToken(until, "newer", command.newer))
        return tuple(told)

    def take_arrivals(self, command: CommitArrivals) -> list[WriteOp]:
        """All that has arrived up to this token is stored. A file follows nothing."""
        if self._artifact:
            return []
        return self._streams[command.stream].take_arrivals(command, self._clock.iso())

    def forget_token(self, command: ForgetToken) -> list[WriteOp]:
        """The source does not take it any more."""
        if self._artifact:
            return []
        return self._streams[command.stream].forget_token(command)

    def settle(self) -> Mapping[str, Settlement]:
        """Judge every partitioned stream; the changed entries are kept and have to be saved."""
        at = self._clock.iso()
        settled: dict[str, Settlement] = {}
        for name, stream in self._streams.items():
            settled[name] = settle.settle(
                states=stream.states,
                inventory=stream.inventory,
                rule=stream.rule,
                at=at,
                scope_keys=stream.scope_keys,
                looked=stream.looked,
                ended=stream.ended,
            )
            stream.keep(settled[name].changed)
        return settled

    def settle_exceptions(self) -> list[ResolveExceptions]:
        """Those without a place that are nowhere in what this run has read from end to end; they have to be saved."""
        found: list[ResolveExceptions] = []
        for name, stream in self._streams.items():
            whole = stream.read_whole()
            there = {key for key, state in stream.states.items() if not state.is_over}
            everything = stream.scope_keys is None and whole >= there and stream.is_enumerated
            found += self.exceptions.nowhere(name, whole, everything=everything)
        return found

    # planning

    async def _plan(self, stream: StreamLedger) -> None:
        """Once per run and stream: the budget is spent on partitions that are there."""
        async with stream.planning:
            if not (self._full or stream.planned):
                await self._spend_budget(stream)
                stream.retries = await self._plan_retries(stream)
            stream.planned = True

    async def _plan_retries(self, stream: StreamLedger) -> dict[str, list[Retry]]:
        async def page_below(partition: str, position: str) -> str | None:
            return (await self._facts(stream, partition, position, heads=heads_per_page(stream.rule))).since

        return await self.exceptions.plan(stream.rule, stream.readable(), page_below)

    async def _spend_budget(self, stream: StreamLedger) -> None:
        now = self._clock.iso()
        mine = stream.readable()
        asked = plan.probes(mine.values(), stream.rule, now_iso=now)
        lookback = {key: await self._facts(stream, key, None) for key in asked.lookback}
        sweep = {key: await self._facts(stream, key, before) for key, before in asked.sweep.items()}
        stream.plans = plan.plan_refresh(mine, lookback, stream.rule, now_iso=now, sweep_facts=sweep)

    async def _facts(
        self, stream: StreamLedger, partition: str, before: str | None, *, heads: int | None = None
    ) -> LookbackFacts:
        since, groups = await self._store.records.lookback(
            self._connection_id,
            stream.rule.stream,
            partition,
            heads=stream.rule.refresh.lookback_records if heads is None else heads,
            before=None if before is None else sort_key(before, stream.rule.order),
        )
        return LookbackFacts(since, groups)

    def _rule(self, command: CommitCoverage) -> PartitionRule:
        return self._streams[command.stream].rule


def _check_order(states: Iterable[PartitionState], rule: PartitionRule) -> None:
    """RefusedError where what was covered has no place in the order that the manifest declares now."""
    try:
        for state in states:
            for piece in (*state.covered, *state.imported):
                ranges.ordered(piece, rule.order)
    except ValueError as error:
        raise RefusedError(
            f'The manifest says that positions of "{rule.stream}" are {rule.order}, and those stored are not: {error}',
            "Declare the order it was collected in, or give the stream another name.",
        ) from None


def _window_json(window: Window) -> dict[str, Any]:
    return asdict(window)
