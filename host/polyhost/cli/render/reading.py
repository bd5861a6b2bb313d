"""Runs and receipts as a person reads them."""

from __future__ import annotations

from typing import Any

from polyhost.cli.render.common import STATUS, blocked, console, plain, simple_table
from polyhost.cli.wording import as_typed
from polyhost.humanize import plural, short_time

__all__ = ["batches", "cancel", "pause", "receipt", "resume", "runs"]

_NAMED = 10
"""Exceptions that a receipt names in a terminal; `--json` has more."""


def runs(value: dict[str, Any]) -> None:
    """Newest first."""
    out = console()
    if not value["runs"]:
        out.print("No runs yet.")
        return
    table = simple_table("run", "started", "status", "new", "updated", "gaps", "requests", numbers=("new", "updated"))
    for row in value["runs"]:
        counts = row["streams"].values()
        table.add_row(
            row["run_id"],
            short_time(row["started_at"]),
            STATUS[row["status"]] + (", paused" if row["paused"] else ""),
            f"{sum(c['new'] for c in counts):,}",
            f"{sum(c['updated'] for c in counts):,}",
            str(sum(d["severity"] == "gap" for d in row["diagnostics"])),
            f"{row['requests']:,}",
        )
    out.print(table)


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


def cancel(value: dict[str, Any]) -> None:
    """The request was left; the run itself says how it ended."""
    console().print(f"Asked {plain(value['run_id'])} to stop; what it has read is kept.")


def pause(value: dict[str, Any]) -> None:
    """The request was left; the run itself says that it waits."""
    resumed = as_typed(f"polyhost resume {value['run_id']}")
    console().print(f"Asked {plain(value['run_id'])} to wait; it goes on with: {plain(resumed)}")


def resume(value: dict[str, Any]) -> None:
    """The request was left."""
    console().print(f"Asked {plain(value['run_id'])} to go on.")
