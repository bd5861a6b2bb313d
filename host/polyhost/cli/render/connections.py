"""Connections as a person reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import NATURE, console, plain, simple_table
from polyhost.cli.wording import as_typed
from polyhost.humanize import byte_count, plural, short_time

__all__ = ["RENDERERS"]


def connections(value: dict[str, Any]) -> None:
    """List them."""
    out = console()
    if not value["connections"]:
        out.print(as_typed("Nothing is connected yet. Try polyhost demo, or polyhost connect slack."))
        return
    watching = ("watches",) if any(row["watches"] for row in value["connections"]) else ()
    sites = ("site",) if any(row["site"] for row in value["connections"]) else ()
    table = simple_table(
        "name", "source", *sites, "connected", "last run", "records", "", *watching, numbers=("records",)
    )
    for row in value["connections"]:
        table.add_row(
            f"[bold]{plain(row['name'])}[/]",
            plain(row["source"]),
            *(plain(row["site"] or "–") for _ in sites),
            short_time(row["created_at"]),
            f"{row['last_run']['status']} {short_time(row['last_run']['started_at'])}" if row["last_run"] else "–",
            f"{row['records']:,}",
            "[dim]disconnected[/]" if row["disconnected_at"] else NATURE[row["nature"]],
            *(plain(row["watches"] or "–") for _ in watching),
        )
    out.print(table)


def disconnect(value: dict[str, Any]) -> None:
    """What went and what stays."""
    out = console()
    name, held = f"[bold]{plain(value['connection'])}[/]", plural(value["records"], "record")
    if value["files"]:
        held += f" and {plural(value['files'], 'file')} ({byte_count(value['file_bytes'])})"
    out.print(f"[green]✓[/] Disconnected {name}: its session is gone; {held} {value['data']}.")
    if value["data"] == "kept":
        read = as_typed(f"polyhost status {value['connection']}")
        out.print(f"  [dim]They are read as before: {plain(read)}[/]")


def rename(value: dict[str, Any]) -> None:
    """Old name, new name."""
    out = console()
    out.print(f"[green]✓[/] {plain(value['was'])} is called [bold]{plain(value['connection'])}[/] now.")
    for line in value["notes"]:
        out.print(f"  [yellow]![/] {plain(as_typed(line))}")


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "connections": connections,
    "disconnect": disconnect,
    "rename": rename,
}
