"""PR-1 and PR-2 under every interleaving: a source that changes at any moment, runs that are cut at any step.

Hypothesis drives a simulated source, store and connector through the ledger's real functions (docs/ledger.md). What is
checked after every step and every finished run is named at each check.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from polyhost.ledger.hidden import known
from polyhost.ledger.ranges import contains_position
from polyhost.ledger.retire import restore, retire
from polyhost.ledger.settle import Settlement
from polyhost.ledger.state import CursorOrder, PartitionRule, PartitionStatus, RefreshPolicy, Window
from polyhost.ledger.succession import predecessors
from polyhost.protocol.diagnostics import DiagnosticCode

from .collector import Connector, Faults, Host, Row, Store, everything
from .source import Source, within

NAMES = ("A", "B", "C")
small = st.integers(min_value=0, max_value=12)
member = st.none() | st.integers(min_value=0, max_value=3)
names = st.sampled_from(NAMES)
EVERY = (*NAMES, "D", "E")
"""With those that only come to be where one is renamed."""
every = st.sampled_from(EVERY)

Happening = tuple[str, tuple[int | str | None, ...]]
happenings: st.SearchStrategy[Happening] = st.one_of(
    st.just(("post", ())),
    st.tuples(st.just("fill_in"), st.tuples(small)),
    st.tuples(st.just("reply"), st.tuples(small)),
    st.tuples(st.just("edit"), st.tuples(small, member)),
    st.tuples(st.just("delete"), st.tuples(small, member)),
    st.sampled_from(
        [("leave", ()), ("come_back", ()), ("come_back", ()), ("lift_horizon", ()), ("hide_everything", ())]
    ),
    st.tuples(st.just("move_horizon"), st.tuples(small)),
    st.tuples(st.just("hide"), st.tuples(small, small)),
    st.just(("show", ())),
    st.just(("end", ())),
    st.tuples(st.just("become"), st.tuples(every)),
)
faults = st.just(Faults()) | st.builds(
    Faults, st.booleans(), st.none() | every, st.integers(min_value=0, max_value=3), st.booleans()
)


class Collecting(RuleBasedStateMachine):
    @initialize(budget=st.sampled_from((0, 1, 4, 40)), lookback=st.integers(min_value=0, max_value=4))
    def begin(self, budget: int, lookback: int) -> None:
        self.rule = PartitionRule(
            stream="messages",
            field="channel",
            cursor_field="ts",
            order=CursorOrder.DECIMAL,
            group_field="thread",
            refresh=RefreshPolicy(lookback_records=lookback, requests_per_run=budget),
        )
        self.source, self.store = Source(), Store()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.host: Host | None = None
        self.connector: Connector | None = None
        self.steps: Iterator[None] = iter(())

    # events at the source

    @rule(name=names, history=st.integers(min_value=0, max_value=8))
    def appear(self, name: str, history: int) -> None:
        if name not in self.source.partitions:
            self.source.appear(name, history)

    @rule(events=st.lists(st.tuples(every, happenings), min_size=1, max_size=8))
    def change(self, events: list[tuple[str, Happening]]) -> None:
        for name, (what, arguments) in events:
            if name in self.source.partitions:
                getattr(self.source, what)(name, *arguments)

    @rule(hours=st.sampled_from((1, 25, 24 * 31)))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    # what the owner does

    @precondition(lambda self: self.host is None)
    @rule(name=every)
    def let_go_or_take_back(self, name: str) -> None:
        state = self.store.states.get(name)
        if state is not None and state.status is PartitionStatus.MISSING:
            self.store.states[name] = retire(state, name, reason="left the team", at=self.now.isoformat())
        elif state is not None and state.status is PartitionStatus.RETIRED:
            self.store.states[name] = restore(state, name)

    # runs

    @precondition(lambda self: self.host is None)
    @rule(
        full=st.booleans(),
        scope=st.none() | st.frozensets(every, min_size=1, max_size=2),
        faults=faults,
        page_size=st.integers(min_value=1, max_value=3),
    )
    def start_run(self, full: bool, scope: frozenset[str] | None, faults: Faults, page_size: int) -> None:
        self._start(full=full, scope=scope, faults=faults, page_size=page_size)

    @precondition(lambda self: self.host is not None)
    @rule(count=st.integers(min_value=1, max_value=12), durable=st.booleans())
    def go_on(self, count: int, durable: bool) -> None:
        assert self.host is not None
        for _ in range(count):
            if next(self.steps, self) is self:
                self._finish()
                return
        if durable:
            self.host.commit()

    @precondition(lambda self: self.host is not None)
    @rule(survives=small)
    def kill(self, survives: int) -> None:
        """Of what was sent and not acknowledged, a prefix is durable."""
        assert self.host is not None
        self.host.commit(survives)
        self.host = None

    @precondition(lambda self: self.host is None)
    @rule(
        full=st.booleans(),
        steps=st.integers(min_value=1, max_value=30),
        page_size=st.integers(min_value=1, max_value=3),
    )
    def run_is_cut(self, full: bool, steps: int, page_size: int) -> None:
        """As start, go on and kill; for a hole needs all three in a row."""
        self._start(full=full, scope=None, faults=Faults(), page_size=page_size)
        self.go_on(steps, durable=True)
        self.host = None

    @precondition(lambda self: self.host is not None)
    @rule(survives=small)
    def restart(self, survives: int) -> None:
        """The page navigates away; the same run goes on from `windows`."""
        assert self.host is not None
        assert self.connector is not None
        self.host.commit(survives)
        self.steps = self.connector.collect()

    @precondition(lambda self: self.host is None)
    @rule(page_size=st.integers(min_value=1, max_value=4))
    def undisturbed_run(self, page_size: int) -> None:
        self._undisturbed(full=False, page_size=page_size)
        self._check_ends()
        self._check_nothing_hidden()
        self._check_nothing_left_to_read()

    @precondition(lambda self: self.host is None)
    @rule(page_size=st.integers(min_value=1, max_value=4))
    def undisturbed_full_run(self, page_size: int) -> None:
        self._undisturbed(full=True, page_size=page_size)
        for name in self._collected():
            assert not self._differences(name), "after a full run the store is the source"
        self._check_nothing_left_to_read()

    def _start(self, *, full: bool, scope: frozenset[str] | None, faults: Faults, page_size: int) -> None:
        self.now += timedelta(hours=1)
        self.host = Host(self.store, self.rule, self.now.isoformat(), full=full, scope=scope)
        self.connector = Connector(self.host, self.source, page_size, faults)
        self.steps = self.connector.collect()
        self._check_budget(self.host)

    def _undisturbed(self, *, full: bool, page_size: int) -> None:
        self._start(full=full, scope=None, faults=Faults(), page_size=page_size)
        assert self.host is not None
        self.last = self.host
        for _ in self.steps:
            pass
        self._finish()

    def _finish(self) -> None:
        assert self.host is not None
        host, self.host = self.host, None
        settlement = host.finish()
        self._check_missing(host, settlement)
        self._check_scope(host)
        if host.scope is None and host.inventory is not None:
            assert host.inventory.keys <= self.store.states.keys(), "PR-2.4: every observed partition has state"

    # what must hold

    def _check_missing(self, host: Host, settlement: Settlement) -> None:
        """PR-1.1, 1.4, 1.5, 1.6, 1.7: exactly who was known and is not listed; nobody without a complete inventory."""
        told = {diagnostic.code: set(diagnostic.partitions or ()) for diagnostic in settlement.diagnostics}
        assert host.inventory is not None
        if not host.inventory.complete:
            assert DiagnosticCode.PARTITION_MISSING not in told
            assert DiagnosticCode.INVENTORY_UNPROVEN in told
            return
        known = {name for name in host.before if host.scope is None or name in host.scope}
        retired = {name for name, state in self.store.states.items() if state.status is PartitionStatus.RETIRED}
        over = {name for name, state in self.store.states.items() if state.is_over}
        expected = known - host.inventory.keys - retired - over
        assert told.get(DiagnosticCode.PARTITION_MISSING, set()) >= expected
        assert not told.get(DiagnosticCode.PARTITION_MISSING, set()) & (host.inventory.keys | over)
        mine = over if host.scope is None else over & host.scope
        assert not mine & host.inventory.keys, "what is listed is there"
        assert told.get(DiagnosticCode.PARTITION_ENDED, set()) == host.ended & over, "once, when it is learnt"
        assert DiagnosticCode.INVENTORY_UNPROVEN not in told

    def _check_scope(self, host: Host) -> None:
        """PR-2.7: a scoped run moves nobody else's state."""
        outside = [name for name in EVERY if host.scope is not None and name not in host.scope]
        for name in outside:
            assert self.store.states.get(name) == host.before.get(name)

    def _check_budget(self, host: Host) -> None:
        """Re-reading stays within the budget, save for one partition that alone costs more."""
        costs = [plan.requests for plan in host.plans.values()]
        assert sum(costs) <= max([self.rule.refresh.requests_per_run, *costs])
        assert self.rule.refresh.requests_per_run > 0 or not costs

    def _collected(self) -> list[str]:
        """Partitions a run collects: those that are there and were not let go."""
        states = self.store.states
        return [name for name in self.source.listed() if states[name].status is PartitionStatus.PRESENT]

    def _differences(self, name: str) -> dict[str, tuple[Row | None, Row | None]]:
        """What store and source hold differently, as far as the source shows it: {cursor: (stored, at the source)}.
        What stood exactly where a hidden stretch ends, and is gone, is judged only where something beside it is
        shown."""
        partition = self.source.partitions[name]
        there: dict[str, Row] = {}
        for head in partition.visible():
            there[head.cursor] = Row(head.cursor, is_head=True, content=head.shown())
            for reply in head.members.values():
                there[reply.cursor] = Row(head.cursor, is_head=False, content=reply.text)
        shown = partition.horizon if partition.hides() else None
        here = {
            cursor: row
            for cursor, row in self.store.live(name).items()
            if within(row.position, shown, None) and not partition.conceals(row.position)
        }
        ends = {end for stretch in partition.hidden for end in stretch}
        here = {cursor: row for cursor, row in here.items() if cursor in there or row.position not in ends}
        both = here.keys() | there.keys()
        return {
            cursor: (here.get(cursor), there.get(cursor)) for cursor in both if here.get(cursor) != there.get(cursor)
        }

    def _check_ends(self) -> None:
        """Nothing that the source calls over is missing, and what it became is known."""
        for name, became in self.source.over().items():
            state = self.store.states.get(name)
            if state is not None:
                assert state.status is not PartitionStatus.MISSING
                assert state.successor == became
        before = predecessors(self.store.states.values())
        for name, found in before.items():
            assert len({name, *found}) == len(found) + 1, "a circle names nobody twice"
            direct = {state.key for state in self.store.states.values() if state.successor == name}
            assert direct - {name} <= {*found}

    def _check_nothing_hidden(self) -> None:
        """PR-2.1 to 2.6: all that was not proven was asked for; what was walked is as the source has it; so what
        differs lies in what was proven before and was not due to be read again."""
        for name in self._collected():
            asked = self.last.asked[name]
            before = self.last.before.get(name)
            covered = known(before, self.rule.order) if before is not None else ()
            floor = before.limited_before if before is not None and covered else None
            assert everything(asked, covered, self.rule, floor)
            for here, there in self._differences(name).values():
                self._check_excusable(asked, here, there)

    def _check_excusable(self, asked: list[Window], here: Row | None, there: Row | None) -> None:
        position = (here or there or Row("", is_head=False, content=None)).position
        walked = [window for window in asked if within(position, window.since, window.until)]
        assert not any(window.deep for window in walked), "a deep window leaves nothing different"
        edited = here is not None and there is not None and not here.is_head
        assert not walked or edited, "a shallow one misses at most the edit of a member"

    def _check_nothing_left_to_read(self) -> None:
        """PR-2.6: an undisturbed run leaves no hole; the next asks for nothing proven, save what is due again."""
        for name in self._collected():
            after = Host(self.store, self.rule, self.now.isoformat())
            left = [window for window in after.windows(name) if window.purpose != "refresh"]
            assert [window.purpose for window in left] == ["new"]
            assert self.store.states[name].high_water is not None

    @invariant()
    def no_claim_without_proof(self) -> None:
        """Nothing that is claimed as covered holds a record that was there when it was read and is not in the store."""
        if not hasattr(self, "store"):
            return
        for name, state in self.store.states.items():
            partition = self.source.partitions[name]
            rows = self.store.rows.get(name, {})
            for head in partition.heads.values():
                if not contains_position(state.covered, head.cursor, self.rule.order):
                    continue
                reads = [
                    at
                    for piece, at, below in self.store.read[name]
                    if within(head.cursor, piece.since, piece.until) and head.cursor != below
                ]
                assert reads, "covered, but no message ever proved it"
                for message in (head, *head.members.values()):
                    assert message.cursor in rows or message.appeared > max(reads)

    @invariant()
    def nothing_is_called_deleted_that_exists(self) -> None:
        """Whatever the source hides, now or then: what it still has is not a tombstone here."""
        for name, rows in self.store.rows.items() if hasattr(self, "store") else ():
            for cursor in self.source.partitions[name].heads:
                assert cursor not in rows or not rows[cursor].deleted

    @invariant()
    def the_missing_cost_nothing(self) -> None:
        """PR-1.8: no window for who is missing or retired."""
        if not hasattr(self, "store") or self.host is not None:
            return
        host = Host(self.store, self.rule, self.now.isoformat(), full=True)
        for name, state in self.store.states.items():
            assert state.status is PartitionStatus.PRESENT or not host.windows(name)


Collecting.TestCase.settings = settings(stateful_step_count=40)


@pytest.mark.requirement("PR-1.1", "PR-1.4", "PR-1.5", "PR-1.6", "PR-1.7", "PR-1.8")
@pytest.mark.requirement("PR-2.1", "PR-2.2", "PR-2.4", "PR-2.5", "PR-2.6", "PR-2.7")
class TestCollecting(Collecting.TestCase):
    """The model, as pytest collects it."""
