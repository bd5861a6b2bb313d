"""Sources where what is new may turn up anywhere: following what arrives, by the source's own token.

Owns: what following proves, what its beginning and its end undo. Must not know: what a token means, where those that
stand for a whole stream are kept, the store.

Where items arrive out of order (imports, federation, moderation queues) a range that was read is whole as of that
moment only. It stays whole where everything that arrived since is read as well, from a token that was taken before the
range was: then what lies below the newest cannot be missed. Without an unbroken line of tokens nothing is whole.
"""

from __future__ import annotations

from dataclasses import replace

from polyhost.ledger.cursor import sort_key
from polyhost.ledger.hidden import hidden_ranges, visible, with_contiguous
from polyhost.ledger.ranges import add, ordered
from polyhost.ledger.state import PartitionRule, PartitionState, Range

__all__ = ["arrivals_name", "extended", "is_as_of_then", "is_settled_above", "unfollowed"]


def arrivals_name(stream: str) -> str:
    """The name that a whole stream's token is kept by, beside the opaque cursors: no stream is called so."""
    return f"{stream}\narrivals"


def unfollowed(state: PartitionState) -> PartitionState:
    """The entry while nothing is known of what arrives: before following begins, and when the source does not know the
    token any more. What was read is not whole any longer, and all of it is asked for once more."""
    return replace(
        state, covered=(), tokens=(), to_end=False, arrivals=None, followed=False, limited_since=None, sweep_until=None
    )


def extended(state: PartitionState, top: str | None, rule: PartitionRule) -> PartitionState:
    """The entry when all that arrived was read, the newest of it at `top`: what was read to its end reaches there, save
    for what the source was said to hide on the way."""
    state = state if state.followed else replace(state, followed=True)
    if not state.to_end or top is None:
        return state
    order, covered, tokens = rule.order, state.covered, state.tokens
    if not covered:
        piece = Range(state.limited_before, top)
        if not ordered(piece, order):
            return state
    else:
        last = covered[-1].until
        if sort_key(top, order) <= sort_key(last, order):
            return state
        piece = Range(last, top)
        tokens = tuple(one for one in tokens if one.way == "older" or one.at != last)
    for part in visible((piece,), hidden_ranges(state), order):
        covered = add(covered, part, order)
    return with_contiguous(replace(state, covered=covered, tokens=tokens), order)


def is_settled_above(state: PartitionState, rule: PartitionRule) -> bool:
    """Whether there is nothing to ask for above what is covered: whatever comes there arrives, and is followed."""
    return rule.arrival == "any_order" and state.followed and state.to_end


def is_as_of_then(state: PartitionState, rule: PartitionRule) -> bool:
    """Whether what is covered was whole when it was read, and need not be now."""
    return rule.arrival == "any_order" and not state.followed
