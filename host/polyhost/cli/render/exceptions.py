"""What stands out of covered ranges, as a person reads it: which, why, since when, and what becomes of it.

Must not know: when one heals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain, simple_table
from polyhost.humanize import plural, short_time
from polyhost.operations.exceptions import Exceptions, StandingExceptionJson

__all__ = ["RENDERERS"]


def exceptions(value: Exceptions) -> None:
    """A line for each."""
    out = console()
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
