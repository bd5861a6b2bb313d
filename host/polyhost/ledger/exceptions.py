"""Exceptions of a ledger: what stands out of its proven ranges, since when, how often it was tried, and when it heals.

Owns: how one arises, heals, is set aside and taken back; which are due for another try, in which windows. Must not
know: stores, clocks (times come in), who meets one, how it is shown.

While all of them can be tried within a run's budget, all are, in every run: a source that has healed is noticed at
once. Beyond that each try puts off the next one by twice as many runs, and the longest waiting go first. Runs are
counted, not hours: no clock that was wrong delays one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import NamedTuple

from polyhost.errors import RefusedError
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.exceptions_json import SetAside, StandingExceptionJson
from polyhost.ledger.hidden import hidden_ranges, visible
from polyhost.ledger.ranges import clip, contains_position, floor_key
from polyhost.ledger.state import (
    CursorOrder,
    PartitionRule,
    PartitionState,
    PartitionStatus,
    Range,
    RefreshPolicy,
    Window,
)
from polyhost.protocol.diagnostics import Diagnostic, DiagnosticCode, Severity
from polyhost.protocol.exceptions import REASONS, ExceptionFact, ExceptionKind, ExceptionReason

__all__ = [
    "MAX_STANDING",
    "NAMED",
    "RETRY_REQUESTS",
    "ExceptionId",
    "Retry",
    "StandingException",
    "can_be_tried",
    "covers_retry",
    "exception_code",
    "exception_diagnostics",
    "heads_per_page",
    "healed_by_claim",
    "in_turn",
    "is_placeless",
    "met",
    "next_retry",
    "set_aside",
    "take_back",
]

MAX_STANDING = 10_000
"""Exceptions of one stream that are kept (about 3 MB). A source with more is another than the connector was written
for: then ranges stay unproven instead, as they are."""
RETRY_REQUESTS = 40
"""Requests of one run that exceptions of a stream are tried again with; as many as re-reading has by default."""
NAMED = 50
"""Exceptions that a result, a receipt and a diagnostic name; the rest is counted."""
MAX_REASON = 200
"""Characters of an owner's reason: one sentence, shown in one line."""
_LONGEST_WAIT = 64
"""Runs that the next try of one is put off at most, where there are more than fit: some days of hourly ones."""
_GROUP_COST = 2
"""Requests to try a group, or a member of one, again: its head, and what hangs on it."""


class ExceptionId(NamedTuple):
    """What names one. Keys of groups are unique in their partition only."""

    stream: str
    kind: ExceptionKind
    partition: str | None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingException:
    """One that stands. `since`: when it was first met; `tries`: in how many runs; `turn`: the number of the last of
    them, counted by the ledger itself; `set_aside_at`: the owner lets it be, and it is not tried again on purpose."""

    stream: str
    kind: ExceptionKind
    key: str
    reason: ExceptionReason
    since: str
    last_tried: str
    partition: str | None = None
    position: str | None = None
    member: bool = False
    detail: str = ""
    tries: int = 1
    turn: int = 0
    set_aside_at: str | None = None
    set_aside_reason: str | None = None

    @property
    def id(self) -> ExceptionId:
        return ExceptionId(self.stream, self.kind, self.partition, self.key)

    def as_json(self) -> StandingExceptionJson:
        """As every surface shows it."""
        at, why = self.set_aside_at, self.set_aside_reason
        return StandingExceptionJson(
            stream=self.stream,
            kind=self.kind,
            partition=self.partition,
            key=self.key,
            position=self.position,
            reason=self.reason,
            explain=REASONS[self.reason],
            detail=self.detail or None,
            since=self.since,
            tries=self.tries,
            last_tried=self.last_tried,
            set_aside=None if at is None else SetAside(at=at, reason=why),
        )

    @property
    def is_set_aside(self) -> bool:
        return self.set_aside_at is not None

    @property
    def hangs_on_a_head(self) -> bool:
        """Whether only reading its group tells of it: walking over its head alone does not."""
        return self.kind is ExceptionKind.GROUP or self.member


