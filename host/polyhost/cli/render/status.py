"""Health as a person reads it: the verdict, the axes in aligned lines, what only they can do.

Must not know: how any of it was judged; every status, sentence and command is shown as `--json` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from polyhost.cli.render.common import NATURE, console, plain, simple_table
from polyhost.cli.render.files import are_none, files_line
from polyhost.cli.wording import as_typed
from polyhost.humanize import plural, short_time

__all__ = ["RENDERERS"]

_VERDICT = {
    "healthy": "green",
    "idle": "cyan",
    "unknown": "dim",
    "degraded": "yellow",
    "attention": "yellow",
    "failed": "red",
}
_SEVERITY = {"info": "", "advisory": "[dim]·[/] ", "warning": "[yellow]![/] ", "error": "[red]✗[/] "}
_GRAVEST_FIRST = ("error", "warning", "advisory", "info")


def status(value: dict[str, Any]) -> None:
    """One connection in full, or all of them in a line each."""
    out = console()
    if "connections" not in value:
        _one(out, value)
    elif not value["connections"]:
        out.print(as_typed("Nothing is connected yet. Try polyhost demo, or polyhost connect slack."))
    else:
        _all(out, value["connections"])


def _one(out: Console, health: dict[str, Any]) -> None:
    nature = " ".join(filter(None, (_running(health), NATURE[health["nature"]])))
    at = f" ({plain(health['site'])})" if health.get("site") else ""
    out.print(
        f"\n[bold]{plain(health['connection'])}[/]{at} · {_verdict(health)}  [dim]{plain(health['summary'])}[/]"
        + (f"  {nature}" if nature else "")
        + "\n"
    )
    table = simple_table("axis", "status", "why", heading=False)
    for axis, view in health["axes"].items():
        told = [found for found in health["conditions"] if found["axis"] == axis]
        told.sort(key=lambda found: _GRAVEST_FIRST.index(found["severity"]))
        why = "\n".join(_SEVERITY[found["severity"]] + plain(found["message"]) for found in told)
        table.add_row(f"[dim]{axis}[/]", view["status"].replace("_", " "), why)
    table.add_row("[dim]covered through[/]", short_time(health["covered_through"]), "")
    for name, stream in health["streams"].items():
        if stream["files"] and not are_none(stream["files"]):
            here = f"{stream['files']['here']:,} here"
            table.add_row(f"[dim]files of {plain(name)}[/]", here, files_line(stream["files"]))
    out.print(table)
    _actions(out, health)


def _actions(out: Console, health: dict[str, Any]) -> None:
    groups = (("Needs you", "yellow", health["next_actions"]), ("Would help", "dim", health["suggestions"]))
    for heading, colour, actions in groups:
        if actions:
            out.print(f"\n[{colour}]{heading}:[/]")
        for action in actions:
            out.print(f"  [cyan]{plain(as_typed(action['command']))}[/]\n     [dim]{plain(action['sentence'])}[/]")
    out.print()


def _all(out: Console, connections: list[dict[str, Any]]) -> None:
    table = simple_table(
        "connection", "verdict", "covered through", "next", "", unwrapped=("verdict", "covered through")
    )
    for health in connections:
        first = next(iter(health["next_actions"]), None)
        table.add_row(
            f"[bold]{plain(health['connection'])}[/]",
            _verdict(health),
            short_time(health["covered_through"]),
            f"[cyan]{plain(as_typed(first['command']))}[/]" if first else f"[dim]{plain(health['summary'])}[/]",
            " ".join(filter(None, (_running(health), NATURE[health["nature"]]))),
        )
    out.print(table)
    needed = sum(health["needs_you"] for health in connections)
    if needed:
        out.print(f"\n[yellow]{plural(needed, 'thing needs', 'things need')} you.[/]")


def _running(health: dict[str, Any]) -> str:
    running = health["running"]
    return "" if running is None else "[cyan]paused[/]" if running["paused"] else "[cyan]running[/]"


def _verdict(health: dict[str, Any]) -> str:
    verdict = health["verdict"]
    return f"[{_VERDICT[verdict]}]{verdict}[/]"


RENDERERS: Mapping[str, Callable[[Any], None]] = {"status": status}
