"""What the rounds came to, as numbers and as lines. Must not know: how a round goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean

from crash_test.strike import Blow

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """Counts over all rounds; `faults` is what must stay empty."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By kind of run and victim."""
    where: Counter[str] = field(default_factory=Counter[str])
    missed: int = 0
    """Rounds whose run was over before the blow fell."""
    outcomes: Counter[str] = field(default_factory=Counter[str])
    """How runs ended that lost their browser only."""
    orphans: int = 0
    """Browsers that outlived their host."""
    messages: int = 0
    """Held to the truth after all rounds together."""
    extra: list[int] = field(default_factory=list[int])
    """Requests of a killed run and the next one together, beyond those of one undisturbed run over the same news."""
    undisturbed: list[int] = field(default_factory=list[int])
    faults: list[str] = field(default_factory=list[str])

    def struck(self, run: str, victim: str, blow: Blow, where: str) -> None:
        """A run was aimed at."""
        self.orphans += blow.orphan
        if not blow.hit:
            self.missed += 1
            return
        self.kills[run, victim] += 1
        self.where[where] += 1
        if victim == "browser":
            self.outcomes[blow.outcome] += 1

    def blame(self, round_: str, found: Sequence[str]) -> None:
        """What should not be."""
        self.faults += [f"{round_}: {fault}" for fault in found]

    def lines(self, rounds: int, seconds: float) -> Sequence[str]:
        """For people."""
        hits = sum(self.kills.values())
        found = [f"{rounds} rounds in {seconds:,.0f} s: {hits} kills, {self.missed} runs were over before they fell"]
        found += [f"  {run:7} {victim:8} {count:4}" for (run, victim), count in sorted(self.kills.items())]
        found += ["where they hit"] + [f"  {where:34} {count:4}" for where, count in sorted(self.where.items())]
        ways = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        found.append(f"runs that lost only their browser: {ways or 'none'}")
        found.append(f"browsers that outlived their host: {self.orphans}")
        if self.extra:
            found.append(
                f"extra requests of a kill: {mean(self.extra):.1f} on average, {max(self.extra)} at most, where an "
                f"undisturbed run takes {mean(self.undisturbed):.1f} ({len(self.extra)} rounds compared)"
            )
        found.append(f"messages held to the truth: {self.messages:,}")
        found.append(f"lost, twice, claimed without proof, or broken: {len(self.faults)}")
        return [*found, *(f"  {fault}" for fault in self.faults)]
