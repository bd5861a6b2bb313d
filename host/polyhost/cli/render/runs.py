"""Runs as a person reads them: the closing table of one (what is new and missing, how far each stream is covered), the
list of past ones.

Must not know: how any of it was found out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from polyhost.cli.render.common import STATUS, blocked, bullet, console, plain, simple_table
from polyhost.cli.wording import as_typed
from polyhost.humanize import plural, short_time

__all__ = ["RENDERERS", "run"]

_COUNTS = ("new", "updated", "unchanged", "deleted", "rejected")


def run(value: dict[str, Any]) -> None:
    """Print a run's result, or a dry run's plan."""
    out = console()
    if value.get("dry_run"):
        _plan(out, value)
    else:
        _result(out, value)


def _result(out: Console, value: dict[str, Any]) -> None:
    traffic = value["traffic"]
    out.print(
        f"\n[bold]{plain(value['connection'])}[/] · {STATUS[value['status']]}"
        f"   [dim]{value['seconds']:.1f} s · {plural(value['requests'], 'request')}"
        + (f" · slowed down {traffic['rate_limited']}×" if traffic["rate_limited"] else "")
        + f" · {value['run_id']}[/]\n"
    )
    table = simple_table("stream", *_COUNTS, "covered", numbers=_COUNTS)
    for stream, counts in value["streams"].items():
        cells = (_count(counts[name], name) for name in _COUNTS)
        table.add_row(f"[bold]{plain(stream)}[/]", *cells, _covered(value["coverage"].get(stream)))
    out.print(table)
    if value["diagnostics"]:
        out.print()
    for diagnostic in value["diagnostics"]:
        out.print(bullet(diagnostic))
    if line := blocked(traffic["blocked"]):
        out.print(f"[dim]· {line}[/]")
    told = {diagnostic["message"] for diagnostic in value["diagnostics"]}
    if value.get("error") and value["error"]["reason"] not in told:
        out.print(
            f"\n[red]{plain(value['error']['reason'])}[/]\n[dim]→ {plain(as_typed(value['error']['instruction']))}[/]"
        )
    if value.get("trace"):
        out.print(f"[dim]What passed, without content: {plain(value['trace'])}[/]")
    for coverage in value["coverage"].values():
        if (looks := coverage.get("looks")) and looks["unlooked"]:
            out.print(f"[dim]{plain(looks['explain'])}[/]")
    if value.get("receipt"):
        out.print(f"\n{plain(value['receipt']['summary'])}")


def _count(count: int, name: str) -> str:
    if not count:
        return "[dim]·[/]"
    colour = {"new": "green", "updated": "cyan", "deleted": "yellow", "rejected": "red"}.get(name, "dim")
    return f"[{colour}]{count:,}[/]"


def _covered(coverage: dict[str, Any] | None) -> str:
    if coverage is None:
        return ""
    text = f"{coverage['complete']:,} of {plural(coverage['partitions'], 'partition')} whole"
    if coverage["covered_through"]:
        text += f", newest {short_time(coverage['covered_through'])}"
    for name, word in (("partial", "with holes"), ("limited", "limited by the source"), ("missing", "missing")):
        if coverage[name]:
            text += f" · [yellow]{coverage[name]:,} {word}[/]"
    if (looks := coverage.get("looks")) and looks["unlooked"]:
        late = f", {looks['overdue']:,} overdue" if looks["overdue"] else ""
        text += f" · [dim]later edits may be unseen in {looks['unlooked']:,}{late}[/]"
    unswept = coverage.get("unswept")
    if unswept and unswept["partitions"]:
        text += f" · [dim]edits before {short_time(unswept['oldest'])} may be unseen in {unswept['partitions']:,}[/]"
    return text


def _plan(out: Console, value: dict[str, Any]) -> None:
    out.print(f"\n[bold]{plain(value['connection'])}[/] · dry run, nothing was written\n")
    if not value["plan"]:
        out.print(plain(value["note"]))
        return
    table = simple_table("stream", "partition", "purpose", "from", "to", "requests", numbers=("requests",))
    for row in value["plan"]:
        table.add_row(
            plain(row["stream"]),
            plain(row["label"] or row["partition"]),
            row["purpose"],
            plain(row["since"] or "the beginning"),
            plain(row["until"] or "now"),
            f"{'≥ ' if row['at_least'] else ''}{row['requests']:,}",
        )
    out.print(table)
    out.print(f"\nAbout {plural(value['requests'], 'request')}, and what turns out to be new. {plain(value['note'])}")


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


RENDERERS: Mapping[str, Callable[[Any], None]] = {"run": run, "runs": runs}
