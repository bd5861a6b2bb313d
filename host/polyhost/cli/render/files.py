"""Files as a person reads them: what is here, what is missing and why, what was put into a folder.

Must not know: how files are fetched; sentences come with the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from polyhost.cli.render.common import console, long_table, plain, printable
from polyhost.cli.wording import as_typed
from polyhost.humanize import byte_count, plural, short_time

__all__ = ["RENDERERS", "are_none", "files_line"]

_NAME = 48
"""Characters of a file's name."""
_COLOUR = {"here": "green", "to_come": "yellow", "refused": "yellow", "over_limit": "yellow"}
_WORDS = {
    "to_come": "to come",
    "gone": "gone at the source",
    "hidden": "hidden by the source",
    "external": "kept elsewhere",
    "refused": "refused",
    "over_limit": "over the limit",
}


def files(value: dict[str, Any]) -> None:
    """Totals, one line per file, then why files are missing and what brings them."""
    out = console()
    out.print(f"[bold]{plain(value['connection'])}[/]  {files_line(value['totals'])}")
    if put := value.get("put"):
        _put(out, put)
    elif value["files"]:
        cells = [_cells(row) for row in value["files"]]
        out.print(long_table(("id", "file", f"{'size':>8}", "type", "when", "where", "state"), cells), soft_wrap=True)
    elif any(value["totals"].values()):
        out.print("No file is one of those that were asked for.")
    if value["next"]:
        out.print(f"\n[dim]More: add --after {plain(value['next'])}[/]", soft_wrap=True)
    for group in value["missing"]:
        out.print(f"\n[yellow]{plural(group['files'], 'file')}[/] not here: {plain(group['why'])}")
        if group["instruction"]:
            out.print(f"    [dim]→ {plain(as_typed(group['instruction']))}[/]", soft_wrap=True)


def are_none(totals: Mapping[str, int]) -> bool:
    """Whether no record names any."""
    return not any(totals.values())


def files_line(totals: Mapping[str, int]) -> str:
    """All of them in one line."""
    known = sum(count for state, count in totals.items() if state != "bytes")
    if not known:
        return "no files"
    missing = ", ".join(f"{totals[state]:,} {words}" for state, words in _WORDS.items() if totals[state])
    here = f"{totals['here']:,} of {plural(known, 'file')} here ({byte_count(totals['bytes'])})"
    return f"{here}; {missing}" if missing else here


def _cells(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    name = printable(row["name"] or "without a name")
    return (
        (str(row["id"]), "dim"),
        (name if len(name) <= _NAME else name[: _NAME - 1] + "…", ""),
        (f"{byte_count(row['size']):>8}", ""),
        (printable(row["type"] or ""), "dim"),
        (short_time(row["time"]), "dim"),
        (printable(row["label"] or row["partition"] or row["stream"]), ""),
        (_state(row), _COLOUR.get(row["state"], "dim")),
    )


def _state(row: dict[str, Any]) -> str:
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"{row['state']}{reason}".replace("_", " ")


def _put(out: Console, put: dict[str, Any]) -> None:
    new = put["linked"] + put["copied"]
    how = f", {put['copied']:,} of them copied" if put["copied"] and put["linked"] else ""
    there = f"; {put['already']:,} there already (of files with the same content, one is put)" if put["already"] else ""
    out.print(f"[green]{plural(new, 'new file')}[/] in {plain(put['directory'])}{how}{there}")
    if put["lost"]:
        out.print(f"[yellow]{plural(put['lost'], 'file is', 'files are')} not in polyhost's folder any more.[/]")


RENDERERS: Mapping[str, Callable[[Any], None]] = {"files": files}
