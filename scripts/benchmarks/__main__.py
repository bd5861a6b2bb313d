"""The command line of `./scripts/bench`. Must not know: how anything is measured."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks import files as fetching
from benchmarks import pipeline_cases
from benchmarks import settle as settling
from benchmarks.commands import commands
from benchmarks.exports import exports
from benchmarks.fence import fence
from benchmarks.files import files
from benchmarks.imports import imports
from benchmarks.pipeline import pipeline
from benchmarks.search import search
from benchmarks.serve import serving
from benchmarks.settle import settle
from polyhost.cli.interpreter import run

__all__ = ["main"]


def main(arguments: Sequence[str]) -> None:
    """Measure what is asked for and print it."""
    options = _parser().parse_args(arguments)
    if options.bench == "case":
        print(json.dumps(run(_case(options))))
        return
    figures, lines = _bench(options)
    print(json.dumps(figures, indent=2, ensure_ascii=False) if options.json else "\n".join(lines))


def _bench(options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    match options.bench:
        case "pipeline":
            return pipeline(records=options.records, rounds=options.rounds)
        case "settle":
            return settle(records=options.records, partitions=options.partitions, rounds=options.rounds)
        case "fence":
            return fence(requests=options.records, rounds=options.rounds)
        case "files":
            return files(small=options.records, tiny=options.tiny, megabytes=options.megabytes, rounds=options.rounds)
        case "import":
            return imports(records=options.records)
        case "export":
            return exports(records=options.records, partitions=options.partitions)
        case "serve":
            return serving(records=options.records, connections=options.connections, rounds=options.rounds)
        case "search":
            return search(records=options.records, partitions=options.partitions, rounds=options.rounds)
        case _:
            return commands(records=options.records, partitions=options.partitions, rounds=options.rounds)


async def _case(options: argparse.Namespace) -> dict[str, float]:
    if options.kind == "settle":
        return await settling.measure(options.records, options.partitions)
    if options.kind == "files":
        return await fetching.measure(options.name, options.records, options.bytes, options.place)
    return await pipeline_cases.measure(options.name, options.records)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measures this checkout. See docs/benchmarks.md.")
    kinds = "pipeline | settle | cli | import | export | search | serve | fence | files"
    benches = parser.add_subparsers(dest="bench", required=True, metavar=kinds)
    _bench_parser(benches, "pipeline", "records from a page into SQLite, beside the naive way", 200_000, None, 3)
    _bench_parser(benches, "settle", "the end of a run over many partitions", 1_000_000, 10_000, 1)
    _bench_parser(benches, "cli", "what an owner waits for", 1_000_000, 1_000, 7)
    _bench_parser(benches, "import", "a Slack export through the import command", 1_000_000, None, 1)
    _bench_parser(benches, "export", "every format of export, over many records", 1_000_000, 1_000, 1)
    _bench_parser(benches, "search", "taking records into the search index, and finding in it", 1_000_000, 1_000, 5)
    _bench_parser(benches, "fence", "what an allowed request costs with the fence", 300, None, 5)
    fetch = _bench_parser(benches, "files", "fetching files, beside curl", 500, None, 5)
    fetch.add_argument("--tiny", type=int, default=10_000, help="files of 1 kB; default 10,000")
    fetch.add_argument("--megabytes", type=int, default=200, help="of the one large file; default 200")
    serve = _bench_parser(benches, "serve", "a server: readers during a run, pages, event streams", 1_000_000, None, 3)
    serve.add_argument("--connections", type=int, default=50, help="default 50")
    case = benches.add_parser("case", help=argparse.SUPPRESS)  # one measurement, in a process of its own
    case.add_argument("kind")
    case.add_argument("name")
    case.add_argument("--records", type=int, required=True)
    case.add_argument("--partitions", type=int)
    case.add_argument("--bytes", type=int)
    case.add_argument("--place")
    return parser


def _bench_parser(benches: Any, name: str, text: str, records: int, partitions: int | None, rounds: int) -> Any:
    bench = benches.add_parser(name, help=text, description=text)
    bench.add_argument("--records", type=int, default=records, help=f"default {records:,}")
    if partitions is not None:
        bench.add_argument("--partitions", type=int, default=partitions, help=f"default {partitions:,}")
    bench.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
    bench.add_argument("--json", action="store_true", help="every figure, as one JSON value")
    return bench


if __name__ == "__main__":
    main(sys.argv[1:])
