"""Recorded scenarios: made, scrubbed, looked over.

Must not know: what is secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render import runs
from polyhost.cli.render.common import console, plain
from polyhost.humanize import plural
from polyhost.operations.fixtures import Scrubbed, Verified

__all__ = ["RENDERERS"]


def recorded(value: dict[str, Any]) -> None:
    """The run, and where its scenario is, or that there is none."""
    runs.run(value)
    if value["scenario"] is None:
        console().print("[yellow]![/] Not recorded: only a run that ends well is. Nothing was written.")
        return
    console().print(f"Recorded, scrubbed, verified and replayed once: [cyan]{plain(value['scenario'])}[/]")


def scrubbed(value: Scrubbed) -> None:
    """How much was replaced, by kind."""
    counts = ", ".join(f"{count:,} {kind}" for kind, count in value["replaced"].items()) or "nothing"
    console().print(f"[green]✓[/] {plain(value['scenario'])}: replaced {counts}.")


def verified(value: Verified) -> None:
    """Where something is left, and by which rule it has to go."""
    out = console()
    if not value["findings"]:
        out.print(f"[green]✓[/] In {plain(value['scenario'])} nothing was found of what was looked for:")
        for sought in value["looked_for"]:
            out.print(f"  - {plain(sought)}")
        for place, reason in value["waived"].items():
            out.print(f"[yellow]![/] Waived: {plain(place)}  [dim]{plain(reason)}[/]")
        out.print("[dim]Nothing else was looked for: read it before you give it to anybody.[/]")
        return
    for finding in value["findings"]:
        out.print(f"[red]✗[/] {plain(finding['where'])}  [dim]{plain(finding['rule'])}[/]")
    out.print(f"{plural(len(value['findings']), 'place')}{' or more' if value['more'] else ''} to mend.")
    out.print(
        "[dim]→ Name the fields in polyfill.recording.redact, or let one stay with --waive 'PLACE=REASON', then: "
        "polyhost fixture scrub[/]"
    )


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "fixture record": recorded,
    "fixture scrub": scrubbed,
    "fixture verify": verified,
}
