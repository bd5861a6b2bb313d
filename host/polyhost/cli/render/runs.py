"""Runs as a person reads them."""

from __future__ import annotations

from typing import Any

from polyhost.cli.render.common import STATUS, console, plain, simple_table
from polyhost.cli.wording import as_typed
from polyhost.humanize import short_time

__all__ = ["cancel", "pause", "resume", "runs"]


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
