"""What a source may reach, as a person reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain
from polyhost.cli.wording import as_typed
from polyhost.operations.hosts import ConnectionHosts

__all__ = ["RENDERERS"]


def hosts(value: ConnectionHosts) -> None:
    """A line for each host; what is not agreed to stands below."""
    out = console()
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
        command = as_typed(f"polyhost hosts {value['connection']} accept")
        out.print(f"\n  Agree: [cyan]{plain(command)}[/]")


RENDERERS: Mapping[str, Callable[[Any], None]] = {"hosts": hosts}
