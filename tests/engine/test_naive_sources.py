"""RS-4.1, RS-4.2: sources of every kind against the whole engine, changed at any moment and cut anywhere.

The source is a list (engine/naive_source.py), the connectors do what docs/writing-a-polyfill.md says, and the runs are
the program's own. After any run nothing is claimed that was not read; after an undisturbed one the store is the source.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.naive_source import Item, NaiveSource
from engine.rig import Rig, message
from playbooks import MESSAGES, coverage, done, inventory, manifest
from polyhost.connectors.scripted import SETTLED, Said, ScriptHost
from polyhost.ledger.arrivals import arrivals_name
from polyhost.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("RS-4.1", "RS-4.2")

ROOMS = ("A", "B")
NO_LOOKING_AGAIN = {"lookback_records": 0, "requests_per_run": 0}


def declared(arrival: str, **beside: Any) -> Any:
    partition = {"field": "channel", "cursor_field": "ts", "order": "numeric", "arrival": arrival}
    return manifest({**MESSAGES, "partition": {**partition, "refresh": NO_LOOKING_AGAIN}}, **beside)


def of(item: Item) -> dict[str, Any]:
    said = message(item.name, item.room, str(item.position), text=str(item.text))
    return {**said, "op": "delete", "data": None} if item.gone else said


def arrived(token: str, room: str | None) -> dict[str, Any]:
    return {"type": "PARTITION_ARRIVALS", "stream": "messages", "partition": room, "token": token}


def refused(token: str, room: str | None) -> dict[str, Any]:
    return {"type": "TOKEN_REFUSED", "stream": "messages", "partition": room, "token": token}


@dataclass
class Reader:
    """A connector. `steps`: how many messages it lives to say; `meanwhile`: what happens while it reads, by message."""

    source: NaiveSource
    size: int
    steps: int | None = None
    meanwhile: dict[int, Callable[[], None]] = field(default_factory=dict)
    follows: str | None = None
    upwards: bool = False

    async def __call__(self, host: ScriptHost) -> AsyncGenerator[Said]:
        said, records = 0, 0
        async for one in self.collect(host):
            if said in self.meanwhile:
                self.meanwhile.pop(said)()
            said += 1
            if self.steps is not None and said > self.steps:
                return  # cut: no DONE
            records += isinstance(one, dict) and one["type"] == "RECORD"
            yield one
        yield done(records)

    async def collect(self, host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", *ROOMS)
        if self.follows == "stream":
            async for one in self.follow(host, None):
                yield one
        for room in ROOMS:
            if self.follows == "room":
                async for one in self.follow(host, room):
                    yield one
            yield SETTLED
            for window in await host.windows("messages", room):
                async for one in (self.up if self.upwards else self.down)(room, window):
                    yield one

    async def follow(self, host: ScriptHost, room: str | None) -> AsyncGenerator[Said]:
        token = await host.arrivals("messages", room)
        if token is not None and not self.source.takes(token):
            yield refused(token, room)
            token = None
        if token is None:
            yield arrived(self.source.head(), room)
            return
        more = True
        while more:
            items, token, more = self.source.feed(room, token, self.size)
            for item in items:
                yield of(item)
            yield arrived(token, room)

    async def down(self, room: str, window: dict[str, Any]) -> AsyncGenerator[Said]:
        token, until = window["older"], window["until"]
        if token is not None and not self.source.takes(token):
            yield refused(token, room)
            token = None
        until = None if token is None else until
        floor = 0 if window["since"] is None else int(window["since"])
        more = True
        while more:
            items, token = self.source.older(room, token, self.size)
            for item in items:
                yield of(item)
            more = token is not None and items[-1].position > floor
            since = str(items[-1].position) if more else window["since"]
            yield coverage("messages", room, since, until, older=token if more else None)
            until = since

    async def up(self, room: str, window: dict[str, Any]) -> AsyncGenerator[Said]:
        token, since = window["newer"], window["since"]
        if token is not None and not self.source.takes(token):
            yield refused(token, room)
            token = None
        since = None if token is None else since
        while True:
            items, following = self.source.newer(room, token, self.size)
            for item in items:
                yield of(item)
            ends = len(items) < self.size
            until = None if ends else str(items[-1].position)
            yield coverage("messages", room, since, until, newer=following or token)
            if ends:
                return
            token, since = following, until


async def stored(rig: Rig, room: str) -> dict[str, str]:
    return {key: data["text"] for key, data in (await rig.data("messages")).items() if data["channel"] == room}


async def check_claims(rig: Rig, source: NaiveSource) -> None:
    """What lies in a covered range is stored, or the feed has yet to tell of it."""
    whole = (await rig.cursors()).get(arrivals_name("messages"))
    for room, state in (await rig.partitions()).items():
        claimed = [(piece.since, piece.until) for piece in state.covered]
        assert source.lost(room, await stored(rig, room), claimed, state.arrivals or whole) == [], (room, claimed)


KINDS = {
    "newest first by token": ("in_order", None, False),
    "oldest first by token": ("in_order", None, True),
    "any order, a feed for each room": ("any_order", "room", False),
    "any order, one feed for all": ("any_order", "stream", False),
    "any order, one feed, oldest first": ("any_order", "stream", True),
}
numbers = st.integers(min_value=0, max_value=30)
happenings = st.lists(
    st.tuples(
        st.sampled_from(["post", "post", "come_late", "edit", "delete", "expire"]), st.sampled_from(ROOMS), numbers
    ),
    max_size=6,
)
runs = st.lists(
    st.tuples(
        happenings, st.none() | st.integers(0, 25), st.integers(1, 3), st.dictionaries(numbers, happenings, max_size=2)
    ),
    min_size=1,
    max_size=5,
)


def happen(source: NaiveSource, what: list[tuple[str, str, int]], *, in_order: bool) -> None:
    for kind, room, number in what:
        if kind == "expire":
            source.expire()
        elif kind == "post" or (kind == "come_late" and in_order):
            source.post(room)
        else:
            getattr(source, kind)(room, number)


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(first=happenings, history=runs)
async def test_the_store_is_the_source_and_nothing_is_claimed_unread(kind: str, first: Any, history: Any) -> None:
    arrival, follows, upwards = KINDS[kind]
    in_order = arrival == "in_order"
    source = NaiveSource()
    rig = await Rig(MemoryStore()).connected(declared(arrival))
    happen(source, first, in_order=in_order)
    for what, steps, size, during in history:
        happen(source, what, in_order=in_order)
        meanwhile = {at: (lambda then=then: happen(source, then, in_order=in_order)) for at, then in during.items()}
        await rig.run(Reader(source, size, steps, meanwhile, follows, upwards), batch=size)
        await check_claims(rig, source)
    result = await rig.run(Reader(source, 2, follows=follows, upwards=upwards), batch=2)
    assert result["status"] == "complete", result["diagnostics"]
    await check_claims(rig, source)
    for room in ROOMS:
        here, there = await stored(rig, room), {item.name: str(item.text) for item in source.there(room)}
        if in_order:  # an edit or a deletion below the top is found by looking again, which these runs do not
            assert here.keys() >= there.keys()
        else:
            assert here == there
    full = await rig.run(Reader(source, 2, follows=follows, upwards=upwards), full=True, batch=2)
    assert full["status"] == "complete", full["diagnostics"]
    for room in ROOMS:
        assert await stored(rig, room) == {item.name: str(item.text) for item in source.there(room)}
