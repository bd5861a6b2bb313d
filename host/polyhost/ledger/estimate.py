"""What a run would ask for, by partition and purpose, before anything is sent (`run --dry-run`).

Owns: turning windows into numbers of requests. Must not know: the source's page sizes; where a window's length is
unknown the number is the least it takes, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyhost.ledger.plan import RefreshPlan
from polyhost.ledger.state import Purpose, Window

__all__ = ["Estimate", "estimate", "total_requests"]

_PURPOSES: tuple[Purpose, ...] = ("new", "backfill", "refresh", "retry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`requests`: expected, or the least where `open_ended`: nobody knows yet how many records lie in such a window.
    New windows are counted although a connector that sees nothing new in the inventory need not walk them."""

    partition: str
    purpose: Purpose
    windows: int
    requests: int
    open_ended: bool


def estimate(planned: Mapping[str, Sequence[Window]], plans: Mapping[str, RefreshPlan]) -> list[Estimate]:
    """One line for each partition and purpose that is due. Look-backs that ride along with a new window are not."""
    found: list[Estimate] = []
    for key, wanted in planned.items():
        for purpose in _PURPOSES:
            count = sum(1 for window in wanted if window.purpose == purpose and window.when == "due")
            if count:
                found.append(_line(key, purpose, count, plans.get(key)))
    return found


def _line(key: str, purpose: Purpose, count: int, plan: RefreshPlan | None) -> Estimate:
    known = plan if purpose == "refresh" else None
    requests = known.requests if known is not None else count
    return Estimate(partition=key, purpose=purpose, windows=count, requests=requests, open_ended=known is None)


def total_requests(estimates: Sequence[Estimate]) -> int:
    """The least all of it takes."""
    return sum(line.requests for line in estimates)
