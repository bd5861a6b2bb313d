"""Figures as text: a table, then each figure beside what it is held to.

Must not know: what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Line", "show"]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure; `target` in words, `least` or `most` as a number."""

    name: str
    value: float
    target: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def verdict(self) -> str:
        if self.least is None and self.most is None:
            return ""
        reached = (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)
        return "reached" if reached else "NOT REACHED"


def show(table: Sequence[Sequence[str]], lines: Sequence[Line]) -> list[str]:
    """Lines to print."""
    targets = [(line.name, _number(line.value), line.target, line.verdict) for line in lines]
    return (
        [*_columns(table), "", *_columns([("", "measured", "to reach", ""), *targets])]
        if table
        else [*_columns([("", "measured", "to reach", ""), *targets])]
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if (column in (0, 3) and len(row) == 4) or column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
