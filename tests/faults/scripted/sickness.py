"""What is wrong with the source now: declared by key, healed by key. Must not know: how it is met, what it costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from faults.scripted.world import Die, World

__all__ = ["GROUP_REASONS", "REFUSED_SHAPES", "UNPLACED_SHAPES", "WRONG_SHAPES", "Sickness"]

REFUSED_SHAPES = ("number for a text", "null for a text", "no text", "list for a text")
"""The schema refuses them; their place can be read."""
UNPLACED_SHAPES = ("unreadable cursor", "no cursor", "no partition")
"""Their place cannot be read either."""
WRONG_SHAPES = ("a moment that is none", "an act that is none", "a number for its key")
"""The RECORD itself is wrong, before its schema is asked; its place can be read."""
UNMAPPABLE = "unmappable"
"""The connector cannot map it, and says so."""
GROUP_REASONS = ("not_answered", "not_found", "refused", "unreadable", "unfinished")
PARTITION_REASONS = ("channel_not_found", "internal_error", "not_answered")
HEALS = 0.4
"""How likely each fault is gone before the next run."""


@dataclass(slots=True)
class Sickness:
    """Faults in force, by what they touch."""

    records: dict[str, str] = field(default_factory=dict[str, str])
    groups: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """By partition and head: why its members cannot be read."""
    partitions: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """By partition: why it breaks off, after so many pages."""
    inventory_breaks: bool = False
    people_break: bool = False

    def fall_ill(self, world: World, die: Die) -> None:
        """Some heal, some come."""
        self._heal_some(die)
        said = [(key, fact) for key, fact in world.truth.items() if fact.partition is not None]
        for key, _ in die.sample(said, min(len(said), die.choice((0, 0, 1, 2, 3)))):
            self.records[key] = die.choice((*REFUSED_SHAPES, *WRONG_SHAPES, *UNPLACED_SHAPES, UNMAPPABLE))
        threads = sorted({(fact.partition or "", fact.position or "") for _, fact in said if not fact.is_head})
        for thread in die.sample(threads, min(len(threads), die.choice((0, 0, 1, 2)))):
            self.groups[thread] = die.choice(GROUP_REASONS)
        if die.random() < 0.3:
            person = die.choice(tuple(world.people))
            self.records[person] = die.choice((*REFUSED_SHAPES, *WRONG_SHAPES, UNMAPPABLE))
        if die.random() < 0.3:
            name = die.choice(tuple(world.source.partitions))
            self.partitions[name] = (die.choice(PARTITION_REASONS), die.randint(0, 3))
        self.inventory_breaks = die.random() < 0.1
        self.people_break = die.random() < 0.1

    def _heal_some(self, die: Die) -> None:
        for faults in (self.records, self.groups, self.partitions):
            for key in [key for key in faults if die.random() < HEALS]:
                del faults[key]

    def heal(self) -> None:
        self.records.clear()
        self.groups.clear()
        self.partitions.clear()
        self.inventory_breaks = self.people_break = False

    def bend(self, key: str, data: dict[str, Any]) -> dict[str, Any]:
        """The record's data as the source has it today. A head with members keeps its place: docs/reliability.md says
        what does not hold of one whose place was never read."""
        shape = self.records.get(key)
        if shape in UNPLACED_SHAPES and "/" in data["text"] and data["text"].split("/")[1] != "0":
            shape = REFUSED_SHAPES[0]
        match shape:
            case "number for a text":
                return {**data, "text": 5}
            case "null for a text":
                return {**data, "text": None}
            case "list for a text":
                return {**data, "text": [data["text"]]}
            case "no text":
                return {name: value for name, value in data.items() if name != "text"}
            case "unreadable cursor":
                return {**data, "text": 5, "ts": "soon"}
            case "no cursor":
                return {name: value for name, value in data.items() if name not in {"text", "ts"}}
            case "no partition":
                return {**data, "text": 5, "channel": None}
            case _:
                return data

    def bend_record(self, message: dict[str, Any]) -> dict[str, Any]:
        """The RECORD as the connector says it today."""
        match self.records.get(message["key"]):
            case "a moment that is none":
                return {**message, "emitted_at": "soon"}
            case "an act that is none":
                return {**message, "op": "merge"}
            case "a number for its key":
                return {**message, "key": 5}
            case _:
                return message
