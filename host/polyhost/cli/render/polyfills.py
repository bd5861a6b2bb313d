"""Polyfills: what there is to connect; a report as its author reads it; what was made and tried.

Must not know: what is checked.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain, simple_table
from polyhost.cli.wording import as_typed
from polyhost.humanize import plural
from polyhost.operations.polyfills import CheckJson, Developed, MadePolyfill, ReportJson, Sources

__all__ = ["RENDERERS"]

_RUNS_IN = {"page": "a page", "stdio": "a process", "artifact": "nothing: imports files", None: "nothing"}
_MARKS = {"ok": "[green]✓[/]", "failed": "[red]✗[/]", "not_checked": "[dim]–[/]"}


def check(value: ReportJson) -> None:
    """The checks in order, by scenario where there are several."""
    out = console()
    table = simple_table("", "check", "found", heading=False)
    scenario: str | None = None
    for row in value["checks"]:
        if row["scenario"] != scenario:
            scenario = row["scenario"]
            table.add_row("", f"[dim]{plain(scenario or '')}[/]", "")
        table.add_row(_MARKS[row["answer"]], plain(row["check"]), _found(row))
    out.print(f"[bold]{plain(value['name'])}[/]")
    out.print(table)
    counts = value["counts"]
    words = f"{plural(counts['ok'], 'check')} passed"
    if counts["not_checked"]:
        words += f", {counts['not_checked']} not made"
    verdict = f"[red]{counts['failed']} failed[/]; " if counts["failed"] else ""
    out.print(f"{verdict}{words}.")


def _found(row: CheckJson) -> str:
    text = plain(row["found"])
    if row["answer"] == "not_checked":
        text = f"[dim]not checked: {text}[/]"
    if row["instruction"] and row["answer"] != "ok":
        text += f"\n[dim]→[/] {plain(row['instruction'])}"
    return text


def developed(value: Developed) -> None:
    """How often it ran, and how it ended last."""
    runs, status = plural(value["runs"], "run"), value["last"]["status"]
    console().print(f"{plain(value['polyfill'])}: {runs}, the last one {plain(status)}.")


def made(value: MadePolyfill) -> None:
    """Where it is, and what to do with it."""
    out = console()
    out.print(f"[green]✓[/] {plain(value['folder'])}: {plain(', '.join(value['files']))}")
    folder = shlex.quote(value["folder"])
    check = f"polyhost polyfill check {folder} --scenario {shlex.quote(value['fixture'])}"
    for command, why in (
        (check, "it passes as it stands"),
        (f"polyhost connect {folder} --name {value['name']}", "once the manifest names your site"),
        (f"polyhost polyfill dev {value['name']} --headed", "runs again at every change"),
    ):
        out.print(f"  [cyan]{plain(as_typed(command))}[/]  [dim]{why}[/]", soft_wrap=True)


def sources(value: Sources) -> None:
    """What can be connected, and what is wrong with what cannot."""
    out = console()
    table = simple_table("source", "version", "runs in", "streams")
    for row in value["sources"]:
        if row["error"]:
            table.add_row(f"[bold]{plain(row['name'])}[/]", "", "[red]broken[/]", plain(row["error"]))
        else:
            runs_in = _RUNS_IN[row["kind"]]
            streams = plain(", ".join(row["streams"]))
            table.add_row(f"[bold]{plain(row['name'])}[/]", plain(row.get("version", "")), runs_in, streams)
    out.print(table)


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "polyfill list": sources,
    "polyfill check": check,
    "polyfill new": made,
    "polyfill dev": developed,
}
