"""Coverage as a person reads it: a bar per partition, holes in view, worst first, and what mends each.

Owns: the picture on a terminal. Must not know: how coverage was judged; bars are drawn from what `--json` has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from polyhost.cli.render.common import console, long_table, plain, printable, simple_table
from polyhost.cli.render.files import are_none, files_line
from polyhost.cli.wording import as_typed
from polyhost.humanize import plural, short_time

__all__ = ["EXTENT_COLOUR", "RENDERERS"]

NAME = 32
"""Characters of a partition's name: group conversations have long ones."""
BAR = 28
"""Characters of a partition's bar: enough to see a hole, narrow enough for 100 columns."""
EXCEPTIONS = 5
"""Of a stream, named here; `polyhost exceptions` lists them all."""
EXTENT_COLOUR = {
    "missing": "red",
    "untouched": "yellow",
    "partial": "yellow",
    "imported": "cyan",
    "limited": "cyan",
    "complete": "green",
    "became": "dim",
    "deleted": "dim",
    "retired": "dim",
}


def coverage(value: dict[str, Any]) -> None:
    """Streams without partitions in one line each; the others with their partitions."""
    out = console()
    at = f" at {plain(value['site'])}" if value.get("site") else ""
    out.print(f"\n[bold]{plain(value['connection'])}[/] · {plain(value['source'])}{at}\n")
    for name, stream in value["streams"].items():
        deleted = f", {plural(stream['deleted'], 'deleted', 'deleted')}" if stream["deleted"] else ""
        out.print(f"[bold]{plain(name)}[/]  {plural(stream['records'], 'record')}{deleted}")
        if stream["files"] and not are_none(stream["files"]):
            out.print(f"[dim]  files: {files_line(stream['files'])}[/]")
        if stream["partitions"]:
            _partitions(out, stream)
        _exceptions(out, stream)
    out.print()


def _exceptions(out: Console, stream: dict[str, Any]) -> None:
    """The first of what stands out, by key, and how many there are."""
    for one in stream["exceptions"][:EXCEPTIONS]:
        where = f" in {plain(one['partition'])}" if one["partition"] is not None else ""
        aside = " [dim](set aside)[/]" if one["set_aside"] else ""
        out.print(f"[yellow]![/] {one['kind']} {plain(one['key'])}{where}: [dim]{one['explain']}[/]{aside}")
    more = stream["exceptions_total"] - len(stream["exceptions"][:EXCEPTIONS])
    if more > 0:
        out.print(f"[dim]  and {plural(more, 'other')}; all of them: {as_typed('polyhost exceptions')}[/]")


def _partitions(out: Console, stream: dict[str, Any]) -> None:
    partitions = stream["partitions"]
    scale = _Scale(partitions)
    headings = ("", "partition", scale.heading, "through", "looked at", "")
    out.print(long_table(headings, (_cells(row, scale) for row in partitions)), soft_wrap=True)
    _explain(out, stream)


def _cells(row: dict[str, Any], scale: _Scale) -> Sequence[tuple[str, str]]:
    colour = EXTENT_COLOUR[row["extent"]]
    return (
        (row["extent"], colour),
        (_shortened(printable(row["label"] or row["key"])), ""),
        (scale.bar(row), colour),
        (short_time(row["covered_through"]), ""),
        (short_time(row["looked_at"]), "dim"),
        (_beside(row), "dim"),
    )


def _beside(row: dict[str, Any]) -> str:
    """What the source says of it, what it became, or what became it."""
    if row["successor"] is not None:
        return f"→ {printable(row['successor'])}"
    if row["predecessors"]:
        return f"was {', '.join(map(printable, row['predecessors']))}"
    if row["hidden"]:
        return f"hides {plural(len(row['hidden']), 'stretch', 'stretches')}"
    return printable(row["source_status"] or "") if row["status"] == "present" else ""


def _explain(out: Console, stream: dict[str, Any]) -> None:
    """How many of each extent, and what mends it."""
    explained = {row["extent"]: row["explain"] for row in stream["partitions"]}
    table = simple_table("count", "extent", "why", numbers=("count",), heading=False)
    for extent, why in explained.items():
        colour = EXTENT_COLOUR[extent]
        table.add_row(f"[{colour}]{stream['summary'][extent]:,}[/]", f"[{colour}]{extent}[/]", f"[dim]{plain(why)}[/]")
    out.print()
    out.print(table)
    if stream["looks"] and stream["looks"]["explain"]:
        out.print(f"[dim]{plain(stream['looks']['explain'])}[/]")


def _shortened(name: str) -> str:
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


class _Scale:
    """Where positions fall on a bar: by time where positions are times, else evenly by rank."""

    def __init__(self, partitions: list[dict[str, Any]]) -> None:
        times = sorted({time for row in partitions for time in _times(row)})
        self._low, self._high = (times[0], times[-1]) if times else (0.0, 0.0)
        self.heading = f"{_day(self._low)} … {_day(self._high)}" if times else "covered"

    def bar(self, row: dict[str, Any]) -> str:
        """█ covered, ▒ imported, ░ a hole, · nothing there to cover."""
        cells = ["·"] * BAR
        for kind, mark in (("imported", "▒"), ("covered", "█"), ("holes", "░")):  # a hole must not be painted over
            for since, until in row["spans"][kind]:
                self._paint(cells, since, until, mark)
        return "".join(cells)

    def _paint(self, cells: list[str], since: str | None, until: str | None, mark: str) -> None:
        if until is None or self._high <= self._low:
            return
        first = 0 if since is None else self._cell(since)
        for cell in range(first, self._cell(until) + 1):
            cells[cell] = mark

    def _cell(self, iso: str) -> int:
        share = (datetime.fromisoformat(iso).timestamp() - self._low) / (self._high - self._low)
        return max(0, min(BAR - 1, int(share * (BAR - 1))))


def _times(row: dict[str, Any]) -> list[float]:
    ends = [end for spans in row["spans"].values() for span in spans for end in span if end is not None]
    return [datetime.fromisoformat(end).timestamp() for end in ends]


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


RENDERERS: Mapping[str, Callable[[Any], None]] = {"coverage": coverage}
