"""`bench search`: taking records into the index, and finding in it.

Searches run in this process, through the operation, each several times; the whole command is `bench cli`'s. Must not
know: how an index works.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.filled import NAME, STREAM, channel, fill, rules
from benchmarks.measure import Meter
from benchmarks.report import Line, show
from polyhost.engine.reading.indexing import STEP_RECORDS
from polyhost.operations.context import Context
from polyhost.operations.search import SearchRequest
from polyhost.operations.search import search as run_search
from polyhost.store.base import ConnectionRow, Store
from polyhost.store.opening import open_store

__all__ = ["search"]

_MOST_SECONDS = 0.2
_SEARCHES: Mapping[str, dict[str, Any]] = {
    "a word of every record": {"text": "harbour"},
    "a word of one record": {"text": "crate00004711"},
    "a phrase of every record": {"text": '"harbour lights"'},
    "words that never meet": {"text": "crate00004711 crate00004712"},
    "a beginning": {"text": "harb*"},
    "a common word, one partition": {
        "text": "harbour",
        "partition": channel(7),
        "connection": (NAME,),
        "stream": STREAM,
    },
    "a common word, one day": {"text": "harbour", "since": "2020-09-13", "until": "2020-09-14"},
    "a common word without another": {"text": "harbour -crate00004711"},
    "nothing": {"text": "zeppelin"},
}


def search(*, records: int, partitions: int, rounds: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the figures as JSON, and as lines to print."""
    with tempfile.TemporaryDirectory(prefix="polyhost-bench-") as home:
        summary = asyncio.run(_measure(Path(home), records, partitions, rounds))
    lines = [
        Line("indexed, records/s", summary["indexed_per_second"]),
        Line("indexing, processor µs a record", summary["index_microseconds"]),
        Line("memory growth while indexing, MiB", summary["index_memory"]),
        Line("index, bytes a record", summary["index_bytes"]),
        *(
            Line(f"{name}, s", seconds, f"≤ {_MOST_SECONDS}", most=_MOST_SECONDS)
            for name, seconds in summary["searches"].items()
        ),
    ]
    return {"records": records, "partitions": partitions, "summary": summary}, show((), lines)


async def _measure(home: Path, records: int, partitions: int, rounds: int) -> dict[str, Any]:
    print(f"filling a store with {records:,} records", file=sys.stderr)
    store = await open_store(home)
    try:
        connection = await fill(store, records=records, partitions=partitions)
        found = await _index(home, store, connection, records)
    finally:
        await store.close()
    context = Context(home=home)
    found["searches"] = {}
    for name, choice in _SEARCHES.items():
        seconds: list[float] = []
        for _ in range(rounds + 1):
            began = time.perf_counter()
            await run_search(context, SearchRequest(**choice))
            seconds.append(time.perf_counter() - began)
        found["searches"][name] = statistics.median(seconds[1:])  # the first one imports what it needs
    return found


async def _index(home: Path, store: Store, connection: ConnectionRow, records: int) -> dict[str, Any]:
    before = _size(home)
    meter = Meter()
    while await store.search.index(connection.id, rules(), limit=STEP_RECORDS):
        pass
    cost = meter.stop()
    return {
        "indexed_per_second": records / cost.seconds,
        "index_microseconds": cost.cpu / records * 1e6,
        "index_memory": cost.memory_peak - cost.memory_before,
        "index_bytes": (_size(home) - before) / records,
    }


def _size(home: Path) -> int:
    return sum(path.stat().st_size for path in home.glob("store.db*"))
