"""A store, a host and a connector in miniature, driven through the ledger's own functions.

The host does what the engine does: it plans when a run starts, answers `windows`, applies messages in order and only as
far as they are durable, and settles at the end. The connector walks windows newest first, page by page, and is a
generator: at every `yield` the run may be cut, restarted, or overtaken by events at the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from polyhost.ledger.hidden import state_hidden, visible
from polyhost.ledger.observe import (
    InventoryResult,
    gather_inventory,
    observe_coverage,
    observe_inventory,
    proven,
)
from polyhost.ledger.plan import LookbackFacts, plan_refresh, probes, windows
from polyhost.ledger.ranges import Ranges, add, holes
from polyhost.ledger.settle import Settlement, settle
from polyhost.ledger.state import HiddenStretch, PartitionRule, PartitionState, Range, Window
from polyhost.protocol.commands import CommitInventory, InventoryEntry

from .source import GoneError, Page, Shown, Source, key, within


@dataclass(frozen=True)
class Row:
    """A stored record: a head's content holds what the source showed of its members."""

    position: str
    is_head: bool
    content: object
    deleted: bool = False


@dataclass(frozen=True)
class Coverage:
    """A coverage message. Only the test looks at the last two: the tick at which its page was read, and the head of the
    page before, which its range shares and this page did not read again."""

    partition: str
    since: str | None
    until: str
    limited_before: str | None
    groups: frozenset[str]
    read_at: int
    below: str | None


@dataclass(frozen=True)
class Hidden:
    partition: str
    since: str | None
    until: str


@dataclass(frozen=True)
class Emitted:
    partition: str
    cursor: str
    row: Row


