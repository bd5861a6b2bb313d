"""A conversation at the terminal: days as headings, who and when beside what was said, answers indented.

Must not know: any one source; only the JSON value of a result.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from polyhost.cli.render.common import console, plain, printable, simple_table
from polyhost.humanize import byte_count, day_in_words
from polyhost.instants import utc
from polyhost.protocol.headline import headline

__all__ = ["RENDERERS"]

_INDENT = 4
"""Columns that an answer stands further in than what it answers."""
_SAID = len("03:15 ")
"""Columns that what was said stands in, below the name."""


def read(value: dict[str, Any]) -> None:
    """The conversation, else what there is to read."""
    out = console()
    if value["partition"] is None:
        _conversations(out, value)
        return
    named = plain(value["label"] or value["partition"])
    out.print(f"[bold]{named}[/] [dim]{plain(value['connection'])}, times in {plain(value['zone'])}[/]")
    if not value["records"]:
        out.print("Nothing is stored of it there.")
    zone, day = _zone(value["zone"]), None
    for row in value["records"]:
        when = utc(row["time"])
        local = None if when is None else when.astimezone(zone)
        if local is not None and not row.get("member") and (begun := f"{local:%Y-%m-%d}") != day:
            day = begun
            out.print(f"\n[bold]{day_in_words(day)}[/]")
        _record(out, row, local, day)
    if value["next"]:
        out.print(f"\n[dim]More: add --after {plain(value['next'])}[/]", soft_wrap=True)


def _conversations(out: Console, value: dict[str, Any]) -> None:
    rows = value["conversations"]
    if not rows:
        out.print("Nothing is stored yet.")
        return
    table = simple_table("conversation", value["stream"], "key", numbers=(value["stream"],))
    for row in rows:
        table.add_row(plain(row["label"] or row["key"]), f"{row['records']:,}", f"[dim]{plain(row['key'])}[/]")
    out.print(table)
    command = shlex.join(["polyhost", "read", value["connection"], printable(rows[0]["label"] or rows[0]["key"])])
    out.print(f"[dim]Read one: {plain(command)}[/]", soft_wrap=True)


def _record(out: Console, row: dict[str, Any], when: datetime | None, day: str | None) -> None:
    clock = "" if when is None else f"{when:%H:%M}" if f"{when:%Y-%m-%d}" == day else f"{when:%Y-%m-%d %H:%M}"
    head = Text.assemble((f"{clock} ", "dim"), (printable(row["author"] or ""), "bold"))
    if row["deleted"]:
        head.append(" deleted", "red")
    if row["version"] > 1:
        head.append(" edited", "dim")
    left = _INDENT if row.get("member") else 0
    out.print(Padding(head, (0, 0, 0, left), expand=False))
    said = row["text"] if "text" in row else headline(row["data"], row["headline_field"])
    for line in (*said.split("\n"), *map(_file, row.get("files", ()))):
        if line:
            out.print(Padding(Text(printable(line)), (0, 0, 0, left + _SAID), expand=False))


def _file(file: Mapping[str, Any]) -> str:
    size = "" if file["size"] is None else f", {byte_count(file['size'])}"
    return f"[{file['name'] or 'a file without a name'}{size}]"


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


RENDERERS: Mapping[str, Callable[[Any], None]] = {"read": read}
