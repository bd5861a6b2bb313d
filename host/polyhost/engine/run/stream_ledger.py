"""One partitioned stream in a run that is going on: its states, what is planned to be read again, what was walked.

Owns: those, and what tokens of arrival do to them. Must not know: the store, messages, what other streams come to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from polyhost.ledger import arrivals, observe, plan, ranges
from polyhost.ledger.arrivals import arrivals_name
from polyhost.ledger.exceptions import Retry
from polyhost.ledger.hidden import state_hidden
from polyhost.ledger.observe import InventoryResult
from polyhost.ledger.plan import RefreshPlan
from polyhost.ledger.ranges import Ranges
from polyhost.ledger.state import HiddenStretch, PartitionRule, PartitionState, PartitionStatus, Range
from polyhost.ledger.tokens import without_token
from polyhost.protocol.commands import CommitArrivals, CommitHidden, ForgetToken
from polyhost.store.base import SaveCheckpoints, SavePartitions, WriteOp

__all__ = ["StreamLedger"]


class StreamLedger:
    """One partitioned stream's states, plans and walks in this run."""

    def __init__(
        self, rule: PartitionRule, states: Mapping[str, PartitionState], scope_keys: frozenset[str] | None
    ) -> None:
        self.rule = rule
        self.states = dict(states)
        self.scope_keys = scope_keys
        self.legacy: str | None = None
        self.arrivals: str | None = None
        self.plans: dict[str, RefreshPlan] = {}
        self.retries: dict[str, list[Retry]] = {}
        self.planned = False
        self.planning = asyncio.Lock()
        self.walked: dict[str, Ranges] = {}
        self.hidden: dict[str, Ranges] = {}
        """Of each partition, what this run was told to be hidden."""
        self.looked: set[str] = set()
        self.ended: set[str] = set()
        """Partitions of which this run has learnt that they are over."""
        self.deleted: set[str] = set()
        """Partitions that this run's inventory calls deleted."""
        self.inventory: InventoryResult | None = None
        self.tops: dict[str, tuple[str, str]] = {}
        """Of each partition, the newest head that this run has taken: its sort key, and its cursor."""

    def follows(self, partition: str) -> bool:
        """Whether all that arrives in it is read, by its own token or the stream's, where that tells anything."""
        own = self.states[partition].arrivals if partition in self.states else None
        return self.rule.arrival == "any_order" and (own or self.arrivals) is not None

    def in_scope(self, partition: str) -> bool:
        return self.scope_keys is None or partition in self.scope_keys

    def readable(self) -> dict[str, PartitionState]:
        """What may be read again: in scope, and still there where the inventory is known to be complete."""
        listed = self.inventory.keys if self.inventory is not None and self.inventory.complete else None
        return {
            key: state for key, state in self.states.items() if self.in_scope(key) and (listed is None or key in listed)
        }

    def state(self, partition: str, at: str) -> PartitionState:
        """The entry; a fresh one for a partition nobody has seen, which may be over already."""
        known = self.states.get(partition)
        if known is not None:
            return known
        fresh = observe.first_seen(self.rule.stream, partition, at, legacy_floor=self.legacy)
        return replace(fresh, status=PartitionStatus.DELETED, ended_since=at) if partition in self.deleted else fresh

    @property
    def is_enumerated(self) -> bool:
        """Whether this run knows of every partition that exists."""
        return self.inventory is not None and self.inventory.complete

    def read_whole(self) -> set[str]:
        """Partitions of which this run has read all that there is, and from which the source hides nothing."""
        order = self.rule.order
        return {
            key
            for key, walked in self.walked.items()
            if (state := self.states[key]).limited_before is None
            and not state.hidden
            and not plan.unproven(state, order)
            and all(ranges.contains(walked, piece, order) for piece in state.covered)
        }

    def looks_again(self, state: PartitionState) -> bool:
        """Whether this entry says that the partition's newest records have just been read."""
        known = self.states.get(state.key)
        return state.refreshed_at is not None and (known is None or known.refreshed_at != state.refreshed_at)

    def keep(self, changed: Sequence[PartitionState]) -> list[SavePartitions]:
        self.states.update((state.key, state) for state in changed)
        return [SavePartitions(tuple(changed))] if changed else []

    def looked_at(self, partition: str) -> Ranges:
        """What this run need not ask for again: it was walked, or said to be hidden."""
        found = self.walked.get(partition, ())
        for stretch in self.hidden.get(partition, ()):
            found = ranges.add(found, stretch, self.rule.order)
        return found

    def take_hidden(self, command: CommitHidden, at: str) -> list[SavePartitions]:
        """The source hides what lies between these positions."""
        piece, order = Range(command.since, command.until), self.rule.order
        self.hidden[command.partition] = ranges.add(self.hidden.get(command.partition, ()), piece, order)
        new = HiddenStretch(command.since, command.until, at, command.reason)
        return self.keep([state_hidden(self.state(command.partition, at), new, order)])

    # what arrives, where it arrives in any order

    def take_arrivals(self, command: CommitArrivals, at: str) -> list[WriteOp]:
        """All that has arrived up to this token is stored. The first one begins the following: what was read before was
        not followed, and is asked for again."""
        if command.partition is not None:
            state = self.state(command.partition, at)
            if self.rule.arrival == "in_order":
                return []
            followed = self._followed(state, began=state.arrivals is None)
            return self._changed([replace(followed, arrivals=command.token)])
        if self.rule.arrival == "in_order":
            return []
        began, self.arrivals = self.arrivals is None, command.token
        there = (state for state in self.readable().values() if state.status is PartitionStatus.PRESENT)
        changed = [self._followed(state, began=began) for state in there]
        return [*self._changed(changed), SaveCheckpoints({arrivals_name(self.rule.stream): command.token})]

    def forget_token(self, command: ForgetToken) -> list[WriteOp]:
        """The source does not take it any more. Where it was what arrives was followed by, all is asked for again."""
        if command.partition is not None:
            state = self.states.get(command.partition)
            if state is None:
                return []
            if state.arrivals == command.token:
                state = arrivals.unfollowed(state)
            return self._changed([replace(state, tokens=without_token(state.tokens, command.token))])
        if self.arrivals != command.token:
            return []
        self.arrivals = None
        changed = [arrivals.unfollowed(state) for state in self.states.values() if state.followed]
        return [*self._changed(changed), SaveCheckpoints({arrivals_name(self.rule.stream): None})]

    def _followed(self, state: PartitionState, *, began: bool) -> PartitionState:
        """By a token that was told just now. One that is the first of its kind promises nothing of what came before it:
        also where another was followed until now, nobody knows what lies between the two."""
        if began or not state.followed:
            return replace(arrivals.unfollowed(state), followed=True)
        _, top = self.tops.get(state.key, ("", None))
        return arrivals.extended(state, top, self.rule)

    def _changed(self, states: Sequence[PartitionState]) -> list[WriteOp]:
        return [*self.keep([state for state in states if self.states.get(state.key) != state])]
