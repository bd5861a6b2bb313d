"""Batches and receipts as a person reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import STATUS, blocked, console, plain, simple_table
from polyhost.humanize import plural, short_time

__all__ = ["RENDERERS"]

_NAMED = 10
"""Exceptions that a receipt names in a terminal; `--json` has more."""


def receipt(value: dict[str, Any]) -> None:
    """The receipt, line by line."""
    out = console()
    counts = value["counts"]
    out.print(f"\n[bold]Receipt {value['batch_id']}[/] · {STATUS[value['status']]}\n\n{plain(value['summary'])}\n")
    table = simple_table("", "")
    table.add_row("[dim]source[/]", f"{plain(value['source'])} ({plain(value['connection'])})")
    table.add_row("[dim]obtained by[/]", f"{value['method']}, triggered by {value['trigger']}")
    table.add_row("[dim]when[/]", f"{short_time(value['started_at'])} – {short_time(value['finished_at'])}")
    if value["event_time"]:
        table.add_row(
            "[dim]reaches[/]", f"{short_time(value['event_time']['first'])} – {short_time(value['event_time']['last'])}"
        )
    table.add_row(
        "[dim]records[/]", ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none"
    )
    evidence = ", ".join(value["completeness"]["evidence"])
    table.add_row("[dim]completeness[/]", value["completeness"]["claim"] + (f" ({evidence})" if evidence else ""))
    for gap in value["gaps"]:
        count = f" ({plural(gap['count'], 'item')})" if gap["count"] else ""
        action = f" → {plain(gap['action'])}" if gap["action"] else ""
        table.add_row("[yellow]gap[/]", f"{gap['code']}{count}{action}")
    for one in value["exceptions"][:_NAMED]:
        where = f" in {plain(one['partition'])}" if one["partition"] is not None else ""
        table.add_row(
            "[yellow]exception[/]", f"{plain(one['stream'])}: {plain(one['key'])}{where} [dim]{one['explain']}[/]"
        )
    if line := blocked(value["blocked"]):
        table.add_row("[dim]fence[/]", line)
    out.print(table)


def batches(value: dict[str, Any]) -> None:
    """One line per receipt, newest first."""
    out = console()
    if not value["batches"]:
        out.print("No batches yet.")
        return
    table = simple_table("batch", "ended", "how", "status", "what")
    for row in value["batches"]:
        how = row["method"] + (" (recorded)" if row["recorded"] else "")
        table.add_row(
            row["batch_id"], short_time(row["finished_at"]), how, STATUS[row["status"]], plain(row["summary"])
        )
    out.print(table)


RENDERERS: Mapping[str, Callable[[Any], None]] = {"batches": batches, "receipt": receipt}
