"""Messages of a run as they pass, one line each, for the author of a polyfill.

Owns: how a line looks. Must not know: what a message means.
"""

from __future__ import annotations

import json

import click

from polyhost.cli.wording import printable
from polyhost.operations.events import MessageSeen

__all__ = ["show_message"]

_ARROWS = {"from": ("←", "green"), "to": ("→", "blue"), "asks": ("?", "cyan"), "host": ("•", "magenta")}
_GRAVE = frozenset({"failed", "malformed", "needs_owner"})
_KIND_WIDTH = 20
"""The longest kind of the protocol has nineteen characters."""
_MOST_DATA = 2_000
"""Characters of a record's content in one line; a terminal is no place for more."""


def show_message(seen: MessageSeen) -> None:
    """One line on stderr: which way, kind, stream, key, size, and what else is worth knowing."""
    arrow, colour = _ARROWS.get(seen.way, ("·", "white"))
    parts = [printable(part) for part in (seen.stream, seen.key, seen.detail) if part]
    size = f"{seen.size:,} B" if seen.size is not None else ""
    kind = click.style(f"{seen.kind:{_KIND_WIDTH}}", fg="red" if seen.kind in _GRAVE else None, bold=seen.way == "host")
    click.echo(f"{click.style(arrow, fg=colour)} {kind} {size:>9}  {'  '.join(parts)}".rstrip(), err=True)
    if seen.data is not None:
        shown = json.dumps(seen.data, ensure_ascii=False)
        cut = shown if len(shown) <= _MOST_DATA else shown[:_MOST_DATA] + "…"
        click.echo(click.style(f"    {printable(cut)}", dim=True), err=True)
