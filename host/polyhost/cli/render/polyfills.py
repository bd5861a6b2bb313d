"""A conformance report as its author reads it: one line a check, and under what failed, what to do."""

from __future__ import annotations

import shlex
from typing import Any

from polyhost.cli.render import collect
from polyhost.cli.render.common import console, plain, simple_table
from polyhost.cli.wording import as_typed
from polyhost.humanize import plural

__all__ = ["check", "developed", "made", "recorded", "scrubbed", "verified"]

_MARKS = {"ok": "[green]✓[/]", "failed": "[red]✗[/]", "not_checked": "[dim]–[/]"}


def check(value: dict[str, Any]) -> None:
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


def _found(row: dict[str, Any]) -> str:
    text = plain(row["found"])
    if row["answer"] == "not_checked":
        text = f"[dim]not checked: {text}[/]"
    if row["instruction"] and row["answer"] != "ok":
        text += f"\n[dim]→[/] {plain(row['instruction'])}"
    return text


def recorded(value: dict[str, Any]) -> None:
    """The run, and where its scenario is."""
    collect.run(value)
    console().print(f"Recorded, scrubbed and verified: [cyan]{plain(value['scenario'])}[/]")


def scrubbed(value: dict[str, Any]) -> None:
    """How much was replaced, by kind."""
    counts = ", ".join(f"{count:,} {kind}" for kind, count in value["replaced"].items()) or "nothing"
    console().print(f"[green]✓[/] {plain(value['scenario'])}: replaced {counts}.")


def verified(value: dict[str, Any]) -> None:
    """Where something is left, and by which rule it has to go."""
    out = console()
    if not value["findings"]:
        out.print(f"[green]✓[/] {plain(value['scenario'])} holds no secret and nothing personal.")
        return
    for finding in value["findings"]:
        out.print(f"[red]✗[/] {plain(finding['where'])}  [dim]{plain(finding['rule'])}[/]")
    out.print(f"{plural(len(value['findings']), 'place')}{' or more' if value['more'] else ''} to mend.")
    out.print("[dim]→ Name the fields in polyfill.recording.redact, then: polyhost fixture scrub[/]")


def developed(value: dict[str, Any]) -> None:
    """How often it ran, and how it ended last."""
    runs, status = plural(value["runs"], "run"), value["last"]["status"]
    console().print(f"{plain(value['polyfill'])}: {runs}, the last one {plain(status)}.")


def made(value: dict[str, Any]) -> None:
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
