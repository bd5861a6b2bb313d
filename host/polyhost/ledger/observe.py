"""What the ledger learns while a run goes on: which partitions there are, and what was read of each.

Owns: the transitions of `PartitionState` on inventory and coverage, and how several inventory messages make one result.
Must not know: protocol messages as they come in, the store, who calls anything missing (that is `settle`).

Every function returns new values and only those that changed; applying the same observation again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from polyhost.ledger.arrivals import unfollowed
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.hidden import lift, visible, with_contiguous
from polyhost.ledger.plan import RefreshPlan
from polyhost.ledger.ranges import Ranges, add, clip, contains, floor_key, ordered
from polyhost.ledger.state import CursorOrder, PartitionRule, PartitionState, PartitionStatus, Range
from polyhost.ledger.tokens import Tokens, keep_tokens
from polyhost.protocol.commands import CommitInventory, InventoryEntry

__all__ = [
    "InventoryResult",
    "first_seen",
    "gather_inventory",
    "observe_coverage",
    "observe_inventory",
    "proven",
]

_DAY = len("2026-11-22")
"""Characters of an ISO time that name the day: `last_seen` is kept to it."""


@dataclass(frozen=True, slots=True)
class InventoryResult:
    """What a run's inventory messages came to for one stream. `complete`: the last of them said so."""

    keys: frozenset[str] = frozenset()
    complete: bool = False


def gather_inventory(result: InventoryResult | None, inventory: CommitInventory) -> InventoryResult:
    """The result with one more message. One that follows a complete enumeration begins another. What is named as over
    is not among what is there."""
    before = frozenset[str]() if result is None or result.complete else result.keys
    over = {entry.key for entry in inventory.partitions if entry.is_over}
    return InventoryResult(before.union(entry.key for entry in inventory.partitions) - over, inventory.complete)


def first_seen(stream: str, key: str, at: str, *, legacy_floor: str | None = None) -> PartitionState:
    """The entry of a partition nobody knew: nothing covered, so all of it is planned from its beginning (PR-2.5)."""
    return PartitionState(stream=stream, key=key, first_seen=at, last_seen=at, legacy_floor=legacy_floor)


def observe_inventory(
    states: Mapping[str, PartitionState],
    inventory: CommitInventory,
    at: str,
    *,
    scope_keys: AbstractSet[str] | None = None,
    legacy_high_water: str | None = None,
) -> list[PartitionState]:
    """The entries that change because these partitions exist.

    A missing one is present again with its ranges as they were; a retired one stays retired. Being listed proves
    presence even where the inventory breaks off later. A `status` that is not told any more is none; a name is kept
    where none comes. What is named as over is so at once, and stays so until it is listed again; one that was deleted
    before anybody knew it gets no entry. `scope_keys` (None: all) bounds what a scoped run may touch (PR-2.7);
    `legacy_high_water` is for partitions without an entry, where the stored state had no partitions at all (PR-2.3).
    """
    changed: dict[str, PartitionState] = {}
    for entry in inventory.partitions:
        if scope_keys is not None and entry.key not in scope_keys:
            continue
        known = changed.get(entry.key) or states.get(entry.key)
        if known is None and entry.deleted:
            continue
        state = known or first_seen(inventory.stream, entry.key, at, legacy_floor=legacy_high_water)
        state = _ended(state, entry, at) if entry.is_over else _listed(state, entry, at)
        if state is not known:
            changed[entry.key] = state
    return list(changed.values())


def _ended(state: PartitionState, entry: InventoryEntry, at: str) -> PartitionState:
    """A retired one stays retired; what it became is kept, for its history to be read."""
    over = PartitionStatus.DELETED if entry.deleted else PartitionStatus.BECAME
    status = state.status if state.status is PartitionStatus.RETIRED else over
    label = state.label if entry.label is None else entry.label
    since = state.ended_since or at
    facts = (label, entry.status, status, since, entry.became, None)
    before = (state.label, state.source_status, state.status, state.ended_since, state.successor, state.missing_since)
    if facts == before:
        return state
    return replace(
        state,
        label=label,
        source_status=entry.status,
        status=status,
        ended_since=since,
        successor=entry.became,
        missing_since=None,
    )


def _listed(state: PartitionState, entry: InventoryEntry, at: str) -> PartitionState:
    """One that was away is not followed any more: what arrived meanwhile was told to nobody."""
    if state.followed and state.status is not PartitionStatus.PRESENT:
        state = unfollowed(state)
    label = state.label if entry.label is None else entry.label
    status = state.status if state.status is PartitionStatus.RETIRED else PartitionStatus.PRESENT
    last_seen = at if state.last_seen is None or state.last_seen[:_DAY] != at[:_DAY] else state.last_seen
    gone = (state.missing_since, state.ended_since, state.successor)
    facts = (label, entry.status, status, last_seen)
    if facts == (state.label, state.source_status, state.status, state.last_seen) and gone == (None, None, None):
        return state
    return replace(
        state,
        label=label,
        source_status=entry.status,
        status=status,
        last_seen=last_seen,
        missing_since=None,
        ended_since=None,
        successor=None,
    )


