"""Schedules, and what tells of them, as a person reads them.

Must not know: how any of it was decided; sentences are shown as `--json` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain, simple_table
from polyhost.cli.wording import as_typed
from polyhost.operations.schedules import Schedule, Schedules

__all__ = ["RENDERERS"]

_COLOUR = {"automatic": "green", "waiting": "yellow", "paused": "yellow", "off": "dim", "manual": "dim"}


def schedule(value: Schedule | Schedules) -> None:
    """One connection's schedule in some lines, or all of them in a line each."""
    out = console()
    if "connections" not in value:
        _one(value)
    elif not value["connections"]:
        out.print(as_typed("Nothing is connected yet. Try polyhost demo, or polyhost connect slack."))
    else:
        table = simple_table("connection", "status", "", unwrapped=("status",))
        for row in value["connections"]:
            table.add_row(f"[bold]{plain(row['connection'])}[/]", _status(row), plain(as_typed(row["message"])))
        out.print(table)


def _one(row: Schedule) -> None:
    out = console()
    out.print(f"[bold]{plain(row['connection'])}[/] · {_status(row)}  {plain(as_typed(row['message']))}")
    if row["quiet_hours"] is not None:
        out.print(f"[dim]Never between {plain(row['quiet_hours'])} ({plain(row['time_zone'])}).[/]")


def _status(row: Schedule) -> str:
    return f"[{_COLOUR[row['status']]}]{row['status']}[/]"


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "schedule show": schedule,
    "schedule set": schedule,
    "schedule pause": schedule,
    "schedule resume": schedule,
}
