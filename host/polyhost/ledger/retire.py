"""The owner lets a missing partition go, or takes that back.

Owns: the two transitions and what they refuse. Must not know: the command line, the store, runs. No record is touched:
retiring stops the reports, nothing else (PR-1.7).
"""

from __future__ import annotations

from dataclasses import replace

from polyhost.errors import RefusedError
from polyhost.ledger.arrivals import unfollowed
from polyhost.ledger.state import PartitionState, PartitionStatus

__all__ = ["MAX_REASON", "restore", "retire"]

MAX_REASON = 200
"""Characters of an owner's reason: one sentence, shown in one line."""


_OVER = {PartitionStatus.DELETED: "deleted at its source", PartitionStatus.BECAME: "another one now"}


def retire(state: PartitionState | None, key: str, *, reason: str, at: str) -> PartitionState:
    """Only what is missing can be retired; what is present would be skipped in silence."""
    known = _known(state, key)
    if known.status is PartitionStatus.RETIRED:
        raise RefusedError(f"Partition {key} is retired already, since {known.retired_at}", "Nothing is to be done.")
    if known.status is PartitionStatus.PRESENT:
        raise RefusedError(
            f"Partition {key} is present in the source",
            "Only a missing one can be retired; leave others out with --resource.",
        )
    if known.is_over:
        raise RefusedError(
            f"Partition {key} is {_OVER[known.status]}, and not reported any more",
            "Nothing is to be done; its records are kept.",
        )
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise RefusedError("A reason is needed to retire a partition", f"Give one of 1 to {MAX_REASON} characters.")
    return replace(known, status=PartitionStatus.RETIRED, retired_at=at, retired_reason=reason)


def restore(state: PartitionState | None, key: str) -> PartitionState:
    """As before: missing; over, where the source has said so meanwhile; or present where an inventory has listed it.
    The next inventory decides anyway."""
    known = _known(state, key)
    if known.status is not PartitionStatus.RETIRED:
        raise RefusedError(
            f"Partition {key} is not retired; it is {known.status}", "Only a retired one can be restored."
        )
    known = unfollowed(known) if known.followed else known
    return replace(known, status=_now(known), retired_at=None, retired_reason=None)


def _now(state: PartitionState) -> PartitionStatus:
    if state.ended_since is not None:
        return PartitionStatus.DELETED if state.successor is None else PartitionStatus.BECAME
    return PartitionStatus.PRESENT if state.missing_since is None else PartitionStatus.MISSING


def _known(state: PartitionState | None, key: str) -> PartitionState:
    if state is None:
        raise RefusedError(f"There is no partition {key} in this stream", "List them with: polyhost coverage.")
    return state
