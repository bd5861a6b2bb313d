"""Hits as a person reads them: when, where, and the words that were found, standing out.

Must not know: how anything was found; what stands out are the places the result names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.text import Text

from polyhost.cli.render.common import console, plain, printable
from polyhost.humanize import plural, short_time

__all__ = ["RENDERERS"]

_FOUND = "bold yellow"


def search(value: dict[str, Any]) -> None:
    """Two lines a hit, the newest first; then what was not searched, and how to go on."""
    out = console()
    for hit in value["hits"]:
        out.print(_where(hit))
        out.print(_what(hit["snippet"]))
        out.print()
    if not value["hits"]:
        out.print("Nothing found.")
    if not value["complete"]:
        count = plural(value["pending"], "record is", "records are")
        out.print(f"[yellow]{count} not indexed yet and not searched.[/] Search again, or with a longer --wait.")
    if value["next"]:
        out.print(f"[dim]More: add --after {plain(value['next'])}[/]", soft_wrap=True)


def _where(hit: dict[str, Any]) -> Text:
    line = Text(short_time(hit["time"]) if hit["time"] else "no date", style="dim", no_wrap=True, overflow="ellipsis")
    place = hit["label"] or hit["partition"]
    if place:
        line.append("  ").append(printable(place), "bold not dim")
    line.append(f"  {printable(hit['connection'])} · {printable(hit['stream'])}")
    if hit["deleted"]:
        line.append("  deleted", "red not dim")
    return line


def _what(snippet: dict[str, Any] | None) -> Text:
    line = Text("  ")
    if snippet is None:
        return line
    if snippet["cut_before"]:
        line.append("…")
    start = len(line)
    line.append(printable(snippet["text"]))  # a character for a character: the places stay right
    for first, last in snippet["highlights"]:
        line.stylize(_FOUND, start + first, start + last)
    if snippet["cut_after"]:
        line.append("…")
    return line


RENDERERS: Mapping[str, Callable[[Any], None]] = {"search": search}
