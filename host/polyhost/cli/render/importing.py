"""An import, or the preview of one, as a person reads it.

Must not know: which source it was, how anything was found out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from polyhost.cli.render.common import STATUS, bullet, console, plain, simple_table
from polyhost.cli.wording import as_typed
from polyhost.humanize import short_time

__all__ = ["RENDERERS"]

_COUNTS = ("new", "updated", "unchanged", "deleted", "rejected")


def imported(value: dict[str, Any]) -> None:
    """One import; or all those of a watched folder."""
    out = console()
    if "imports" not in value:
        _one(out, value)
        return
    if not value["imports"] and not value["refused"]:
        out.print("Nothing new in the watched folder.")
    for result in value["imports"]:
        _one(out, result)
    for problem in value["refused"]:
        _refused(out, problem)
    if value["refused_before"]:
        out.print("Refused before, and still there; correct them, or move them away:")
    for problem in value["refused_before"]:
        _refused(out, problem)


def _refused(out: Console, problem: dict[str, str]) -> None:
    out.print(f"[red]✗[/] {plain(problem['reason'])}\n    [dim]→ {plain(as_typed(problem['instruction']))}[/]")


def _one(out: Console, value: dict[str, Any]) -> None:
    receipt = value["receipt"]
    what = "[cyan]preview, nothing was written[/]" if value["preview"] else STATUS[value["status"]]
    out.print(f"\n[bold]{plain(value['connection'])}[/] · {what}   [dim]{value['seconds']:.1f} s[/]\n")
    table = simple_table("stream", *_COUNTS, numbers=_COUNTS)
    for stream, counts in value["streams"].items():
        cells = (f"{counts[name]:,}" if counts[name] else "[dim]–[/]" for name in _COUNTS)
        table.add_row(f"[bold]{plain(stream)}[/]", *cells)
    out.print(table)
    out.print()
    for diagnostic in value["diagnostics"]:
        out.print(bullet(diagnostic))
    if value.get("error"):
        error = value["error"]
        out.print(f"[red]{plain(error['reason'])}[/]\n[dim]→ {plain(as_typed(error['instruction']))}[/]")
    out.print(plain(receipt["summary"]))
    if receipt["event_time"]:
        span = receipt["event_time"]
        out.print(f"[dim]The file reaches from {short_time(span['first'])} to {short_time(span['last'])}.[/]")
    if receipt["advice"]:
        out.print(f"[dim]→ {plain(receipt['advice']['action'])}[/]")
    if value["preview"]:
        out.print("Import it with the same command without [cyan]--preview[/].")


RENDERERS: Mapping[str, Callable[[Any], None]] = {"import": imported}
