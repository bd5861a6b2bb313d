"""The command line of `./scripts/bench`. Must not know: how anything is measured."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks import pipeline_cases
from benchmarks.pipeline import pipeline

__all__ = ["main"]


def main(arguments: Sequence[str]) -> None:
    """Measure what is asked for and print it."""
    options = _parser().parse_args(arguments)
    if options.bench == "case":
        print(json.dumps(_case(options)))
        return
    figures, lines = _bench(options)
    print(json.dumps(figures, indent=2) if options.json else "\n".join(lines))


def _bench(options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    return pipeline(records=options.records, rounds=options.rounds)


def _case(options: argparse.Namespace) -> dict[str, float]:
    return asyncio.run(pipeline_cases.measure(options.name, options.records))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measures this checkout. See docs/benchmarks.md.")
    benches = parser.add_subparsers(dest="bench", required=True, metavar="pipeline | settle | cli")
    pipeline = benches.add_parser("pipeline", help="records from a page into SQLite, beside the naive way")
    pipeline.add_argument("--records", type=int, default=200_000)
    pipeline.add_argument("--rounds", type=int, default=3)
    pipeline.add_argument("--json", action="store_true")
    case = benches.add_parser("case", help=argparse.SUPPRESS)
    case.add_argument("kind")
    case.add_argument("name")
    case.add_argument("--records", type=int, required=True)
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
