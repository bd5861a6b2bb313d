"""What the renderers share: the console, words for statuses, and safe text.

Must not know: any one operation.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from polyhost.cli.wording import as_typed, printable
from polyhost.humanize import plural
from polyhost.protocol.recovery import advice

__all__ = [
    "NATURE",
    "STATUS",
    "blocked",
    "bullet",
    "console",
    "long_table",
    "plain",
    "printable",
    "simple_table",
]

STATUS = {
    "complete": "[green]complete[/]",
    "complete_with_gaps": "[yellow]complete, with gaps[/]",
    "failed": "[red]failed[/]",
    "needs_owner": "[yellow]needs you[/]",
    "cancelled": "[yellow]cancelled[/]",
    "running": "[cyan]running[/]",
}
NATURE = {
    "live": "",
    "test": "[yellow]test connection[/]",
    "replay": "[dim]replayed recording[/]",
    "demo": "[dim]demo[/]",
}
PIPED_WIDTH = 120
"""Columns when stdout is not a terminal: wide enough that no cell is cut in a log."""
_BLOCKED_SHOWN = 5
"""Hosts named in one line; `--json` names them all."""
_GAP = 2
"""Columns between two cells."""


def console() -> Console:
    """A console on stdout. Piped output gets a fixed width instead of a guess."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return Console(highlight=False)
    return Console(highlight=False, width=PIPED_WIDTH)


def plain(text: object) -> str:
    """Foreign text made safe for a terminal: no markup, no control characters."""
    return escape(printable(text))


def simple_table(
    *headings: str, numbers: Sequence[str] = (), unwrapped: Sequence[str] = (), heading: bool = True
) -> Table:
    """The one table style: no frame, a dim heading, numbers to the right."""
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="dim", pad_edge=False, show_header=heading)
    for name in headings:
        justify = "right" if name in numbers else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name in unwrapped)
    return table


def long_table(headings: Sequence[str], rows: Iterable[Sequence[tuple[str, str]]]) -> Text:
    """The same style for a thousand rows, of (text, style) cells: rich takes most of a second to lay out as many, and a
    line that is too long may as well be wrapped by the terminal. Print it with `soft_wrap`."""
    lines = [[(heading, "dim") for heading in headings], *rows]
    widths = [max(cell_len(text) for text, _ in column) for column in zip(*lines, strict=True)]
    table = Text()
    for number, line in enumerate(lines):
        table.append("\n" if number else "")
        for (text, style), width in zip(line, widths, strict=True):
            table.append(text, style).append(" " * (width - cell_len(text) + _GAP))
    return table


def blocked(hosts: dict[str, int]) -> str:
    """One line about requests to undeclared hosts, the busiest first; empty where there was none."""
    if not hosts:
        return ""
    shown = sorted(hosts, key=lambda host: (-hosts[host], host))[:_BLOCKED_SHOWN]
    rest = len(hosts) - len(shown)
    names = ", ".join(f"{plain(host)} ({hosts[host]:,})" for host in shown) + (f" and {rest:,} more" if rest else "")
    return f"{plural(sum(hosts.values()), 'request')} to hosts it does not declare blocked: {names}"


def bullet(diagnostic: dict[str, Any]) -> str:
    """One diagnostic as a line: severity, code, what, and what would help."""
    mark = {"gap": "[yellow]![/]", "error": "[red]✗[/]"}.get(diagnostic["severity"], "[dim]·[/]")
    stream = f" in {plain(diagnostic['stream'])}" if diagnostic.get("stream") else ""
    line = f"{mark} [bold]{diagnostic['code']}[/]{stream}  {plain(diagnostic['message'])}"
    if diagnostic.get("count"):
        line += f" × {diagnostic['count']:,}"
    if diagnostic.get("partitions"):
        shown = ", ".join(plain(key) for key in diagnostic["partitions"][:5])
        rest = diagnostic.get("total", 0) - min(5, len(diagnostic["partitions"]))
        line += f" [cyan]{shown}[/]" + (f" and {rest:,} more" if rest > 0 else "")
    if diagnostic.get("recovery_hint"):
        line += f"\n    [dim]→ {plain(as_typed(advice(diagnostic['recovery_hint'])))}[/]"
    return line
