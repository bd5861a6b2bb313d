"""What stands out of covered ranges, as a person reads it: which, why, since when, and what becomes of it.

Must not know: when one heals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from polyhost.cli.render.common import console, plain, simple_table
from polyhost.humanize import plural, short_time
from polyhost.operations.exceptions import AllExceptions, Exceptions, StandingExceptionJson

__all__ = ["RENDERERS"]


def exceptions(value: Exceptions | AllExceptions) -> None:
    """Of one connection, or of each in which something stands out."""
    out = console()
    if "connections" not in value:
        _one(out, value)
        return
    some = [one for one in value["connections"] if one["exceptions"]]
    if not some:
        out.print("Nothing stands out of what is covered.")
    for number, one in enumerate(some):
        out.print(f"{chr(10) * bool(number)}[bold]{plain(one['connection'])}[/]")
        _one(out, one)


def _one(out: Console, value: Exceptions) -> None:
    """A line for each."""
    if not value["exceptions"]:
        out.print(f"Nothing stands out of what is covered in [bold]{plain(value['connection'])}[/].")
        return
    table = simple_table("stream", "kind", "key", "partition", "why", "since", "tries", "", numbers=("tries",))
    for one in value["exceptions"]:
        table.add_row(
            plain(one["stream"]),
            one["kind"],
            plain(one["key"]),
            plain(one["partition"] or ""),
            plain(one["explain"]),
            short_time(one["since"]),
            f"{one['tries']:,}",
            _aside(one),
        )
    out.print(table)
    if value["next"]:
        more = f"{plural(value['total'], 'exception')} in all; more with --after {plain(value['next'])}"
        out.print(f"\n[dim]{more}[/]", soft_wrap=True)


def _aside(one: StandingExceptionJson) -> str:
    aside = one["set_aside"]
    if aside is None:
        return "[yellow]tried again by every run[/]"
    return f"[dim]set aside{': ' + plain(aside['reason']) if aside['reason'] else ''}[/]"


RENDERERS: Mapping[str, Callable[[Any], None]] = {"exceptions": exceptions}
