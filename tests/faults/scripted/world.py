"""A source that changes in every way a site can, with a list of people beside it, and the truth about both by key.

It remembers of each key when the truth about it last changed: what was read after that has to be right.
Must not know: runs, faults, what was read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.source import Head, Source

__all__ = ["NAMES", "Die", "Fact", "World", "key_of"]

Die = random.Random
NAMES = ("A", "B", "C", "D")
HISTORY, PEOPLE = 8, 5
"""Old messages that a new partition brings at most, and people from the beginning."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is true of one message, or of one person (then without a place)."""

    text: str
    partition: str | None = None
    position: str | None = None
    is_head: bool = True


def key_of(partition: str, cursor: str) -> str:
    """Old messages of two partitions may have one cursor."""
    return f"{partition}/{cursor}"


class World:
    """Everything there is to collect."""

    def __init__(self, die: Die, names: Sequence[str] | None = None, history: int | None = None) -> None:
        self.source = Source()
        self.people = {f"p{number}": 0 for number in range(PEOPLE)}
        self.changed: dict[str, int] = {}
        """By key: the tick at which the truth about it last changed."""
        self._truth: dict[str, Fact] = {}
        for name in NAMES[: die.randint(1, len(NAMES))] if names is None else names:
            self.source.appear(name, die.randint(0, HISTORY) if history is None else history)
        self.notice()

    @property
    def truth(self) -> dict[str, Fact]:
        """By key: all that is there and not hidden."""
        return self._truth

    def happen(self, die: Die, times: int) -> None:
        """So many things happen."""
        for _ in range(times):
            what = die.choices(tuple(_CHANCES), weights=tuple(_CHANCES.values()))[0]
            what(self, die)
            self.notice()

    def show_everything(self) -> None:
        """Who left comes back, and what was hidden is shown again."""
        for name in self.source.partitions:
            self.source.come_back(name)
            self.source.lift_horizon(name)
        self.notice()

    def notice(self) -> None:
        """Remember what has changed since."""
        before, self._truth = self._truth, dict(self._facts())
        for key in before.keys() | self._truth.keys():
            if before.get(key) != self._truth.get(key):
                self.changed[key] = self.source.tick

    def _facts(self) -> list[tuple[str, Fact]]:
        facts = [(person, Fact(f"person {edits}")) for person, edits in self.people.items()]
        for name, partition in self.source.partitions.items():
            for head in partition.visible():
                facts.append((key_of(name, head.cursor), Fact(said(head), name, head.cursor)))
                facts += [
                    (key_of(name, one.cursor), Fact(str(one.text), name, head.cursor, is_head=False))
                    for one in head.members.values()
                ]
        return facts

    def gone(self, key: str) -> bool:
        """Whether it is there no more, hidden or not: only that may ever be called deleted."""
        name, _, cursor = key.partition("/")
        heads = self.source.partitions[name].heads
        return cursor not in heads and not any(cursor in head.members for head in heads.values())


def said(head: Head) -> str:
    """The text of a head tells of its members too, as a site's reply count does."""
    return "/".join(str(part) for part in head.shown())


def _somewhere(world: World, die: Die) -> str:
    return die.choice(tuple(world.source.partitions))


def _nth(die: Die) -> int:
    return die.randrange(40)


def _member(die: Die) -> int | None:
    return die.choice((None, 0, 1, 2))


def _appear(world: World, die: Die) -> None:
    name = die.choice(NAMES)
    if name not in world.source.partitions:
        world.source.appear(name, die.randint(0, HISTORY))


def _edit_person(world: World, die: Die) -> None:
    world.source.tick += 1
    world.people[die.choice(tuple(world.people))] += 1


def _move_horizon(world: World, die: Die) -> None:
    world.source.move_horizon(_somewhere(world, die), _nth(die))


_CHANCES: dict[Callable[[World, Die], None], int] = {
    lambda world, die: world.source.post(_somewhere(world, die)): 10,
    lambda world, die: world.source.reply(_somewhere(world, die), _nth(die)): 10,
    lambda world, die: world.source.fill_in(_somewhere(world, die), _nth(die)): 3,
    lambda world, die: world.source.edit(_somewhere(world, die), _nth(die), _member(die)): 4,
    lambda world, die: world.source.delete(_somewhere(world, die), _nth(die), _member(die)): 4,
    lambda world, die: world.source.leave(_somewhere(world, die)): 1,
    lambda world, die: world.source.come_back(_somewhere(world, die)): 2,
    _move_horizon: 1,
    lambda world, die: world.source.hide_everything(_somewhere(world, die)): 1,
    lambda world, die: world.source.lift_horizon(_somewhere(world, die)): 2,
    _appear: 2,
    _edit_person: 3,
}
