"""Records as a person reads them: pages, one in full, a thread, what partitions hold.

Must not know: any one source; which field says most about a record is said with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from rich.console import Console

from polyhost.cli.render.common import console, long_table, plain, printable, simple_table
from polyhost.humanize import plural, short_time
from polyhost.protocol.headline import headline, is_held

__all__ = ["RENDERERS"]

_PREVIEW = 160
"""Characters of a record's content on one line of a listing."""


def records(value: dict[str, Any]) -> None:
    """One line per record, in the order they came."""
    out = console()
    if not value["records"]:
        out.print("No records.")
        return
    table = simple_table("key", "what", "version", numbers=("version",))
    for row in value["records"]:
        mark = "[red]deleted[/] " if row["deleted"] else ""
        members = f" [dim]({plural(row['members'], 'member')})[/]" if row.get("members") else ""
        table.add_row(f"[dim]{plain(row['key'])}[/]", mark + plain(_line(row)) + members, str(row["version"]))
    out.print(table)
    _more(out, value)


def record(value: dict[str, Any]) -> None:
    """Every field on a line of its own; then what it was before, newest first."""
    out = console()
    row = value["record"]
    out.print(f"\n[bold]{plain(row['key'])}[/] · {plain(value['connection'])} {plain(row['stream'])}")
    out.print(f"[dim]{plain(_about(row))}[/]\n")
    _fields(out, row["data"])
    for version in value.get("versions", [])[1:]:
        out.print(f"\n[dim]version {version['version']}: {plain(_about(version))}[/]\n")
        _fields(out, version["data"])


def thread(value: dict[str, Any]) -> None:
    """The head, then its members indented."""
    out = console()
    for number, row in enumerate(value["records"]):
        mark = "[red]deleted[/] " if row["deleted"] else ""
        indent = "  " if number else ""
        out.print(f"{indent}[dim]{short_time(row['time'])}[/]  {mark}{plain(_line(row))}", soft_wrap=True)
    _more(out, value)


def counts(value: dict[str, Any]) -> None:
    """The stream in one line, its partitions with most records first."""
    out = console()
    gone = f", {plural(value['deleted'], 'deleted', 'deleted')}" if value["deleted"] else ""
    out.print(f"[bold]{plain(value['stream'])}[/]  {plural(value['records'], 'record')}{gone}")
    rows = sorted(value["partitions"], key=lambda row: -row["records"])
    if rows:
        cells = [
            (
                (printable(row["label"] or row["key"]), ""),
                (f"{row['records']:>12,}", ""),
                (f"{row['deleted']:>8,}", "dim"),
            )
            for row in rows
        ]
        out.print(long_table(("partition", f"{'records':>12}", f"{'deleted':>8}"), cells), soft_wrap=True)
    if value["truncated"]:
        out.print("[dim]There are more; name the ones to count with --partition.[/]")


def _line(row: dict[str, Any]) -> str:
    """Who it is from, and what says most about it, on one line."""
    text = " ".join((row["text"] if row.get("text") else headline(row["data"], row["headline_field"])).split())
    said = f"{row['author']}: {text}" if row.get("author") else text
    return said if len(said) <= _PREVIEW else said[: _PREVIEW - 1] + "…"


def _about(row: dict[str, Any]) -> str:
    parts = [
        short_time(row["time"]) if row["time"] else "",
        row["label"] or row["partition"] or "",
        "deleted at the source" if row["deleted"] else "",
        f"stored by {row['batch_id']}",
    ]
    return " · ".join(part for part in parts if part)


def _fields(out: Console, data: dict[str, Any] | None) -> None:
    table = simple_table("field", "value", heading=False, unwrapped=("field",))
    for name, held in (data or {}).items():
        if is_held(held):
            text = held if isinstance(held, str) else orjson.dumps(held).decode()
            table.add_row(f"[dim]{plain(name)}[/]", "\n".join(map(plain, text.splitlines())))
    out.print(table)


def _more(out: Console, value: dict[str, Any]) -> None:
    if value["next"]:
        out.print(f"\n[dim]More: add --after {plain(value['next'])}[/]", soft_wrap=True)


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "records": records,
    "record": record,
    "thread": thread,
    "counts": counts,
}
