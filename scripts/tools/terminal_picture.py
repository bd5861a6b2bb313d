"""Run commands and draw their output as one SVG. Used by scripts/terminal-picture; see there."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 104


def main(out: str, *commands: str) -> None:
    """Run each command in one temporary home and write the picture."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "POLYHOST_HOME": f"{home}/polyhost", "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
        for command in commands:
            console.print(Text(f"$ {command}", style="bold"))
            words = shlex.split(command)
            words[:1] = [sys.executable, "-m", "polyhost"]
            done = subprocess.run(words, env=environment, capture_output=True, check=False)
            text = done.stdout.decode().replace(f"{home}/polyhost", "~/.local/share/polyhost")
            console.print(Text.from_ansi(text))
    drawn = console.export_svg(title="polyhost")
    # Viewers use their own fixed-width font: a picture in a README fetches nothing.
    Path(out).write_text(re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", drawn, flags=re.DOTALL), encoding="utf-8")


main(*sys.argv[1:])