def met(known: StandingException | None, fact: ExceptionFact, *, at: str, turn: int) -> StandingException:
    """The entry of one that was met in the run of this turn; met again in the same run it counts once."""
    position = fact.key if fact.kind is ExceptionKind.GROUP else fact.position
    if known is None:
        return StandingException(
            stream=fact.stream,
            kind=fact.kind,
            key=fact.key,
            reason=fact.reason,
            since=at,
            last_tried=at,
            partition=fact.partition,
            position=position,
            member=fact.member,
            detail=fact.detail,
            turn=turn,
        )
    return replace(
        known,
        reason=fact.reason,
        partition=fact.partition,
        position=position,
        member=fact.member,
        detail=fact.detail,
        last_tried=at,
        tries=known.tries + (known.turn != turn),
        turn=turn,
    )


def healed_by_claim(
    standing: Iterable[StandingException],
    piece: Range,
    *,
    order: CursorOrder,
    groups: AbstractSet[str],
    heads: AbstractSet[str],
    met_now: AbstractSet[ExceptionId],
) -> list[ExceptionId]:
    """Those of one partition whose place this range proves: they were not met again in it, so they are not there.

    `groups`: those that were read completely, `heads`: positions at which a head came by; both as sort keys. What
    hangs on a head is proven by its group being read, or by the head being gone. One without a position is proven by
    no range. A group that was read after it was met in the same run is well: the later word counts.
    """
    low, high = floor_key(piece.since, order), sort_key(piece.until, order)
    found: list[ExceptionId] = []
    for one in standing:
        if one.position is None:
            continue
        at = sort_key(one.position, order)
        if one.id in met_now and not (one.kind is ExceptionKind.GROUP and at in groups):
            continue
        if low <= at <= high and (not one.hangs_on_a_head or at in groups or at not in heads):
            found.append(one.id)
    return found


def is_placeless(one: StandingException) -> bool:
    """Whether no range can prove it away, for nobody could read where it lies."""
    return one.kind is ExceptionKind.RECORD and one.position is None


def can_be_tried(one: StandingException, state: PartitionState | None, rule: PartitionRule) -> bool:
    """Whether it is worth a window of its own: in a partition that is there, in a range that is proven (another window
    asks for the rest), and not where the source hides everything."""
    if one.is_set_aside or one.position is None or state is None or state.status is not PartitionStatus.PRESENT:
        return False
    shown = visible(clip(state.covered, state.limited_before, None, rule.order), hidden_ranges(state), rule.order)
    return contains_position(shown, one.position, rule.order)


def in_turn(standing: Iterable[StandingException]) -> list[StandingException]:
    """Whose turn comes first: each try puts off the next by twice as many runs."""
    return sorted(standing, key=lambda one: (one.turn + min(2 ** min(one.tries - 1, 16), _LONGEST_WAIT), one.id))


@dataclass(frozen=True, slots=True)
class Retry:
    """A window to try some again in, and what it is expected to cost."""

    partition: str
    window: Window
    tried: frozenset[ExceptionId]
    requests: int


