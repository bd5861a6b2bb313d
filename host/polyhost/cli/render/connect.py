"""A connection that was made or renewed, as a person reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import NATURE, console, plain
from polyhost.cli.render.runs import run
from polyhost.cli.wording import as_typed

__all__ = ["RENDERERS"]


def connect(value: dict[str, Any]) -> None:
    """Say what was connected, as whom, and what to do with it."""
    out = console()
    if value.get("cancelled"):
        out.print("Cancelled: nothing was saved or changed.")
        return
    nature = NATURE[value["nature"]]
    for name in value.get("connections") or [value["name"]]:
        what = f"{value['display_name']} at {value['site']}" if value["site"] else value["display_name"]
        out.print(f"[green]✓[/] Connected [bold]{plain(name)}[/] ({plain(what)}) {nature}")
    if value.get("account"):
        out.print(f"  {plain(_signed_in(value))}")
    for line in value["notes"]:
        out.print(f"  [dim]{plain(as_typed(line))}[/]")
    for result in value.get("runs", ()):
        run(result)
    if not value.get("runs"):
        out.print(f"  Next: [cyan]{plain(as_typed(value['next']))}[/]")


def _signed_in(value: dict[str, Any]) -> str:
    places = value.get("workspaces") or []
    where = f", workspace{'s' if len(places) > 1 else ''} {', '.join(places)}" if places else ""
    return f"Signed in as {value['account']}{where}."


RENDERERS: Mapping[str, Callable[[Any], None]] = {"connect": connect}
