"""Cases that take turns, each in a process of its own, and their medians.

Owns: the order of measurements and what is made of several. Must not know: what a case measures.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence

__all__ = ["Figures", "Rounds", "run_rounds"]

Figures = Mapping[str, float]
"""What one case printed."""


class Rounds:
    """The figures of all cases, round by round."""

    def __init__(self, rounds: Sequence[Mapping[str, Figures]]) -> None:
        self._rounds = rounds

    def median(self, case: str, figure: str) -> float:
        return statistics.median(found[case][figure] for found in self._rounds)

    def worst(self, case: str, figure: str) -> float:
        return max(found[case][figure] for found in self._rounds)

    def ratio(self, case: str, other: str, figure: str) -> float:
        """The median of the ratios within a round: what slows the machine down slows both."""
        return statistics.median(found[case][figure] / found[other][figure] for found in self._rounds)

    def as_json(self) -> list[Mapping[str, Figures]]:
        return [*self._rounds]


def run_rounds(cases: Mapping[str, Sequence[str]], rounds: int) -> Rounds:
    """Each case once per round, every other round in reverse order. `cases`: name to the arguments of its process."""
    found: list[Mapping[str, Figures]] = []
    for number in range(1, rounds + 1):
        order = list(cases) if number % 2 else list(reversed(cases))
        figures: dict[str, Figures] = {}
        for name in order:
            print(f"round {number} of {rounds}: {name}", file=sys.stderr)
            figures[name] = _measure(cases[name])
        found.append(figures)
    return Rounds(found)


def _measure(arguments: Sequence[str]) -> Figures:
    command = [sys.executable, "-m", "benchmarks", "case", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"bench: the case {' '.join(arguments)} failed; see above")
    return json.loads(done.stdout)