class Store:
    """What is durable."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Row]] = {}
        self.states: dict[str, PartitionState] = {}
        self.read: dict[str, list[tuple[Range, int, str | None]]] = {}

    def live(self, partition: str) -> dict[str, Row]:
        return {cursor: row for cursor, row in self.rows.get(partition, {}).items() if not row.deleted}

    def groups(self, partition: str, head: str) -> tuple[int, str | None]:
        members = [cursor for cursor, row in self.live(partition).items() if row.position == head and not row.is_head]
        return len(members), max(members, key=key, default=None)

    def lookback(self, partition: str, heads: int, before: str | None = None) -> LookbackFacts:
        live = self.live(partition)
        newest = sorted((cursor for cursor, row in live.items() if row.is_head), key=key, reverse=True)
        if before is not None:
            newest = [cursor for cursor in newest if key(cursor) < key(before)]
        taken = newest[:heads]
        groups = sum(1 for head in taken if self.groups(partition, head)[0])
        return LookbackFacts(taken[-1] if 0 < heads <= len(newest) else None, groups)

    def bury(self, partition: str, piece: Range, seen: set[str], groups: frozenset[str]) -> None:
        rows = self.rows.get(partition, {})
        inside = {
            cursor: row
            for cursor, row in self.live(partition).items()
            if within(row.position, piece.since, piece.until)
        }
        gone = {cursor for cursor, row in inside.items() if row.is_head and cursor not in seen}
        for cursor, row in inside.items():
            orphan = not row.is_head and cursor not in seen and (row.position in groups or row.position in gone)
            if cursor in gone or orphan:
                rows[cursor] = Row(row.position, row.is_head, row.content, deleted=True)


@dataclass
class Host:
    """One run."""

    store: Store
    rule: PartitionRule
    at: str
    full: bool = False
    scope: frozenset[str] | None = None
    pending: list[CommitInventory | Coverage | Hidden | Emitted] = field(default_factory=list)
    inventory: InventoryResult | None = None
    walked: dict[str, Ranges] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)
    asked: dict[str, list[Window]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    hidden: dict[str, Ranges] = field(default_factory=dict)
    requests: int = 0

    def __post_init__(self) -> None:
        states = {name: state for name, state in self.store.states.items() if self._in_scope(name)}
        heads = self.rule.refresh.lookback_records
        wanted = probes(states.values(), self.rule, now_iso=self.at)
        facts = {name: self.store.lookback(name, heads) for name in wanted.lookback}
        slices = {name: self.store.lookback(name, heads, before) for name, before in wanted.sweep.items()}
        self.before = dict(self.store.states)
        self.plans = {} if self.full else plan_refresh(states, facts, self.rule, now_iso=self.at, sweep_facts=slices)

    def _in_scope(self, name: str) -> bool:
        return self.scope is None or name in self.scope

    def windows(self, name: str) -> list[Window]:
        self.commit()
        state = self.store.states[name]
        facts = self.store.lookback(name, self.rule.refresh.lookback_records)
        plan, walked = self.plans.get(name), self.walked.get(name, ())
        for stretch in self.hidden.get(name, ()):
            walked = add(walked, stretch, self.rule.order)
        answer = windows(state, self.rule, plan, lookback=facts, walked=walked, full=self.full)
        self.asked.setdefault(name, []).extend(answer)
        return answer

    def groups(self, name: str, head: str) -> tuple[int, str | None]:
        self.commit()
        return self.store.groups(name, head)

    def commit(self, count: int | None = None) -> None:
        """The first `count` of what was sent becomes durable, in order; the rest is lost."""
        for message in self.pending[:count]:
            self._apply(message)
        self.pending.clear()

    def _apply(self, message: CommitInventory | Coverage | Hidden | Emitted) -> None:
        if isinstance(message, Emitted):
            self.store.rows.setdefault(message.partition, {})[message.cursor] = message.row
            self.seen.setdefault(message.partition, set()).add(message.cursor)
        elif isinstance(message, CommitInventory):
            self.inventory = gather_inventory(self.inventory, message)
            for state in observe_inventory(self.store.states, message, self.at, scope_keys=self.scope):
                if state.is_over and state.key in self.before and not self.store.states[state.key].is_over:
                    self.ended.add(state.key)
                self.store.states[state.key] = state
        elif isinstance(message, Hidden):
            self._hidden(message)
        else:
            self._covered(message)

    def _hidden(self, message: Hidden) -> None:
        name, order = message.partition, self.rule.order
        piece = Range(message.since, message.until)
        self.hidden[name] = add(self.hidden.get(name, ()), piece, order)
        new = HiddenStretch(message.since, message.until, self.at)
        self.store.states[name] = state_hidden(self.store.states[name], new, order)

    def _covered(self, message: Coverage) -> None:
        name, order = message.partition, self.rule.order
        piece = proven(message.since, message.until, message.limited_before, order)
        hidden = self.hidden.get(name, ())
        for part in () if piece is None else visible((piece,), hidden, order):
            self.store.bury(name, part, self.seen.get(name, set()), message.groups)
            self.walked[name] = add(self.walked.get(name, ()), part, order)
            self.store.read.setdefault(name, []).append((part, message.read_at, message.below))
        for end in () if piece is None or piece.since is None else (piece.since, piece.until):
            if not any(key(one.since or "0.0") < key(end) < key(one.until) for one in hidden):
                self.store.read.setdefault(name, []).append((Range(end, end), message.read_at, message.below))
        self.store.states[name] = observe_coverage(
            self.store.states[name],
            since=message.since,
            until=message.until,
            limited_before=message.limited_before,
            rule=self.rule,
            at=self.at,
            walked=self.walked.get(name, ()),
            refresh=self.plans.get(name),
            full=self.full,
            hidden=hidden,
        )

    def finish(self) -> Settlement:
        self.commit()
        result = settle(
            states=self.store.states,
            inventory=self.inventory,
            rule=self.rule,
            at=self.at,
            scope_keys=self.scope,
            ended=self.ended,
        )
        self.store.states.update({state.key: state for state in result.changed})
        return result


@dataclass(frozen=True)
class Faults:
    """What goes wrong in a run: the inventory breaks off, a partition fails after so many pages, or the source says of
    none that it is over."""

    inventory_breaks: bool = False
    fails: str | None = None
    after_pages: int = 0
    keeps_ends: bool = False


@dataclass
class Connector:
    host: Host
    source: Source
    page_size: int
    faults: Faults = field(default_factory=Faults)

    def collect(self) -> Iterator[None]:
        names = self.source.listed()
        half = len(names) // 2
        self._tell_of_ends()
        self._list(names[:half], complete=False)
        yield
        if self.faults.inventory_breaks:
            names = names[:half]
        else:
            self._list(names[half:], complete=True)
        for name in names:
            if self.host.scope is not None and name not in self.host.scope:
                continue
            yield
            try:
                yield from self._partition(name)
            except GoneError:
                continue

    def _tell_of_ends(self) -> None:
        over = {} if self.faults.keeps_ends else self.source.over()
        entries = tuple(
            InventoryEntry(name, deleted=became is None, became=became) for name, became in sorted(over.items())
        )
        self.host.pending.append(CommitInventory(self.host.rule.stream, entries, complete=False))

    def _list(self, names: list[str], *, complete: bool) -> None:
        entries = tuple(InventoryEntry(name, label=f"#{name}") for name in names)
        self.host.pending.append(CommitInventory(self.host.rule.stream, entries, complete))

    def _partition(self, name: str) -> Iterator[None]:
        wanted = self.host.windows(name)
        pages = 0
        for window in wanted:
            for _ in self._walk(name, window):
                pages += 1
                if name == self.faults.fails and pages > self.faults.after_pages:
                    raise GoneError(name)
                yield

    def _walk(self, name: str, window: Window) -> Iterator[None]:
        until, below, more = window.until or self.source.now(), None, True
        while more:
            read_at = self.source.tick
            page = self.source.page(name, window.since, until, self.page_size, below)
            self.host.requests += 1
            yield
            groups: set[str] = set()
            for head, shown in page.heads:
                yield from self._head(name, head, shown, groups, window.deep)
            more = page.more
            since = page.heads[-1][0] if more else window.since
            self._cover(name, since, until, page, groups, (read_at, below))
            yield
            if since is not None:
                until = below = since

    def _head(self, name: str, head: str, shown: Shown, groups: set[str], deep: bool) -> Iterator[None]:
        self._emit(name, head, Row(head, is_head=True, content=shown))
        if not deep and self.host.groups(name, head) == shown[1:]:
            return
        if shown[1]:
            yield
            self.host.requests += 1
            for member in self.source.members(name, head):
                self._emit(name, member.cursor, Row(head, is_head=False, content=member.text))
        groups.add(head)

    def _emit(self, name: str, cursor: str, row: Row) -> None:
        self.host.pending.append(Emitted(name, cursor, row))

    def _cover(
        self, name: str, since: str | None, until: str, page: Page, groups: set[str], read: tuple[int, str | None]
    ) -> None:
        reached = not page.more and page.horizon is not None and not within(since or "0", page.horizon, None)
        limit = page.horizon if reached else None
        for low, high in page.hidden:  # as it is, between what is shown, wherever the page ends
            if within(high, since, None) and within(low or "0.0", None, until):
                self.host.pending.append(Hidden(name, low, high))
        self.host.pending.append(Coverage(name, since, until, limit, frozenset(groups), *read))


def everything(windows_: list[Window], covered: Ranges, rule: PartitionRule, floor: str | None) -> bool:
    """Whether the windows and what was covered before leave nothing out, from the floor up to now."""
    end = "999999.0"
    total = covered
    for window in windows_:
        total = add(total, Range(window.since, window.until or end), rule.order)
    return bool(total) and total[-1].until == end and not holes(total, rule.order, floor=floor)
