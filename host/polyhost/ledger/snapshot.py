"""The ledger as a connector sees it in START.state.

Owns: the JSON shape of a stream's partition state. Must not know: START's other fields, streams without partitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from polyhost.ledger.state import PartitionRule, PartitionState

__all__ = ["start_state"]


def start_state(
    states: Mapping[str, PartitionState],
    rule: PartitionRule,
    *,
    scope_keys: AbstractSet[str] | None = None,
    legacy_high_water: str | None = None,
    arrivals: str | None = None,
) -> dict[str, Any]:
    """`{partitions: {key: {high_water, covered, status, …}}, legacy_high_water?, arrivals?}`, only of the scope.

    The legacy value is passed on only where no partition has state of its own (PR-2.3).
    """
    mine = {
        key: _entry(state)
        for key, state in states.items()
        if state.stream == rule.stream and (scope_keys is None or key in scope_keys)
    }
    snapshot: dict[str, Any] = {"partitions": mine}
    if arrivals is not None:
        snapshot["arrivals"] = arrivals
    if legacy_high_water is not None and not states:
        snapshot["legacy_high_water"] = legacy_high_water
    return snapshot


def _entry(state: PartitionState) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "high_water": state.high_water,
        "covered": [[piece.since, piece.until] for piece in state.covered],
        "status": str(state.status),
    }
    optional = {
        "label": state.label,
        "source_status": state.source_status,
        "limited_before": state.limited_before,
        "arrivals": state.arrivals,
        "hidden": [[one.since, one.until] for one in state.hidden] or None,
        "successor": state.successor,
    }
    return entry | {name: value for name, value in optional.items() if value is not None}