def next_retry(
    first: StandingException, others: Sequence[StandingException], page_until: str | None, rule: PartitionRule
) -> Retry:
    """The window of `first` and, of the others of its partition, those that lie on the same page.

    `page_until`: the cursor down to which one page from there reaches (None: to the beginning). What hangs on a head is
    tried at its head, deep; records of their own are read along with their neighbours.
    """
    position, partition = first.position, first.partition
    if position is None or partition is None:
        raise ValueError("an exception without a place cannot be tried in a window")
    if first.hangs_on_a_head:
        here = [one for one in others if one.position == position]
        window = Window(position, position, "retry")
        return Retry(partition, window, frozenset(one.id for one in (first, *here)), _GROUP_COST)
    top, bottom = sort_key(position, rule.order), floor_key(page_until, rule.order)
    on_page = [
        one
        for one in others
        if one.position is not None and not one.hangs_on_a_head and bottom <= sort_key(one.position, rule.order) <= top
    ]
    positions = [position, *(one.position for one in on_page if one.position is not None)]
    lowest = min(positions, key=lambda value: sort_key(value, rule.order))
    window = Window(lowest, position, "retry", deep=False)
    tried = frozenset(one.id for one in (first, *on_page))
    return Retry(partition, window, tried, 1 + len(on_page) // heads_per_page(rule))


def heads_per_page(rule: PartitionRule) -> int:
    """Heads that are taken for one page: those that a look-back reads together."""
    return rule.refresh.lookback_records or RefreshPolicy().lookback_records


def covers_retry(window: Window, retry: Window, order: CursorOrder) -> bool:
    """Whether walking this window tries what the retry is for anyway."""
    if window.when != "due" or (retry.deep and not window.deep) or retry.until is None:
        return False
    low, high = floor_key(retry.since, order), sort_key(retry.until, order)
    return floor_key(window.since, order) <= low and (window.until is None or high <= sort_key(window.until, order))


_TOLD = {
    ExceptionKind.RECORD: (
        DiagnosticCode.RECORD_EXCEPTION,
        "Records that could not be taken stand out of what is covered.",
    ),
    ExceptionKind.GROUP: (
        DiagnosticCode.GROUP_EXCEPTION,
        "Groups whose members could not be read stand out of what is covered.",
    ),
}
_CUT = f" There are more: {MAX_STANDING:,} of a stream are kept by name."
_ADVICE = "Each run tries them again, and they are well once the source is. To let one be: polyhost exceptions."


def exception_code(kind: ExceptionKind) -> DiagnosticCode:
    """The code that a run names those of this kind by."""
    return _TOLD[kind][0]


def exception_diagnostics(standing: Iterable[StandingException]) -> list[Diagnostic]:
    """What a run has to say of those that its owner has not set aside: one diagnostic for each stream and kind."""
    found: dict[tuple[str, ExceptionKind], list[StandingException]] = {}
    for one in standing:
        if not one.is_set_aside:
            found.setdefault((one.stream, one.kind), []).append(one)
    return [_told(stream, kind, those) for (stream, kind), those in sorted(found.items())]


def _told(stream: str, kind: ExceptionKind, those: Sequence[StandingException]) -> Diagnostic:
    code, message = _TOLD[kind]
    partitions = sorted({one.partition for one in those if one.partition is not None})
    return Diagnostic(
        code=code,
        severity=Severity.GAP,
        stream=stream,
        message=message + (_CUT if len(those) >= MAX_STANDING else ""),
        keys=tuple(sorted(one.key for one in those)[:NAMED]),
        partitions=tuple(partitions) or None,
        total=len(those),
        truncated=len(those) > NAMED,
        recovery_hint=_ADVICE,
    )


def set_aside(one: StandingException, *, reason: str, at: str) -> StandingException:
    """The owner lets it be: no run is one with gaps because of it, and none tries it on purpose."""
    if one.is_set_aside:
        raise RefusedError(f"{one.key} is set aside already, since {one.set_aside_at}", "Nothing is to be done.")
    reason = reason.strip()
    if len(reason) > MAX_REASON:
        raise RefusedError("The reason is too long", f"Give one of at most {MAX_REASON} characters.")
    return replace(one, set_aside_at=at, set_aside_reason=reason or None)


def take_back(one: StandingException) -> StandingException:
    """As it was before: named by every run, and tried again."""
    if not one.is_set_aside:
        raise RefusedError(f"{one.key} is not set aside", "Only what was set aside can be taken back.")
    return replace(one, set_aside_at=None, set_aside_reason=None)
