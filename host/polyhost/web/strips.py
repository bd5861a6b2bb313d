"""Where things lie on the coverage picture: moments to places between 0 and 100, and the marks of its scale.

Owns: that geometry. Must not know: what is covered or why (the operation says it), pages, browsers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["Bar", "Scale", "Tick", "bars", "make_scale"]

KINDS = ("limited", "covered", "imported", "gained", "holes")
"""In the order they are painted: what lies on top comes last."""
_NAMES = {"covered": "covered", "imported": "imported", "gained": "gained", "holes": "hole", "limited": "limited"}
_LEAST_WIDTH = 0.5
"""Percent of the strip: the least that can still be seen, and pointed at."""
_MARGIN = 0.02
"""Share of the span that is left free on both sides."""
_MOST_TICKS = 7
_STEPS = (
    timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=2), timedelta(days=7), timedelta(days=14),
)  # fmt: skip
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240)


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of a partition. `since` None: from the beginning. `x`, `width`: percent."""

    kind: str
    since: str | None
    until: str | None
    start: int
    end: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """The span of time that is shown, in milliseconds since the epoch."""

    start: int
    end: int

    def place(self, at: int) -> float:
        return round(100 * (at - self.start) / max(1, self.end - self.start), 3)

    def ticks(self) -> list[Tick]:
        """Round moments, few enough to read."""
        return [Tick(self.place(_milliseconds(at)), label) for at, label in _round_moments(self)]


def make_scale(streams: Iterable[Sequence[Mapping[str, Any]]]) -> Scale | None:
    """The span that holds every moment any of these partitions tells; None where none does."""
    told = [at for partitions in streams for partition in partitions for at in _moments(partition)]
    if not told:
        return None
    first, last = min(told), max(told)
    room = max(int((last - first) * _MARGIN), 3_600_000)
    return Scale(first - room, last + room)


def bars(partition: Mapping[str, Any], scale: Scale) -> list[Bar]:
    """What to paint of one partition, lowest layer first. A missing one is hatched from where its records end."""
    found: list[Bar] = []
    for kind in KINDS:
        for since, until in partition["spans"].get(kind, ()):
            start = scale.start if since is None else _read(since)
            found.append(_bar(_NAMES[kind], since, until, start, _read(until), scale))
    if partition["extent"] == "missing":
        through = partition["covered_through"]
        start = scale.start if through is None else _read(through)
        found.append(_bar("gone", through, None, start, scale.end, scale))
    return found


def _bar(kind: str, since: str | None, until: str | None, start: int, end: int, scale: Scale) -> Bar:
    x = max(0.0, scale.place(start))
    width = max(_LEAST_WIDTH, scale.place(end) - x)
    return Bar(kind, since, until, start, end, min(x, 100 - _LEAST_WIDTH), round(width, 3))


def _moments(partition: Mapping[str, Any]) -> Iterator[int]:
    for kind in KINDS:
        for pair in partition["spans"].get(kind, ()):
            yield from (_read(at) for at in pair if at is not None)


def _read(iso: str) -> int:
    return _milliseconds(datetime.fromisoformat(iso))


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _round_moments(scale: Scale) -> list[tuple[datetime, str]]:
    first, last = (datetime.fromtimestamp(at / 1000, UTC) for at in (scale.start, scale.end))
    span = last - first
    for step in _STEPS:
        if span / step <= _MOST_TICKS:
            return list(_by_step(first, last, step))
    months = next((count for count in _MONTHS if span / timedelta(days=30 * count) <= _MOST_TICKS), _MONTHS[-1])
    return list(_by_months(first, last, months))


def _by_step(first: datetime, last: datetime, step: timedelta) -> Iterator[tuple[datetime, str]]:
    epoch = datetime(2001, 1, 1, tzinfo=UTC)  # a Monday
    at = epoch + (first - epoch) // step * step + step
    while at < last:
        short = step < timedelta(days=1)
        yield at, f"{at:%H:%M}" if short and at.hour else f"{at.day} {at:%b}"
        at += step


def _by_months(first: datetime, last: datetime, months: int) -> Iterator[tuple[datetime, str]]:
    index = ((first.year * 12 + first.month - 1) // months + 1) * months
    while (at := datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)) < last:
        yield at, f"{at:%Y}" if months >= 12 or at.month == 1 else f"{at:%b %Y}" if months >= 3 else f"{at:%b}"
        index += months
