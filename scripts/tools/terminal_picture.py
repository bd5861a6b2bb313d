"""Run commands and draw their output as one SVG. Used by scripts/terminal-picture; see there."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 104


def main(out: str, *commands: str) -> None:
    """Run each command in one temporary home and write the picture."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, **colours(), "POLYHOST_HOME": f"{home}/polyhost"}
        printed = []
        for command in commands:
            words = [sys.executable, "-m", "polyhost", *shlex.split(command)[1:]]
            done = subprocess.run(words, env=environment, capture_output=True, check=False)
            printed.append((command, done.stdout.decode()))
        draw(Path(out), "polyhost", printed, home=f"{home}/polyhost")


def colours() -> dict[str, str]:
    """The environment of a command that prints as it would on a terminal of the picture's width."""
    return {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}


def draw(out: Path, title: str, printed: Iterable[tuple[str, str]], *, home: str) -> None:
    """Commands and what each printed, one after another."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    for command, text in printed:
        console.print(Text(f"$ {command}", style="bold"))
        console.print(Text.from_ansi(text.replace(home, "~/.local/share/polyhost")))
    drawn = console.export_svg(title=title)
    # Viewers use their own fixed-width font: a picture in a README fetches nothing.
    out.write_text(re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", drawn, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
