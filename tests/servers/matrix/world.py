"""A homeserver with an owner who has collected it once: where tests of changes and of trouble begin.

Must not know: what changes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from servers.matrix.owner import MatrixOwner, an_owner
from servers.matrix.synapse import Person, Synapse, synapse

__all__ = ["World", "a_world"]


@dataclass
class World:
    """Ada's homeserver. She owns the connection; Bob and Cleo talk. `harbour`: a room of some 100 events."""

    server: Synapse
    ada: Person
    bob: Person
    cleo: Person
    harbour: str
    owner: MatrixOwner
    events: dict[str, str] = field(default_factory=dict[str, str])
    """Events and rooms that tests come back to, by a word of theirs."""


async def _harbour(ada: Person, bob: Person, cleo: Person) -> tuple[str, dict[str, str]]:
    room = await bob.creates("Harbour", topic="Tides")
    for person in (ada, cleo):
        await person.joins(room)
    made = {}
    for number in range(90):
        made[f"old{number}"] = await (bob if number % 2 else cleo).says(room, f"Tide {number}")
    made["root"] = made["old10"]
    await ada.replies(room, made["root"], "in a thread")
    made["edit"] = await cleo.edits(room, made["old20"], "Tide 20, corrected")
    made["reaction"] = await ada.reacts(room, made["old30"], "🌊")
    await cleo.redacts(room, made["old40"], "by mistake")
    return room, made


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    async with synapse(folder / "homeserver") as server:
        ada, bob, cleo = [await server.registers(name) for name in ("ada", "bob", "cleo")]
        room, made = await _harbour(ada, bob, cleo)
        async with an_owner(ada, folder / "owner") as owner:
            ended = await owner.run()
            assert ended.exit_code == 0, ended.stderr
            yield World(server, ada, bob, cleo, room, owner, made)
