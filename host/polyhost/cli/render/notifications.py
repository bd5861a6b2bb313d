"""What became of a test notification.

Must not know: how one is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain
from polyhost.operations.notifications import Notified

__all__ = ["RENDERERS"]


def notified(value: Notified) -> None:
    """What became of a test notification, way by way."""
    for way in value["ways"]:
        if way["problem"] is None:
            console().print(f"[green]✓[/] {way['way']}  [dim]sent; it should be there now[/]")
        else:
            problem = way["problem"]
            console().print(
                f"[red]✗[/] {way['way']}  {plain(problem['reason'])}\n  [dim]{plain(problem['instruction'])}[/]"
            )


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "notify test": notified,
}
