"""The command line of `./scripts/crash-test`. Must not know: what a round does."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from crash_test.live import Live
from crash_test.replay import Replay
from crash_test.strike import VICTIMS
from crash_test.tally import Tally

__all__ = ["main"]

REPLAYED = 0.3
"""Share of rounds over recordings; the others change the world as well, and so can find more."""


def main(arguments: Sequence[str]) -> int:
    """0 where every round held."""
    parser = argparse.ArgumentParser(
        prog="crash-test",
        description="Kills runs with -9 at random moments. After each, the next run must complete and the store must "
        "equal the truth. Ends only processes that it has started, by pid.",
    )
    parser.add_argument("--rounds", type=int, default=20, help="how many runs are killed (20)")
    parser.add_argument("--seed", type=int, default=1, help="of the die that chooses moments and events (1)")
    parser.add_argument("--minutes", type=float, default=120, help="stop after so long, whatever is left (120)")
    options = parser.parse_args(arguments)
    tally = Tally()
    began = time.monotonic()
    rounds = asyncio.run(_rounds(options, tally))
    print("\n".join(tally.lines(rounds, time.monotonic() - began)))
    return 1 if tally.faults else 0


async def _rounds(options: argparse.Namespace, tally: Tally) -> int:
    die = random.Random(options.seed)  # noqa: S311  repeatable, not secret
    deadline = time.monotonic() + options.minutes * 60
    with tempfile.TemporaryDirectory(prefix="polyhost-crash-") as temporary:
        folder = Path(temporary)
        live, replay = Live(folder, die, tally), Replay(folder, die, tally)
        done = 0
        try:
            while done < options.rounds and time.monotonic() < deadline:
                faults = len(tally.faults)
                kind = replay if die.random() < REPLAYED else live
                try:
                    await kind.round(VICTIMS[done % len(VICTIMS)])
                except TimeoutError:
                    tally.blame(f"round {done + 1}", ["a command did not end"])
                done += 1
                print(f"round {done}: {len(tally.faults)} faults so far", file=sys.stderr, flush=True)
                for fault in tally.faults[faults:]:
                    print(f"  {fault}", file=sys.stderr, flush=True)
        finally:
            await live.close()
    return done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
