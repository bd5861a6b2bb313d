"""The demo as a person reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain
from polyhost.cli.render.runs import run
from polyhost.cli.wording import as_typed

__all__ = ["RENDERERS"]


def demo(value: dict[str, Any]) -> None:
    """Print the demo's run and three things to try next."""
    out = console()
    run(value["run"])
    name = plain(value["run"]["connection"])
    out.print("\n[bold]That was a recorded workspace, replayed in a real browser.[/] Three things to try next:\n")
    for number, (command, why) in enumerate(value["next"], start=1):
        out.print(f"  [dim]{number}.[/] [cyan]{plain(as_typed(command))}[/]\n     [dim]{plain(as_typed(why))}[/]")
    out.print(f"\n[dim]The demo is kept as the connection {name} in {plain(value['home'])}.[/]")


RENDERERS: Mapping[str, Callable[[Any], None]] = {"demo": demo}
