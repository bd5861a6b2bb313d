"""Connections as a person reads them."""

from __future__ import annotations

from typing import Any

from polyhost.cli.render.common import console, moment, plain, simple_table

__all__ = ["connect", "connections"]

_NATURE = {
    "live": "",
    "test": "[yellow]test connection[/]",
    "replay": "[dim]replayed recording[/]",
    "demo": "[dim]demo[/]",
}


def connect(value: dict[str, Any]) -> None:
    """Say what was connected and what to do with it."""
    out = console()
    nature = _NATURE[value["nature"]]
    out.print(f"[green]✓[/] Connected [bold]{plain(value['name'])}[/] ({plain(value['display_name'])}) {nature}")
    for line in value["notes"]:
        out.print(f"  [dim]{plain(line)}[/]")
    out.print(f"  Next: [cyan]polyhost run {plain(value['name'])}[/]")


def connections(value: dict[str, Any]) -> None:
    """List them."""
    out = console()
    if not value["connections"]:
        out.print("Nothing is connected yet. Try [cyan]polyhost demo[/], or [cyan]polyhost connect slack[/].")
        return
    table = simple_table("name", "source", "connected", "last run", "records", "", numbers=("records",))
    for row in value["connections"]:
        table.add_row(
            f"[bold]{plain(row['name'])}[/]",
            plain(row["source"]),
            moment(row["created_at"]),
            f"{row['last_run']['status']} {moment(row['last_run']['started_at'])}" if row["last_run"] else "–",
            f"{row['records']:,}",
            _NATURE[row["nature"]],
        )
    out.print(table)