def proven(since: str | None, until: str, limited_before: str | None, order: CursorOrder) -> Range | None:
    """The range a coverage message proves: above the source's horizon only, for below it nothing could be read.

    None where all of it lies below. Also the range in which absence means deletion. ValueError where it begins after
    it ends, or a cursor is malformed.
    """
    whole = Range(since, until)
    if not ordered(whole, order):
        raise ValueError("a covered range begins no later than it ends")
    clipped = clip((whole,), limited_before, None, order)
    return clipped[0] if clipped else None


def observe_coverage(
    state: PartitionState,
    *,
    since: str | None,
    until: str | None,
    limited_before: str | None,
    rule: PartitionRule,
    at: str,
    walked: Ranges = (),
    refresh: RefreshPlan | None = None,
    full: bool = False,
    to_end: bool = False,
    followed: bool = False,
    told: Tokens = (),
    hidden: Ranges = (),
) -> PartitionState:
    """The entry once everything in [since, until] is durable. `to_end`: and there is nothing above that; then `until`
    is None where there is nothing at all. `followed`: what arrives is read, too. `told`: the tokens that came with it.

    `hidden` is what this run was told to be hidden: none of it is covered by this, and what else was thought to be in
    this range is not any more. `walked` is what this run has proven of the partition so far, with or without this
    range; `refresh` is what the run planned to re-read of it: once that is walked whole, it counts as refreshed or
    swept. In a `full` run everything is planned. Walking anything else again was shallow perhaps, and counts for
    nothing.
    """
    order = rule.order
    piece = None if until is None else proven(since, until, limited_before, order)
    state = replace(
        state,
        limited_before=_horizon(state, since, limited_before, order),
        to_end=_reaches(state, until, to_end, order),
        followed=followed,
    )
    was_read = bool(state.covered)
    for part in () if piece is None else visible((piece,), hidden, order):
        walked = add(walked, part, order)
        state = lift(replace(state, covered=add(state.covered, part, order)), (part,), order)
        if not was_read:
            state = replace(state, refreshed_at=at)
    tokens = keep_tokens(state.tokens, told, state.covered, order)
    state = with_contiguous(replace(state, limited_since=_limited_since(state, order), tokens=tokens), order)
    for stretch in hidden:
        walked = add(walked, stretch, order)
    if full and _walked_whole(state.covered, walked, state, order):
        return replace(state, refreshed_at=at, swept_at=at, sweep_until=None)
    return state if refresh is None else _reread(state, walked, refresh, order, at)


def _reaches(state: PartitionState, until: str | None, to_end: bool, order: CursorOrder) -> bool:
    """What is read below the top changes nothing at the top."""
    if to_end or until is None or not state.covered:
        return to_end
    return state.to_end and sort_key(until, order) <= sort_key(state.covered[-1].until, order)


def _horizon(state: PartitionState, since: str | None, reported: str | None, order: CursorOrder) -> str | None:
    """Where the source begins to hide: as reported now; as known before, unless this range was read freely below it."""
    if reported is not None or state.limited_before is None:
        return reported
    read_below = floor_key(since, order) < floor_key(state.limited_before, order)
    return None if read_below else state.limited_before


def _limited_since(state: PartitionState, order: CursorOrder) -> str | None:
    limit = state.limited_before
    if limit is None:
        return None
    holding = (piece.since for piece in state.covered if contains((piece,), Range(limit, limit), order))
    return next(holding, None)


def _reread(state: PartitionState, walked: Ranges, refresh: RefreshPlan, order: CursorOrder, at: str) -> PartitionState:
    """The bookkeeping of a re-read that is complete now; a partial one leaves no trace and is planned again."""
    if refresh.lookback and _walked_whole(refresh.lookback, walked, state, order):
        state = replace(state, refreshed_at=at)
        if refresh.whole:
            return replace(state, swept_at=at, sweep_until=None)
    if not refresh.sweep or not _walked_whole(refresh.sweep, walked, state, order):
        return state
    if refresh.sweep_until is None:
        return replace(state, swept_at=at, sweep_until=None)
    return replace(state, sweep_until=refresh.sweep_until)


def _walked_whole(wanted: Ranges, walked: Ranges, state: PartitionState, order: CursorOrder) -> bool:
    """Whether all that is wanted was walked, as far down as the source still shows anything."""
    visible = clip(wanted, state.limited_before, None, order)
    return all(contains(walked, piece, order) for piece in visible)
