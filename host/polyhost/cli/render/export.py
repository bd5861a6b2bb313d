"""An export as a person reads it: what came where, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain, simple_table
from polyhost.humanize import plural

__all__ = ["RENDERERS"]

_WORTH = {
    "proven": "[green]proven whole[/]",
    "partial": "[yellow]known to be partial[/]",
    "part_as_asked_for": "the part asked for",
    "unproven": "[dim]nothing proves that it is all[/]",
}
_UNITS = ("bytes", "kB", "MB", "GB")
_STEP = 1000


def export(value: dict[str, Any]) -> None:
    """One line a stream, then the folder."""
    out = console()
    table = simple_table("stream", "records", "deleted", "versions", "", numbers=("records", "deleted", "versions"))
    for name, told in value["coverage"].items():
        counts = value["streams"].get(name, {"records": 0, "deleted": 0, "versions": 0})
        table.add_row(
            f"[bold]{plain(name)}[/]",
            f"{counts['records']:,}",
            f"{counts['deleted']:,}",
            f"{counts['versions']:,}",
            _WORTH[told["claim"]],
        )
    out.print(table)
    part = "" if value["part"] == 1 else f", part {value['part']}"
    files = plural(value["files"], "file")
    out.print(f"\n{files} ({_size(value['bytes'])}){part} in [bold]{plain(value['directory'])}[/]", soft_wrap=True)


def _size(count: float) -> str:
    for unit in _UNITS:
        if count < _STEP or unit == _UNITS[-1]:
            return f"{count:,.0f} {unit}" if unit == _UNITS[0] else f"{count:,.1f} {unit}"
        count /= _STEP
    raise AssertionError("unreachable")


RENDERERS: Mapping[str, Callable[[Any], None]] = {"export": export}
