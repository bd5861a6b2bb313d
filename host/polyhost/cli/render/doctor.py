"""What `doctor` found, a line each, and under what is not right what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain, simple_table
from polyhost.cli.wording import as_typed
from polyhost.humanize import plural
from polyhost.operations.doctor import Diagnosis

__all__ = ["RENDERERS"]

_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}


def doctor(value: Diagnosis) -> None:
    """The findings in order, then the sum."""
    out = console()
    table = simple_table("", "", "", heading=False, unwrapped=("",))
    for row in value["findings"]:
        text = plain(row["found"]) if row["about"] is None else f"[bold]{plain(row['about'])}[/] {plain(row['found'])}"
        if row["instruction"] and row["grade"] != "ok":
            text += f"\n[dim]→[/] {plain(as_typed(row['instruction']))}"
        table.add_row(_MARKS[row["grade"]], plain(row["check"]), text)
    out.print(table)
    counts = value["counts"]
    parts = [f"[red]{counts['failed']} failed[/]"] if counts["failed"] else []
    parts += [f"[yellow]{plural(counts['warning'], 'warning')}[/]"] if counts["warning"] else []
    out.print(f"{', '.join(parts)}." if parts else "[green]All is well.[/]")


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "doctor": doctor,
}
