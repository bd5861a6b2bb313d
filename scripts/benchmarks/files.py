"""`bench files`: fetching files as a run does, beside `curl`, in turns: one large file, small ones, and thousands
of tiny ones.

What a run does: it asks through its own proxy, looks at what comes, hashes it, brings it to the disk, notes it in the
store. Only the site's pace is left out, as it is in replays: the gate counts and never waits.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from benchmarks.filled import begun
from benchmarks.report import Line, show
from benchmarks.rounds import run_rounds
from polyhost.browser.governor import Gate, Governor
from polyhost.browser.launch import BrowserOptions
from polyhost.browser.site_access import SiteAccess
from polyhost.engine.clock import Clock
from polyhost.engine.files.downloading import Downloading
from polyhost.engine.files.step import AT_ONCE, FileStep
from polyhost.engine.files.wanted import FilesWanted
from polyhost.files.contents import Contents
from polyhost.ledger.digest import encode
from polyhost.protocol.declarations import FilesDecl
from polyhost.protocol.record_files import FileRules
from polyhost.protocol.scope import Scope, StreamScope
from polyhost.store.base import RecordWrite, Store, WriteRecords
from polyhost.store.opening import open_store

__all__ = ["files", "measure"]

_SMALL, _TINY = 100_000, 1_000
"""Bytes of a small file, and of a tiny one."""
_HOST = "files.example"
_PIECE = 1_000_000
_TYPE = "application/octet-stream"
_RULES = FileRules(
    {"messages": ((FilesDecl.model_validate({"each": "files", "id": "id", "address": "url", "size": "size"}),), ())}
)

_EVERYTHING = Scope(streams=(StreamScope(name="messages"),))


def files(*, small: int, tiny: int, megabytes: int, rounds: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the figures as JSON, and as lines to print."""
    kinds = {"large": (1, megabytes * _PIECE), "small": (small, _SMALL), "tiny": (tiny, _TINY)}
    with tempfile.TemporaryDirectory(prefix="polyhost-bench-") as folder, _site(Path(folder), kinds) as ports:
        places = {"http": f"http:{ports[0]}", "https": f"https:{ports[1]}"}
        cases = {
            f"{scheme} {what} {who}": (
                *("files", f"{what} {who}", "--records", str(count), "--bytes", str(size)),
                *("--place", place),
            )
            for scheme, place in places.items()
            for what, (count, size) in kinds.items()
            if count * size
            for who in ("curl", "polyhost")
        }
        found = run_rounds(cases, rounds)
    pairs = {
        name.removesuffix(" curl"): found.ratio(name.replace("curl", "polyhost"), name, "rate")
        for name in cases
        if name.endswith("curl")
    }
    table = [("", "MB/s", "files/s", "processor s", "peak MiB")]
    for name in cases:
        rate, each, cpu, peak = (found.median(name, one) for one in ("rate", "files", "cpu", "memory_peak_mib"))
        table.append((name, f"{rate / 1e6:.0f}", f"{each:.0f}", f"{cpu:.2f}", f"{peak:.0f}"))
    lines = [Line(f"{name}: polyhost, of curl", ratio, "≥ 0.5", least=0.5) for name, ratio in pairs.items()]
    return {"rounds": found.as_json(), "of_curl": pairs}, show(table, lines)


async def measure(name: str, count: int, size: int, place: str) -> dict[str, float]:
    """One case: `large`, `small` or `tiny`, by `curl` or by us; so many files of so many bytes of the site at this
    scheme and port."""
    what, who = name.split()
    names = [f"{what}-{number}.bin" for number in range(count)]
    with tempfile.TemporaryDirectory(prefix="polyhost-bench-") as folder:
        seconds = _curl(Path(folder), place, names) if who == "curl" else await _us(Path(folder), place, names, size)
        came = size * _how_many(Path(folder), size)
    if came != size * count:
        raise SystemExit(f"bench: {came:,} bytes came in place of {size * count:,}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN if who == "curl" else resource.RUSAGE_SELF)
    return {
        "rate": came / seconds,
        "files": count / seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "memory_peak_mib": used.ru_maxrss / 1024,
    }


def _how_many(folder: Path, size: int) -> int:
    return sum(path.stat().st_size == size for path in folder.rglob("*"))


def _curl(folder: Path, place: str, names: list[str]) -> float:
    """As many at once as we fetch."""
    scheme, port = place.split(":")
    asked = folder / "asked"
    asked.write_text("".join(f'url = "{scheme}://{_HOST}/{name}"\noutput = "{folder / name}"\n' for name in names))
    command = ["curl", "-sSf", "--no-progress-meter", "--insecure", "--connect-to", f"{_HOST}::127.0.0.1:{port}"]
    command += ["--parallel", "--parallel-max", str(AT_ONCE), "--config", str(asked)]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


async def _us(folder: Path, place: str, names: list[str], size: int) -> float:
    """From the start of the step of a run that fetches files to its end: the proxy is opened, all is noted."""
    scheme, port = place.split(":")
    site = f"{scheme}://{_HOST}"
    store = await open_store(folder)
    try:
        connection_id = await _filled(store, site, names, size)
        into = Downloading(contents=Contents(folder), store=store, connection_id=connection_id, clock=Clock())
        step = FileStep(wanted=FilesWanted(), scope=_EVERYTHING, rules=_RULES, open_fetch=into.open)
        access = SiteAccess(
            options=BrowserOptions(allow_hosts=(site,), map_hosts={_HOST: f"127.0.0.1:{port}"}, insecure_tls=True),
            gate=Gate(Governor(), pace=False),
            page=site,
            user_agent="bench",
            cookies=(),
        )
        began = time.perf_counter()
        await step.fetch(store, connection_id, access, lambda _: None)
        return time.perf_counter() - began
    finally:
        await store.close()


async def _filled(store: Store, site: str, names: list[str], size: int) -> int:
    clock = Clock()
    at = clock.iso()
    connection = await store.connections.create(
        name="bench", source="bench", nature="test", options={}, account={}, at=at
    )
    run, batch = begun(connection.id, clock)
    await store.runs.open(run, batch)
    writes: list[RecordWrite] = []
    for name in names:
        encoded = encode({"files": [{"id": name, "url": f"{site}/{name}", "size": size, "type": _TYPE}]})
        writes.append(
            RecordWrite("messages", orjson.dumps([name]).decode(), "upsert", encoded.data, encoded.digest, at)
        )
    await store.write(connection.id, batch.id, [WriteRecords(writes)])
    return connection.id


@contextmanager
def _site(folder: Path, kinds: Mapping[str, tuple[int, int]]) -> Generator[tuple[int, int]]:
    """Its ports. `kinds`: how many files of each, and of how many bytes."""
    chance = random.Random(1)  # noqa: S311  no secret
    for what, (count, size) in kinds.items():
        for number in range(count):
            with (folder / f"{what}-{number}.bin").open("wb") as file:
                for at in range(0, size, _PIECE):
                    file.write(chance.randbytes(min(_PIECE, size - at)))
    command = [sys.executable, "-m", "benchmarks.file_site", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ) as site:
        assert site.stdin is not None  # noqa: S101  it is a pipe
        assert site.stdout is not None  # noqa: S101
        plain, encrypted = site.stdout.readline().split()
        yield int(plain), int(encrypted)
        site.stdin.close()
