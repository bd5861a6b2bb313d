"""`bench cli`: how long an owner waits for a command, over a store with many records.

Wall time of the process as a whole, Python's start included; commands take turns. Must not know: what they print.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.filled import NAME, STREAM, fill
from benchmarks.report import Line, show
from polyhost.store.opening import open_store

__all__ = ["commands"]

_COMMANDS: dict[str, tuple[tuple[str, ...], float]] = {
    "polyhost --help": (("--help",), 0.3),
    "polyhost status": (("status", NAME), 0.5),
    "polyhost runs": (("runs", NAME), 0.5),
    "polyhost coverage": (("coverage", NAME), 0.5),
    "polyhost coverage --json": (("coverage", NAME, "--json"), 0.5),
    "polyhost records --limit 100": (("records", NAME, STREAM, "--limit", "100"), 0.5),
    "polyhost records --newest": (("records", NAME, STREAM, "--newest", "--limit", "100"), 0.5),
    "polyhost search, a common word": (("search", "harbour"), 0.5),
    "polyhost search, a rare word": (("search", "crate00004711"), 0.5),
}
"""Arguments, and the seconds an owner may wait."""


def commands(*, records: int, partitions: int, rounds: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the figures as JSON, and as lines to print."""
    with tempfile.TemporaryDirectory(prefix="polyhost-bench-") as home:
        print(f"filling a store with {records:,} records", file=sys.stderr)
        asyncio.run(_fill(Path(home), records, partitions))
        for arguments, _ in _COMMANDS.values():  # compiles what was never imported before
            _time(home, arguments)
        found = [{name: _time(home, arguments) for name, (arguments, _) in _COMMANDS.items()} for _ in range(rounds)]
    wall, cpu = (
        {name: statistics.median(times[name][part] for times in found) for name in _COMMANDS} for part in (0, 1)
    )
    lines = [
        Line(f"{name}, s", wall[name], f"≤ {most} ({cpu[name]:.2f} s of processor)", most=most)
        for name, (_, most) in _COMMANDS.items()
    ]
    summary = {name: {"seconds": wall[name], "cpu_seconds": cpu[name]} for name in _COMMANDS}
    return {"records": records, "partitions": partitions, "summary": summary}, show((), lines)


async def _fill(home: Path, records: int, partitions: int) -> None:
    store = await open_store(home)
    await fill(store, records=records, partitions=partitions, indexed=True)
    await store.close()


def _time(home: str, arguments: Sequence[str]) -> tuple[float, float]:
    """Wall and processor seconds of one command."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "polyhost", "--home", home, *arguments]
    used, began = _children_cpu(), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=False)
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise SystemExit(f"bench: polyhost {' '.join(arguments)} ended with status {done.returncode}")
    return seconds, _children_cpu() - used


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
