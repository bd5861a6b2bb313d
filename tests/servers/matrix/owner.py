"""The owner of a connection to a homeserver: runs, what is stored, and whether it is what is there.

The truth is what `reader.py` reads with another client; where an event stands is read out of the homeserver's own
database.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e.command import UNSEEN, CommandLine, Finished
from e2e.processes import browser_of, gone, kill
from polyhost.ledger.arrivals import arrivals_name
from polyhost.operations.context import Context
from polyhost.store.base import RecordQuery
from servers.matrix.front import Front, Held, front
from servers.matrix.synapse import PYTHON, Person

__all__ = ["NAME", "MatrixOwner", "an_owner"]

NAME = "mine"
READER = Path(__file__).parent / "reader.py"
BROWSER_SECONDS = 30
COMPARED = ("sender", "type", "text", "thread", "about", "redacted_by")
_nonces = itertools.count(1)


@dataclass
class MatrixOwner:
    """Connected. `person`: whose account it is."""

    command: CommandLine
    person: Person
    front: Front

    async def run(self, *words: str) -> Finished:
        """To its end. What it asked the homeserver is in `front.asked`."""
        self.front.asked.clear()
        return await self.command("run", NAME, "--json", *words)

    async def be_killed(self, number: int) -> bool:
        """A run that is killed with -9, browser and all, when its request of this number has come and is not answered.
        False where it was over before."""
        self.front.asked.clear()
        self.front.held = held = Held(number)
        async with self.command.running("run", NAME, "--json") as running, asyncio.TaskGroup() as tasks:
            waits = tasks.create_task(held.reached.wait())
            over = tasks.create_task(running.process.wait())
            await asyncio.wait([waits, over], return_when=asyncio.FIRST_COMPLETED)
            browser = None if over.done() else await browser_of(running.process.pid)
            running.kill()
            if browser is not None:
                kill(browser)
            waits.cancel()
            code = await over
            held.release.set()
            self.front.held = None
        assert browser is None or await gone(browser, within=BROWSER_SECONDS)
        assert code in (-9, 0), code
        return code == -9

    async def asks(self, *words: str) -> dict[str, Any]:
        ended = await self.command(words[0], NAME, *words[1:], "--json")
        assert ended.exit_code == 0, ended.stderr
        return ended.value

    async def records(self, stream: str) -> list[dict[str, Any]]:
        """What is stored of each, but for what is deleted."""
        async with Context(home=self.command.home).store(create=False) as store:
            row = await store.connections.get(NAME)
            assert row is not None
            page = await store.records.page(row.id, stream, RecordQuery(limit=100_000))
        return [dict(one.data) for one in page.records]

    async def partitions(self) -> dict[str, dict[str, Any]]:
        return {one["key"]: one for one in (await self.asks("coverage"))["streams"]["messages"]["partitions"]}

    async def truth(self, *, files: bool = False) -> dict[str, Any]:
        """What another client reads, by room."""
        words = (self.front.url, self.person.id, self.person.token, str(next(_nonces)), "files" if files else "-")
        process = await asyncio.create_subprocess_exec(
            str(PYTHON), str(READER), *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()[-3000:]
        return json.loads(out)["rooms"]

    async def check_that_all_is_here(self) -> dict[str, Any]:
        """The store is what the other client reads. Of rooms that it does not read any more there is what was read."""
        truth = await self.truth()
        there = {
            (room, event): _as_stored(said) for room, told in truth.items() for event, said in told["events"].items()
        }
        stored = {(one["room_id"], one["id"]): one for one in await self.records("messages")}
        here = {
            key: {name: data[name] for name in (*COMPARED, "sent_at")}
            for key, data in stored.items()
            if key[0] in truth
        }
        for data in here.values():
            if data["type"] == "m.room.redaction":
                data["about"] = None  # the other client does not tell it apart
        _check_same(here, there)
        rooms = {one["id"]: one for one in await self.records("rooms")}
        names = ("membership", "topic", "became")
        told = {key: {name: one[name] for name in names} for key, one in truth.items()}
        _check_same({key: {name: rooms[key][name] for name in names} for key in truth}, told)
        named = {key: one["name"] for key, one in truth.items() if one["name"]}
        _check_same({key: rooms[key]["name"] for key in named}, named)
        members = {key: dict[str, str]() for key in truth}
        for one in await self.records("members"):
            if one["room_id"] in members:
                members[one["room_id"]][one["user_id"]] = one["membership"]
        _check_same(members, {key: one["members"] for key, one in truth.items()})
        await self.check_claims(truth)
        return truth

    async def check_claims(self, truth: dict[str, Any] | None = None) -> None:
        """The file is whole. Of what the other client reads, whatever lies in a covered range is stored, or is yet to
        come by the token that is kept. Nothing that is there is called deleted."""
        truth = truth or await self.truth()
        with closing(sqlite3.connect(self.command.home / "store.db")) as db:
            assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
        with closing(sqlite3.connect(self.person.server.folder / "homeserver.db")) as db:
            places = {
                event: (depth, order)
                for event, depth, order in db.execute("SELECT event_id, depth, stream_ordering FROM events")
            }
        async with Context(home=self.command.home).store(create=False) as store:
            row = await store.connections.get(NAME)
            assert row is not None
            token = (await store.ledger.checkpoints(row.id)).get(arrivals_name("messages"))
            page = await store.records.page(row.id, "messages", RecordQuery(limit=100_000, deleted=True))
            states = await store.ledger.partitions(row.id, "messages")
        told_up_to = None if token is None else int(str(token)[1:].split("_")[0])
        stored = {json.loads(one.key)[1] for one in page.records if not one.deleted}
        gone = {json.loads(one.key)[1] for one in page.records if one.deleted}
        for state in states:
            readable = truth.get(state.key, {"events": {}})["events"]
            assert gone.isdisjoint(readable), state.key
            for event in readable:
                depth, order = places[event]
                claimed = any(int(one.since or 0) <= depth <= int(one.until) for one in state.covered)
                yet_to_come = told_up_to is not None and order > told_up_to
                assert not claimed or event in stored or yet_to_come, (state, event, depth, order, told_up_to)


def _check_same(here: Mapping[Any, Any], there: Mapping[Any, Any]) -> None:
    """Says what differs, and nothing else."""
    differs = {key: (here.get(key), there.get(key)) for key in {*here, *there} if here.get(key) != there.get(key)}
    if differs:
        raise AssertionError(f"{len(differs)} differ, here and there: {list(differs.items())[:5]}")


def _as_stored(said: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromtimestamp(said["ts"] / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**{name: said[name] for name in COMPARED}, "sent_at": at}


@asynccontextmanager
async def an_owner(person: Person, folder: Path) -> AsyncIterator[MatrixOwner]:
    """Connected with a session as the sign-in form leaves it, and nothing collected yet."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  a moment
    async with front(person.server.url) as before:
        command = CommandLine(home=folder / "home", folder=folder, environment=UNSEEN)
        kept = {"access_token": person.token, "user_id": person.id, "device_id": person.device}
        item = {"name": "polyhost.matrix", "value": json.dumps(kept)}
        state = {"cookies": [], "origins": [{"origin": before.url, "localStorage": [item]}]}
        session = folder / "session.json"
        session.write_text(json.dumps(state), encoding="utf-8")
        ended = await command(
            "connect", "matrix", "--site", before.url, "--name", NAME, "--storage-state", str(session)
        )
        assert ended.exit_code == 0, ended.stderr
        yield MatrixOwner(command, person, before)
