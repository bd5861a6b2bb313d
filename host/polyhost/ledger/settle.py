"""The end of a run: who is missing, what stays unproven, and saying so.

Owns: the difference between what was observed before and what this run enumerated, and the diagnostics that follow
from the ledger. Must not know: records, requests, how a run ended otherwise.

Missing means: known before, and not in an inventory that was enumerated completely. Where the inventory is unproven
nobody is called missing, not even who was missing before; the run says that the inventory is unproven (PR-1.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from polyhost.ledger.arrivals import is_as_of_then
from polyhost.ledger.looks import Looks, looks
from polyhost.ledger.observe import InventoryResult
from polyhost.ledger.plan import has_unread, is_readable
from polyhost.ledger.state import PartitionRule, PartitionState, PartitionStatus
from polyhost.protocol.diagnostics import Diagnostic, DiagnosticCode, Severity, partitions_diagnostic

__all__ = ["Settlement", "settle"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """`changed`: entries to save. `looks`: what looking again has not reached lately, a fact and no diagnostic: a clean
    complete run has none. `unlooked`: partitions whose newest records this run did not look at again."""

    changed: tuple[PartitionState, ...]
    diagnostics: tuple[Diagnostic, ...]
    looks: Looks
    unlooked: int


def settle(
    *,
    states: Mapping[str, PartitionState],
    inventory: InventoryResult | None,
    rule: PartitionRule,
    at: str,
    scope_keys: AbstractSet[str] | None = None,
    looked: AbstractSet[str] = frozenset(),
    ended: AbstractSet[str] = frozenset(),
) -> Settlement:
    """Judge one stream of a run that has ended. `states` hold what it observed; None as `scope_keys` is all of them;
    `looked` are the partitions whose newest records it read, for the first time or again; `ended` those of which it
    learnt that they are over, which is told once.

    Only partitions in the scope are judged and changed (PR-1.6, PR-2.7), and of those only what the source itself has
    named before: what an artifact alone has named was never observed.
    """
    judged = {
        key: state for key, state in states.items() if state.is_known_live and (scope_keys is None or key in scope_keys)
    }
    enumerated = inventory is not None and inventory.complete
    changed = _gone(judged, inventory.keys, at) if inventory is not None and enumerated else {}
    after = {**judged, **changed} if changed else judged
    groups = _sort_out(after, rule, inventory, scope_keys)
    diagnostics = [] if enumerated else [_inventory_unproven(rule.stream)]
    told = (
        (_MISSING, groups.missing if enumerated else []),
        (_ENDED, sorted(key for key in ended if states[key].is_over)),
        (_HOLED, groups.holed),
        (_UNKNOWN, groups.unknown),
        (_RETURNED, groups.returned),
        (_UNFOLLOWED, groups.unfollowed),
        (_LIMITED, groups.limited),
        (_HIDING, groups.hiding),
    )
    for what, keys in told:
        diagnostics += _named(rule.stream, what, keys)
    unlooked = sum(is_readable(state) and key not in looked for key, state in after.items())
    found = looks(after.values(), rule, now_iso=at)
    return Settlement(tuple(changed.values()), tuple(diagnostics), found, unlooked)


def _gone(judged: Mapping[str, PartitionState], keys: AbstractSet[str], at: str) -> dict[str, PartitionState]:
    return {
        key: replace(state, status=PartitionStatus.MISSING, missing_since=at)
        for key, state in judged.items()
        if state.status is PartitionStatus.PRESENT and key not in keys
    }


@dataclass(frozen=True, slots=True)
class _Sorted:
    missing: list[str]
    holed: list[str]
    limited: list[str]
    hiding: list[str]
    returned: list[str]
    unknown: list[str]
    unfollowed: list[str]


def _sort_out(
    states: Mapping[str, PartitionState],
    rule: PartitionRule,
    inventory: InventoryResult | None,
    scope_keys: AbstractSet[str] | None,
) -> _Sorted:
    found = _Sorted([], [], [], [], [], [], [])
    listed = inventory.keys if inventory is not None else frozenset[str]()
    for key, state in states.items():
        if state.status is PartitionStatus.MISSING:
            found.missing.append(key)
        elif state.status is PartitionStatus.RETIRED:
            if key in listed:
                found.returned.append(key)
        elif state.status is PartitionStatus.PRESENT:
            _sort_in(found, state, rule)
    if inventory is not None and inventory.complete and scope_keys is not None:
        found.unknown.extend(key for key in scope_keys if key not in states and key not in listed)
    return found


def _sort_in(found: _Sorted, state: PartitionState, rule: PartitionRule) -> None:
    """One that is there, by what was read of it and what the source hides."""
    if has_unread(state, rule):
        found.holed.append(state.key)
    elif is_as_of_then(state, rule):
        found.unfollowed.append(state.key)
    if state.limited_before is not None:
        found.limited.append(state.key)
    if state.hidden:
        found.hiding.append(state.key)


def _inventory_unproven(stream: str) -> Diagnostic:
    return Diagnostic(
        code=DiagnosticCode.INVENTORY_UNPROVEN,
        severity=Severity.GAP,
        stream=stream,
        message="The partitions that exist now could not be enumerated completely; none is called missing.",
        recovery_hint="Run again; if it stays, check what the account may list.",
    )


_Told = tuple[DiagnosticCode, Severity, str, str]

_MISSING: _Told = (
    DiagnosticCode.PARTITION_MISSING,
    Severity.GAP,
    "Partitions that were seen before are not in the source's complete inventory.",
    "They resume by themselves when they come back. To accept the loss: polyhost partitions retire.",
)
_ENDED: _Told = (
    DiagnosticCode.PARTITION_ENDED,
    Severity.INFO,
    "The source deleted these partitions, or they go on under another key; what was collected of them is kept.",
    "Nothing is to be done. A history that goes on under another key is read there as one.",
)
_HOLED: _Told = (
    DiagnosticCode.RANGE_UNPROVEN,
    Severity.GAP,
    "Parts of these partitions' history were not read yet.",
    "The next run reads exactly what is missing.",
)
_UNKNOWN: _Told = (
    DiagnosticCode.RANGE_UNPROVEN,
    Severity.GAP,
    "Partitions that were asked for are not in the source's complete inventory, and were never seen before.",
    "Check the resource ids of the request.",
)
_RETURNED: _Told = (
    DiagnosticCode.RANGE_UNPROVEN,
    Severity.INFO,
    "Retired partitions are in the source's inventory again; they are not collected.",
    "To collect them again: polyhost partitions restore.",
)
_UNFOLLOWED: _Told = (
    DiagnosticCode.RANGE_UNPROVEN,
    Severity.INFO,
    "Items arrive out of order, and nothing tells which came since: these are whole as of when they were read.",
    "Late items are found when these are looked at again; a full run looks at all.",
)
_LIMITED: _Told = (
    DiagnosticCode.SOURCE_LIMITED,
    Severity.INFO,
    "The source hides the older history of these partitions; what was collected of it before is kept.",
    "An owner artifact (an export of the source) may reach further back.",
)
_HIDING: _Told = (
    DiagnosticCode.SOURCE_LIMITED,
    Severity.INFO,
    "The source hides stretches of these partitions' history; what was collected of them before is kept.",
    "They are asked for again, and read once the source shows them.",
)


def _named(stream: str, told: _Told, keys: list[str]) -> list[Diagnostic]:
    """One diagnostic that names these partitions; none where there are none."""
    code, severity, message, hint = told
    if not keys:
        return []
    return [partitions_diagnostic(code, stream, keys, severity=severity, message=message, recovery_hint=hint)]
