"""The list of engine/naive_source.py as a site, a polyfill for it that is the guide's own code, and killed runs.

Owns: the site's answers and what was asked of it, the polyfill, kill -9 at a request, what has to hold afterwards. Must
not know: what happens at the source, and when.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from checkout import ROOT
from e2e.command import CommandLine, Finished
from e2e.processes import browser_of, gone, kill
from e2e.scripted_source import NAME, Source, a_source
from engine.naive_source import Item, NaiveSource
from polyhost.ledger.arrivals import arrivals_name
from polyhost.operations.context import Context
from polyhost.store.base import RecordQuery

__all__ = ["NaiveSite", "a_naive_site"]

BROWSER_SECONDS = 30
NO_LOOKING_AGAIN = {"lookback_records": 0, "requests_per_run": 0}
GUIDE = (ROOT / "docs" / "writing-a-polyfill.md").read_text(encoding="utf-8")
TEXT = {"type": "string"}
EVENTS: dict[str, Any] = {
    "name": "events",
    "schema": {
        "type": "object",
        "properties": {"id": TEXT, "room": TEXT, "number": TEXT, "text": TEXT},
        "required": ["id", "room", "number"],
    },
    "primary_key": ["id"],
    "selection": {"resources": True, "resource_field": "room"},
}
PEOPLE: dict[str, Any] = {
    "name": "people",
    "coverage_strategy": "full_inventory",
    "schema": {"type": "object", "properties": {"id": TEXT, "name": TEXT}, "required": ["id"]},
    "primary_key": ["id"],
    "selection": {"resources": True},
}
# What the guide's code leaves to its reader: `page`, `eventsSince`, `newestToken`, `recordOf`.
COLLECTS = """
const { rooms } = await get(host, "/rooms");
await host.inventory("events", rooms, true);
if (FOLLOWS) await follow(host);
for (const { key: room } of rooms) {
  for (const window of await host.windows("events", room)) await walk(host, room, window);
}
for (let from = ""; from !== null; ) {
  const { people, next } = await get(host, `/people?from=${from}`);
  for (const one of people) await host.emit({ stream: "people", key: one.id, data: one });
  from = next;
}
await host.enumerated("people");

