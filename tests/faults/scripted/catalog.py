"""Every fault of the table in docs/reliability.md that needs no browser: of records, of the run protocol, of the host,
its clock and its disk, over a source with two partitions and a list of people. scripts/fault-table prints each row, and
tests/faults/test_scripted_faults.py asserts it. Must not know: runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from faults.scripted.sickness import (
    GROUP_REASONS,
    PARTITION_REASONS,
    REFUSED_SHAPES,
    UNPLACED_SHAPES,
    WRONG_SHAPES,
    Sickness,
)
from faults.scripted.strikes import NOTHING, STRIKES, Strike
from faults.scripted.world import key_of
from faults.words import Cost, Healing
from polyhost.protocol.diagnostics import RunStatus

__all__ = ["HEAD", "LONE", "PERSON", "REPLY", "ROWS", "ScriptedRow"]

LONE, HEAD, REPLY = "101.000000", "102.000000", "103.000000"
"""What is new in partition A on the day of the fault: a message without replies, one with a reply, and that reply."""
PERSON = "p0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedRow:
    """`sicken`: what is wrong with the source, `strike`: what befalls the run. `key`: of the exception."""

    area: str
    fault: str
    sicken: Callable[[Sickness], None] = lambda _: None
    strike: Strike = NOTHING
    cost: Cost
    codes: frozenset[str] = field(default_factory=frozenset[str])
    key: str | None = None
    reason: str | None = None
    exit: int | None = 3
    healing: Healing = Healing.NEXT_RUN

    @property
    def id(self) -> str:
        return f"{self.area}: {self.fault}"


def _records() -> Iterator[ScriptedRow]:
    for key, of in ((key_of("A", LONE), "message"), (PERSON, "person")):
        for shape in (*REFUSED_SHAPES, *WRONG_SHAPES, *(UNPLACED_SHAPES if of == "message" else ()), "unmappable"):
            yield ScriptedRow(
                area="record",
                fault=f"a {of} that the stream cannot do without: {shape}",
                sicken=lambda sick, key=key, shape=shape: sick.records.update({key: shape}),
                cost=Cost.RECORD,
                codes=frozenset({"invalid_record", "record_exception"}),
                key=key,
                reason="unmappable" if shape == "unmappable" else "invalid",
            )


def _places() -> Iterator[ScriptedRow]:
    for reason in GROUP_REASONS:
        yield ScriptedRow(
            area="thread",
            fault=f"a group that its connector reports as `{reason}`",
            sicken=lambda sick, reason=reason: sick.groups.update({("A", HEAD): reason}),
            cost=Cost.REPLIES,
            codes=frozenset({"group_exception"}),
            key=HEAD,
            reason=reason,
        )
    for reason in PARTITION_REASONS:
        yield ScriptedRow(
            area="conversation",
            fault=f"a partition breaks off with `{reason}`",
            sicken=lambda sick, reason=reason: sick.partitions.update({"A": (reason, 1)}),
            cost=Cost.PARTITION,
            codes=frozenset({"range_unproven"}),
        )
    yield ScriptedRow(
        area="list",
        fault="the inventory of partitions breaks off",
        sicken=lambda sick: setattr(sick, "inventory_breaks", True),
        cost=Cost.UNLISTED,
        codes=frozenset({"inventory_unproven"}),
    )
    yield ScriptedRow(
        area="list",
        fault="a stream without partitions fails",
        sicken=lambda sick: setattr(sick, "people_break", True),
        cost=Cost.STREAM,
        codes=frozenset({"stream_failed"}),
    )


_AREAS = {
    "cancelled": "owner",
    "silent, then cancelled": "owner",
    "signed out": "owner",
    "the site is down": "site",
    "restarts": "page",
    "dies": "host",
    "the disk is full": "disk",
    "two years on": "clock",
    "two years back": "clock",
}
_WORDS = {
    "exits": "the connector is gone without a last word",
    "restarts": "the page navigates away in the middle of a run",
    "half a line": "a line that is no JSON",
    "a message of no kind": "a message of a kind that does not exist",
    "a cursor that is none": "a claim with cursors that cannot be read",
    "miscounts": "the connector counts other records than it sent",
    "the site is down": "the connector says that its site is down",
    "signed out": "the connector says that nobody is signed in",
    "cancelled": "the run is cancelled",
    "silent, then cancelled": "the connector falls silent, and the run is cancelled",
    "dies": "the host's process is gone in the middle of a run",
    "the disk is full": "the disk is full from some write on",
    "two years on": "the clock jumps two years on in the middle of a run",
    "two years back": "the clock jumps two years back in the middle of a run",
}


def _strikes() -> Iterator[ScriptedRow]:
    for strike in STRIKES:
        exits = {RunStatus(status).exit_code for status in strike.statuses} or {None if strike.dies else 0}
        harmless = not strike.statuses and not strike.dies
        yield ScriptedRow(
            area=_AREAS.get(strike.name, "connector"),
            fault=_WORDS[strike.name],
            strike=strike,
            cost=Cost.NOTHING if harmless else Cost.REST,
            codes=strike.codes,
            exit=exits.pop(),
            healing=Healing.SAME_RUN
            if harmless
            else Healing.SIGNED_IN
            if strike.name == "signed out"
            else Healing.NEXT_RUN,
        )


ROWS: tuple[ScriptedRow, ...] = (*_records(), *_places(), *_strikes())
