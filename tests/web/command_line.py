"""Many commands in one process of their own: `python -m web.command_line HOME`, argument lists as JSON lines on stdin,
the JSON each printed as one line on stdout. The command itself, minus starting Python for each."""

from __future__ import annotations

import contextlib
import io
import json
import sys

from polyhost.cli.main import cli


def _say(home: str, arguments: list[str]) -> object:
    out = io.TextIOWrapper(io.BytesIO(), write_through=True)
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        cli(["--home", home, *arguments, "--json"], prog_name="polyhost", standalone_mode=False)
    return json.loads(out.buffer.getvalue())  # type: ignore[attr-defined]


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_say(sys.argv[1], json.loads(line))), flush=True)