async function get(host, path) {
  const answer = await host.request(path);
  if (answer.status === 410) return null;
  if (!answer.ok) throw host.fail("site_error", `${path} answered ${answer.status}`);
  return answer.json;
}
function page(host, room, token) {
  return get(host, `/page?${new URLSearchParams({ room, ...(token && { token }) })}`);
}
function eventsSince(host, room, token) {
  return get(host, `/feed?${new URLSearchParams({ token })}`);
}
async function newestToken(host) {
  return (await get(host, "/newest")).token;
}
function recordOf({ gone, ...data }) {
  return { stream: "events", key: data.id, ...(gone ? { op: "delete", data: null } : { data }) };
}
"""


def guide(name: str) -> str:
    """A function as the guide shows it for pages and feeds by token."""
    found = re.search(rf"^```js\n(async function {name}\(host, room\b.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[1]


@dataclass
class Held:
    """A request that came and is not answered. `reached`: it has come."""

    number: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class NaiveSite:
    """What is there, what was asked, and the owner's connection. `answered`: pages that were read to their end, by room
    and token."""

    connected: Source
    size: int = 3
    there: NaiveSource = field(default_factory=NaiveSource)
    rooms: list[str] = field(default_factory=lambda: ["A", "B"])
    over: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Rooms that the source calls over, and in which words."""
    people: dict[str, str] = field(default_factory=dict[str, str])
    answered: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    early: list[str] = field(default_factory=list[str])
    """Tokens that were read on from before they were stored."""
    asked: int = 0
    meanwhile: dict[int, Callable[[], None]] = field(default_factory=dict[int, Callable[[], None]])
    """What happens as the request of this number comes, counted from 1 in each run."""
    _held: Held | None = None

    def __post_init__(self) -> None:
        for path, answer in {
            "/rooms": self._rooms,
            "/page": self._page,
            "/feed": self._feed,
            "/newest": lambda _: {"token": self.there.head()},
            "/people": self._people,
        }.items():
            self.connected.site.route(path, self._answering(answer))

    # what its people do, beside what `there` can

    def delete_room(self, room: str) -> None:
        self.rooms.remove(room)
        self.over[room] = {"deleted": True}

    def rename_room(self, room: str, to: str) -> None:
        """It goes on under another key, and everything in it."""
        self.rooms[self.rooms.index(room)] = to
        self.over[room] = {"became": to}
        self.there.rename(room, to)

    # what an owner does

    async def run(self, *words: str) -> Finished:
        """To its end."""
        self.asked = 0
        return await self.connected.run(*words)

    async def be_killed(self, number: int) -> bool:
        """A run that is killed with -9, browser and all, when its request of this number has come and is not answered.
        False where it was over before."""
        self.asked, self._held = 0, (held := Held(number))
        async with self.connected.running() as running, asyncio.TaskGroup() as tasks:
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
            self._held = None
        assert browser is None or await gone(browser, within=BROWSER_SECONDS)
        assert code in (-9, 0), code
        return code == -9

    # what has to hold

    async def check_claims(self) -> None:
        """The file is whole. What lies in a covered range is stored, or the feed has yet to tell of it. Nobody who
        is there is called deleted."""
        with closing(sqlite3.connect(self.connected.command.home / "store.db")) as db:
            assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
        async with Context(home=self.connected.command.home).store(create=False) as store:
            row = await store.connections.get(NAME)
            assert row is not None
            whole = (await store.ledger.checkpoints(row.id)).get(arrivals_name("events"))
            page = await store.records.page(row.id, "events", RecordQuery(limit=10_000))
            states = await store.ledger.partitions(row.id, "events")
            people = await store.records.page(row.id, "people", RecordQuery(limit=10_000, deleted=True))
        assert not {one.key for one in people.records if one.deleted} & self.people.keys()
        for state in states:
            here = {record.key for record in page.records if record.partition == state.key}
            claimed = [(piece.since, piece.until) for piece in state.covered]
            assert self.there.lost(state.key, here, claimed, state.arrivals or whole) == [], (state.key, claimed)

    async def check_that_all_is_here(self) -> None:
        """The store is the source. Of a room that was deleted there is what was read of it."""
        here = {one["key"]: one["data"] for one in await self._records("events")}
        there = {item.name: _data(item) for room in self.rooms for item in self.there.there(room)}
        assert {key: data for key, data in here.items() if data["room"] in self.rooms} == there
        assert {data["room"] for data in here.values()} <= {*self.rooms, *self.over}
        coverage = (await self.connected.asks("coverage"))["streams"]["events"]["partitions"]
        said = {one["key"]: (one["status"], one["successor"]) for one in coverage}
        for room, words in self.over.items():
            told = ("deleted", None) if "deleted" in words else ("became", words["became"])
            assert said.get(room, told) == told
        assert {one["key"]: one["data"]["name"] for one in await self._records("people")} == self.people

    async def _records(self, stream: str) -> list[dict[str, Any]]:
        return (await self.connected.asks("records", stream, "--limit", "0"))["records"]

    # what the site answers

    def _answering(self, answer: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            self.asked += 1
            if (happens := self.meanwhile.pop(self.asked, None)) is not None:
                happens()
            held = self._held
            if held is not None and self.asked >= held.number:
                held.reached.set()
                await held.release.wait()
                raise web.HTTPServiceUnavailable
            said = answer(request)
            if said is None:
                raise web.HTTPGone
            return web.json_response(said, headers={"Cache-Control": "no-store"})

        return handle

    def _rooms(self, _request: web.Request) -> Any:
        listed = [{"key": room} for room in self.rooms]
        return {"rooms": [*listed, *({"key": room, **words} for room, words in self.over.items())]}

    def _page(self, request: web.Request) -> Any:
        room, token = request.query["room"], request.query.get("token")
        if token is not None and not self.there.takes(token):
            return None
        self.answered[room, token or ""] += 1
        if token is not None and not self._is_kept(token):
            self.early.append(token)
        items, following = self.there.older(room, token, self.size)
        return {"events": [_event(item) for item in items], "next": following}

    def _is_kept(self, token: str) -> bool:
        with closing(sqlite3.connect(self.connected.command.home / "store.db")) as db:
            return any(f'"{token}"' in state for (state,) in db.execute("SELECT state FROM partitions"))

    def _feed(self, request: web.Request) -> Any:
        token = request.query["token"]
        if not self.there.takes(token):
            return None
        items, following, more = self.there.feed(None, token, self.size)
        return {"events": [_event(item) for item in items], "next": following, "more": more}

    def _people(self, request: web.Request) -> Any:
        left = sorted(one for one in self.people if one > request.query["from"])
        page = left[: self.size]
        said = [{"id": one, "name": self.people[one]} for one in page]
        return {"people": said, "next": page[-1] if len(left) > len(page) else None}


def _data(item: Item) -> dict[str, Any]:
    return {"id": item.name, "room": item.room, "number": str(item.position), "text": str(item.text)}


def _event(item: Item) -> dict[str, Any]:
    return {**_data(item), "gone": item.gone}


@asynccontextmanager
async def a_naive_site(
    command: CommandLine, folder: Path, *, arrival: str, looks_again: bool = True
) -> AsyncIterator[NaiveSite]:
    """Connected, and nothing collected yet. What arrives in any order is followed by one feed of the account."""
    partition: dict[str, Any] = {"field": "room", "cursor_field": "number", "order": "numeric", "arrival": arrival}
    if not looks_again:
        partition["refresh"] = NO_LOOKING_AGAIN
    follows = f"const FOLLOWS = {'true' if arrival == 'any_order' else 'false'};\n"
    script = follows + COLLECTS + guide("walk") + guide("follow")
    async with a_source(command, folder, [{**EVENTS, "partition": partition}, PEOPLE], script) as source:
        yield NaiveSite(source)
