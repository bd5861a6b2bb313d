"""`bench export`: every format through the real command, over a store with many records: its time, its memory.

Must not know: how an export works.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.filled import NAME, fill
from benchmarks.report import Line, show
from polyhost.exports.formats import FORMATS
from polyhost.store.opening import open_store

__all__ = ["exports"]

_MOST_MIB = 150
"""As an import may take, and more; the interpreter and its modules are 50 of them."""


@dataclass(frozen=True, slots=True)
class _Ran:
    seconds: float
    cpu: float
    peak_mib: float
    size_mib: float


def exports(*, records: int, partitions: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the figures as JSON, and as lines to print."""
    with tempfile.TemporaryDirectory(prefix="polyhost-bench-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        print(f"filling a store with {records:,} records", file=sys.stderr)
        asyncio.run(_fill(home, records, partitions))
        found = {name: _export(home, name, Path(folder) / name) for name in FORMATS}
    table = [("format", "records/s", "seconds", "CPU seconds", "MiB written")]
    table += [
        (name, f"{records / ran.seconds:,.0f}", f"{ran.seconds:.1f}", f"{ran.cpu:.1f}", f"{ran.size_mib:,.0f}")
        for name, ran in found.items()
    ]
    lines = [
        Line(f"{name}, memory at most, MiB", ran.peak_mib, f"≤ {_MOST_MIB}", most=_MOST_MIB)
        for name, ran in found.items()
    ]
    summary = {
        name: {"seconds": ran.seconds, "cpu_seconds": ran.cpu, "peak_mib": ran.peak_mib} for name, ran in found.items()
    }
    return {"records": records, "summary": summary}, show(table, lines)


async def _fill(home: Path, records: int, partitions: int) -> None:
    store = await open_store(home)
    await fill(store, records=records, partitions=partitions)
    await store.close()


def _export(home: Path, form: str, target: Path) -> _Ran:
    command = [sys.executable, "-m", "polyhost", "--home", str(home), "export", NAME]
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--format", form, "--to", str(target)], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"bench: the export as {form} ended with status {process.returncode}")
    written = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    for path in target.rglob("*"):
        if path.is_file():
            path.unlink()
    in_kib = sys.platform != "darwin"  # there, bytes
    peak = used.ru_maxrss / (1024 if in_kib else 1024 * 1024)
    return _Ran(seconds, used.ru_utime + used.ru_stime, peak, written / 2**20)
