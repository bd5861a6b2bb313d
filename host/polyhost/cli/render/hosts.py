"""What a source may reach, as a person reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from polyhost.cli.render.common import console, plain
from polyhost.cli.wording import as_typed
from polyhost.operations.hosts import AllHosts, ConnectionHosts

__all__ = ["RENDERERS"]


def hosts(value: ConnectionHosts | AllHosts) -> None:
    """Of one connection, or of each."""
    out = console()
    if "connections" not in value:
        _one(out, value)
    elif not value["connections"]:
        out.print(as_typed("Nothing is connected yet. Try polyhost demo, or polyhost connect slack."))
    else:
        for number, one in enumerate(value["connections"]):
            if number:
                out.print()
            _one(out, one)


def _one(out: Console, value: ConnectionHosts) -> None:
    """A line for each host; what is not agreed to stands below."""
    name = plain(value["connection"])
    if not value["reaches"]:
        out.print(f"[bold]{name}[/] runs in no browser: no hosts are declared.")
        return
    out.print(f"[bold]{name}[/] may reach:")
    for line in value["reaches"]:
        out.print(f"  {plain(line)}")
    if value["unagreed"]:
        out.print("\n[yellow]You have not agreed to this yet, and it does not run until you do:[/]")
        for line in value["unagreed"]:
            out.print(f"  {plain(line)}")
    if value["named"]:
        out.print(
            "\n[yellow]The site has named this, you have not agreed to it, and it is not reached until you do:[/]"
        )
        for line in value["named"]:
            out.print(f"  {plain(line)}")
    if value["unagreed"] or value["named"]:
        command = as_typed(f"polyhost hosts {value['connection']} accept")
        out.print(f"\n  Agree: [cyan]{plain(command)}[/]")


RENDERERS: Mapping[str, Callable[[Any], None]] = {"hosts": hosts}
