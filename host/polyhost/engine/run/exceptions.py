"""The exceptions of one connection while a run goes on: met, healed, tried again; kept in memory, written with the run.

Owns: which stand now in the streams of the run, which were met in it, which windows it tries some again in. Must not
know: messages, how a connector tries one, what is stored of a record. The lease makes this copy the only one that
moves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from polyhost.engine.clock import Clock
from polyhost.ledger import exceptions
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.exceptions import ExceptionId, Retry, StandingException
from polyhost.ledger.state import CursorOrder, PartitionRule, PartitionState, Range
from polyhost.protocol.exceptions import ExceptionFact, ExceptionKind
from polyhost.store.base import ResolveExceptions, SaveExceptions, Store, WriteOp

__all__ = ["RunExceptions"]

PageBelow = Callable[[str, str], Awaitable[str | None]]
"""Of a partition and a position in it: the cursor down to which one page from there reaches; None: the beginning."""

_NOBODY: Mapping[str, set[ExceptionId]] = {}


class RunExceptions:
    """Those of the streams in scope. Operations go to the store, in the order they are handed out."""

    def __init__(self, standing: Sequence[StandingException], orders: Mapping[str, CursorOrder], clock: Clock) -> None:
        self._clock = clock
        self._orders = orders
        self._turn = 1 + max((one.turn for one in standing), default=0)
        self._standing: dict[ExceptionId, StandingException] = {}
        self._counts: Counter[str] = Counter()
        self._records: defaultdict[str, dict[str, set[ExceptionId]]] = defaultdict(dict)
        self._of: defaultdict[tuple[str, str | None], set[ExceptionId]] = defaultdict(set)
        self._met: set[ExceptionId] = set()
        self._watched: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._heads: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._full: set[str] = set()
        for one in standing:
            self._keep(one)
            self._watch(one)

    @classmethod
    async def load(
        cls, store: Store, connection_id: int, streams: Collection[str], orders: Mapping[str, CursorOrder], clock: Clock
    ) -> RunExceptions:
        """What stands in these streams."""
        found = await store.ledger.exceptions(connection_id)
        return cls([one for one in found if one.stream in streams], orders, clock)

    def standing(self, stream: str) -> list[StandingException]:
        """What stands now, in the order it is kept in."""
        found = (one for one in self._standing.values() if one.stream == stream)
        return sorted(found, key=lambda one: (one.kind, one.partition or "", one.key))

    def was_met(self, one: StandingException) -> bool:
        """Whether it came by in this run, and is not well."""
        return one.id in self._met

    def is_full(self, stream: str) -> bool:
        """Whether more came than are kept: then nothing more of it may be called proven in this run."""
        return stream in self._full

    # what happens

    def note(self, fact: ExceptionFact) -> list[WriteOp]:
        """One was met."""
        known = self._known(fact)
        if known is None and self._counts[fact.stream] >= exceptions.MAX_STANDING:
            self._full.add(fact.stream)
            return []
        one = exceptions.met(known, fact, at=self._clock.iso(), turn=self._turn)
        elsewhere = [known.id] if known is not None and known.id != one.id else []
        self._heal(elsewhere)
        self._keep(one)
        self._met.add(one.id)
        return [*([ResolveExceptions(elsewhere)] if elsewhere else []), SaveExceptions([one])]

    def _known(self, fact: ExceptionFact) -> StandingException | None:
        """The same one as it stands, wherever it was thought to lie: a record's key is its stream's alone."""
        if fact.kind is ExceptionKind.RECORD:
            return next((self._standing[of] for of in self._records[fact.stream].get(fact.key, ())), None)
        return self._standing.get(ExceptionId(fact.stream, fact.kind, fact.partition, fact.key))

    def records_of(self, stream: str) -> Mapping[str, set[ExceptionId]]:
        """Records of the stream that stand out, by key; what is written by one of these keys has arrived."""
        return self._records.get(stream, _NOBODY)

    def arrived(self, stream: str, key: str) -> list[ExceptionId]:
        """A record came well-formed, or is gone for certain."""
        healed = [*self._records[stream].get(key, ())]
        self._heal(healed)
        return healed

    def watched(self, stream: str, partition: str) -> Collection[str]:
        """Positions (sort keys) at which a head is to be told of with `saw_head`."""
        return self._watched.get((stream, partition), ())

    def positions(self, stream: str, partition: str) -> list[str]:
        """Where something stands out of a partition, as the source writes it."""
        standing = (self._standing[of] for of in self._of.get((stream, partition), ()))
        return [one.position for one in standing if one.position is not None]

    def saw_head(self, stream: str, partition: str, position: str) -> None:
        """The head of a group that stands out came by."""
        self._heads[stream, partition].add(position)

    def claimed(
        self, stream: str, partition: str, piece: Range, groups: Collection[str]
    ) -> tuple[list[ResolveExceptions], frozenset[str]]:
        """This range is proven: what stood in it and was not met again is not there. With the positions (sort keys) of
        heads among it: nothing is stored of them, and their members are gone with them."""
        healed = exceptions.healed_by_claim(
            [self._standing[of] for of in self._of.get((stream, partition), ())],
            piece,
            order=self._orders[stream],
            groups=frozenset(groups),
            heads=self._heads[stream, partition],
            met_now=self._met,
        )
        gone = frozenset(
            sort_key(one.position, self._orders[stream])
            for one in (self._standing[of] for of in healed)
            if one.position is not None and not one.hangs_on_a_head
        )
        self._heal(healed)
        return ([ResolveExceptions(healed)] if healed else []), gone

    def nowhere(self, stream: str, whole: Collection[str], *, everything: bool) -> list[ResolveExceptions]:
        """Records whose place could not be read, and that were not met though this run has read all of the partitions
        they may lie in: `whole` ones from end to end, `everything` where those are all there are. They are gone."""
        healed = [
            one.id
            for one in self.standing(stream)
            if exceptions.is_placeless(one)
            and one.id not in self._met
            and (everything if one.partition is None else one.partition in whole)
        ]
        self._heal(healed)
        return [ResolveExceptions(healed)] if healed else []

    # trying again

    async def plan(
        self, rule: PartitionRule, states: Mapping[str, PartitionState], page_below: PageBelow
    ) -> dict[str, list[Retry]]:
        """The windows in which this run tries some again, by partition, within its budget."""
        able = (
            one
            for one in self.standing(rule.stream)
            if one.partition is not None and exceptions.can_be_tried(one, states.get(one.partition), rule)
        )
        waiting, left = exceptions.in_turn(able), exceptions.RETRY_REQUESTS
        planned: defaultdict[str, list[Retry]] = defaultdict(list)
        while waiting and left > 0:
            retry = await _next(waiting, rule, page_below)
            planned[retry.partition].append(retry)
            left -= retry.requests
            waiting = [one for one in waiting if one.id not in retry.tried]
        return planned

    def is_open(self, retry: Retry) -> bool:
        """Whether something in it still stands and was not met in this run yet."""
        return any(of in self._standing and of not in self._met for of in retry.tried)

    def due(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
        """What is to be tried again by its key, as a connector is told of it: those whose turn comes first."""
        waiting = [
            one
            for one in exceptions.in_turn(self.standing(stream))
            if not one.is_set_aside and one.id not in self._met and (partition is None or one.partition == partition)
        ]
        names = ("kind", "key", "partition", "position", "reason", "tries")
        return [{name: getattr(one, name) for name in names} for one in waiting[: exceptions.RETRY_REQUESTS]]

    def _keep(self, one: StandingException) -> None:
        self._counts[one.stream] += one.id not in self._standing
        self._standing[one.id] = one
        self._of[one.stream, one.partition].add(one.id)
        if one.kind is ExceptionKind.RECORD:
            self._records[one.stream].setdefault(one.key, set()).add(one.id)

    def _watch(self, one: StandingException) -> None:
        if one.hangs_on_a_head and one.position is not None and one.partition is not None:
            self._watched[one.stream, one.partition].add(sort_key(one.position, self._orders[one.stream]))

    def _heal(self, healed: Sequence[ExceptionId]) -> None:
        for of in healed:
            del self._standing[of]
            self._counts[of.stream] -= 1
            self._of[of.stream, of.partition].discard(of)
            self._met.discard(of)
            if of.kind is ExceptionKind.RECORD:
                left = self._records[of.stream][of.key]
                left.discard(of)
                if not left:
                    del self._records[of.stream][of.key]


async def _next(waiting: Sequence[StandingException], rule: PartitionRule, page_below: PageBelow) -> Retry:
    first = waiting[0]
    others = [one for one in waiting[1:] if one.partition == first.partition]
    page_until: str | None = None
    if not first.hangs_on_a_head and others and first.partition is not None and first.position is not None:
        page_until = await page_below(first.partition, first.position)
    return exceptions.next_retry(first, others, page_until, rule)
