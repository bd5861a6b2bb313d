"""One home with a connection in every state an owner can meet: each scenario of CH-1 and mixes of them.

Real runs of scripted connectors and real imports left them behind; nothing here writes a status. Must not know: what
any surface makes of them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from engine.rig import Rig, hang, message, says
from importing import Importing
from playbooks import MESSAGES, coverage, done, inventory, manifest, manifest_json, record, skip, stream
from polyhost.connectors.scripted import Said, ScriptHost
from polyhost.engine.sessions.saved import save_session
from polyhost.ledger import retire
from polyhost.ledger.exceptions import set_aside
from polyhost.operations.context import Context
from polyhost.operations.schedules import SchedulePauseRequest, ScheduleSetRequest, pause, set_schedule
from polyhost.protocol.diagnostics import RunStatus
from polyhost.protocol.reach import Reach
from polyhost.store import memos
from polyhost.store.base import BatchRow, RunRow, SaveExceptions, SavePartitions, Store
from polyhost.store.memos import Memo
from polyhost.store.opening import open_store

__all__ = ["SITUATIONS", "make_home"]

DAY = 86_400
PAGE: dict[str, Any] = {
    "polyfill": {"script": "polyfill.js", "page": "https://test.example/", "hosts": ["test.example"]},
    "capabilities": {
        "refresh_policy": {
            "maximum_staleness_seconds": DAY,
            "recommended_mode": "scheduled",
            "recommended_interval_seconds": 3600,
            "minimum_interval_seconds": 60,
        }
    },
}
TIMED = {**MESSAGES, "partition": {**MESSAGES["partition"], "cursor_time": "unix_seconds", "order": "decimal"}}
SOURCES: dict[str, tuple[Sequence[dict[str, Any]], dict[str, Any]]] = {
    "test": ((TIMED, stream("notes")), PAGE),
    "strict": ((TIMED,), {**PAGE, "blocking_gaps": ["invalid_record"]}),
    "flat": ((stream("notes"),), PAGE),
    "gone": ((TIMED,), PAGE),
}
"""Sources by name: the streams they declare, and how they run."""

A, B, C, D, E = (f"1{number}00000000.000100" for number in (3, 4, 5, 6, 7))
"""Positions: 2011, 2014, 2017, 2020, 2023."""
CHAT = """21/02/2024, 09:15 - Ada: One <Media omitted>
22/02/2024, 10:00 - Bo: Two words
23/02/2024, 11:30 - Ada: Three
"""


class Place:
    """One connection of the home, and what happens to it."""

    def __init__(self, home: Path, store: Store, name: str, folder: Path) -> None:
        self.home, self.store, self.name, self.folder = home, store, name, folder
        self.rig = Rig(store)
        self.rig.clock.seconds = time.time() - DAY / 2

    async def connect(self, source: str = "test", *, nature: Any = "live", session: bool = True, age: float = 0) -> Rig:
        """The connection, with a session of now. `age`: seconds everything happens earlier."""
        self.rig.clock.seconds -= age
        streams, declared = SOURCES[source]
        self.rig.manifest = manifest(*streams, **declared)
        self.rig.connection = await self.store.connections.create(
            name=self.name, source=source, nature=nature, options={}, account={}, at=self.rig.clock.iso()
        )
        if session:
            save_session(self.home, self.name, {"cookies": [], "origins": []})
            for file in (self.home / "sessions").glob(f"{self.name}.*"):
                os.utime(file, (self.rig.clock.seconds - DAY, self.rig.clock.seconds - DAY))
        return self.rig

    def context(self) -> Context:
        return Context(home=self.home)

    async def imports(self, text: str = CHAT, **options: Any) -> None:
        file = self.folder / "WhatsApp Chat with Ada.txt"
        file.write_text(text, encoding="utf-8")
        await Importing(self.home, self.name).run(file, source="whatsapp", **options)

    async def retire(self, key: str) -> None:
        state = (await self.rig.partitions())[key]
        gone = retire.retire(state, key, reason="left the project", at=self.rig.clock.iso())
        await self.store.write(self.rig.connection.id, None, [SavePartitions([gone])])


GOOD = says(
    inventory("messages", "C1", "C2"),
    message("m1", "C1", A),
    message("m2", "C2", B, text="a word"),
    coverage("messages", "C1", None, C),
    coverage("messages", "C2", None, D),
)
WITHOUT_C1 = says(inventory("messages", "C2"), coverage("messages", "C2", None, E))
HIDDEN = says(
    inventory("messages", "C1"),
    message("m1", "C1", A),
    {
        "type": "PARTITION_HIDDEN",
        "stream": "messages",
        "partition": "C1",
        "since": A,
        "until": B,
        "reason": "left_then",
    },
    coverage("messages", "C1", None, C),
)
ENDED = says(
    {
        "type": "PARTITION_INVENTORY",
        "stream": "messages",
        "partitions": [{"key": "C1", "became": "C3"}, {"key": "C2", "deleted": True}, {"key": "C3", "label": "new"}],
        "complete": True,
    },
    coverage("messages", "C3", None, D),
)
HOLES = says(inventory("messages", "C1"), message("m3", "C1", C), coverage("messages", "C1", C, D))
MEDIA = says(
    inventory("messages", "C1"),
    message("m1", "C1", A),
    skip("messages", "media_missing", count=3),
    coverage("messages", "C1", None, C),
)
UNREAD_THREAD = says(
    inventory("messages", "C1"),
    message("m1", "C1", A),
    {
        "type": "EXCEPTION",
        "stream": "messages",
        "kind": "group",
        "key": A,
        "partition": "C1",
        "reason": "not_answered",
    },
    coverage("messages", "C1", None, C),
)
INVALID = says(inventory("messages", "C1"), message("m1", "C1", 7), coverage("messages", "C1", None, C))  # type: ignore[arg-type]


def fails(code: str, *, retryable: bool = True, **more: Any) -> Any:
    return says(done(0, "failed", message="it broke", retryable=retryable, code=code, **more))


async def _runs(place: Place, *scripts: Any, source: str = "test", **options: Any) -> None:
    rig = await place.connect(source, **options)
    for script in scripts:
        await rig.run(script)


def ran(*scripts: Any, **options: Any) -> Callable[[Place], Awaitable[None]]:
    return lambda place: _runs(place, *scripts, **options)


async def _retired(place: Place) -> None:
    await _runs(place, GOOD, WITHOUT_C1)
    await place.retire("C1")


async def _set_aside(place: Place) -> None:
    await _runs(place, INVALID)
    (one,) = await place.store.ledger.exceptions(place.rig.connection.id)
    aside = set_aside(one, reason="known to be broken", at=place.rig.clock.iso())
    await place.store.write(place.rig.connection.id, None, [SaveExceptions([aside])])


async def _cancelled(place: Place) -> None:
    rig = await place.connect()
    await rig.run(GOOD)

    async def stopped(host: ScriptHost) -> AsyncGenerator[Said]:
        del host
        yield inventory("messages", "C1", "C2")
        rig.cancelled.set()
        await hang()

    await rig.run(stopped)


async def _died(place: Place) -> None:
    """Its process is gone: a run that is going on in the store and nowhere else."""
    rig = await place.connect()
    await _begins(place, "dead")
    await place.store.runs.abandon(rig.connection.id, at=rig.clock.iso())


async def _going_on(place: Place, *before: Any, memo: Memo[Any] | None = None) -> None:
    """A run that goes on now, in some process. `memo`: what it has left in the store."""
    await _runs(place, *before)
    await _begins(place, place.name)
    asked = {"run": f"run_{place.name}", "since": place.rig.clock.iso()}
    left = {memos.PAUSED: f"run_{place.name}", memos.OPEN_QUESTION: asked}
    if memo is not None:
        await place.store.connections.save_memo(place.rig.connection.id, memo, left[memo])


async def _begins(place: Place, called: str) -> None:
    rig = place.rig
    batch = BatchRow(
        id=f"bat_{called}",
        connection_id=rig.connection.id,
        method="browser_polyfill",
        trigger="owner",
        started_at=rig.clock.iso(),
    )
    run = RunRow(
        id=f"run_{called}",
        connection_id=rig.connection.id,
        batch_id=f"bat_{called}",
        mode="incremental",
        status=RunStatus.RUNNING,
        started_at=rig.clock.iso(),
    )
    await place.store.runs.open(run, batch)


async def _signed_in_again(place: Place) -> None:
    await _runs(place, GOOD, fails("signed_out", retryable=False))
    save_session(place.home, place.name, {"cookies": [], "origins": []})


async def _scoped(place: Place) -> None:
    rig = await place.connect()
    await rig.run(
        says(message("m1", "C1", A), coverage("messages", "C1", None, C)), {"resources": {"messages": ["C1"]}}
    )


async def _full(place: Place) -> None:
    rig = await place.connect()
    await rig.run(GOOD)
    await rig.run(GOOD, full=True)


async def _scheduled(place: Place, *, age: float = 0, paused: bool = False) -> None:
    await _runs(place, GOOD, age=age)
    await set_schedule(place.context(), ScheduleSetRequest(name=place.name, every="6h"))
    if paused:
        await pause(place.context(), SchedulePauseRequest(name=place.name))


async def _imported(place: Place, *texts: str) -> None:
    for text in texts:
        await place.imports(text)
    if (row := await place.store.connections.get(place.name)) is not None:
        await place.store.connections.update(row.id, options={**row.options, "watch": str(place.folder)})


async def _unreadable(place: Place) -> None:
    """Its polyfill is gone from the home."""
    await _runs(place, GOOD, source="gone")
    (place.home / "polyfills" / "gone" / "manifest.json").unlink()


async def _limited(place: Place) -> None:
    await _runs(
        place,
        says(
            inventory("messages", "C1"),
            message("m1", "C1", D),
            coverage("messages", "C1", C, E, limited_before=C),
        ),
    )


async def _paused_signed_out(place: Place) -> None:
    await _scheduled(place, paused=True)
    await place.rig.run(fails("signed_out", retryable=False))


async def _wants_more(place: Place) -> None:
    await _runs(place, GOOD)
    agreed = Reach(hosts=("before.example",)).as_json()
    await place.store.connections.save_memo(place.rig.connection.id, memos.REACH, agreed)


SITUATIONS: dict[str, Callable[[Place], Awaitable[None]]] = {
    "never-run": ran(),
    "no-session": ran(session=False),
    "good": ran(GOOD),
    "nothing-new": ran(GOOD, GOOD),
    "vanished": ran(GOOD, WITHOUT_C1),
    "vanished-twice-reported": ran(GOOD, WITHOUT_C1, WITHOUT_C1),
    "vanished-and-back": ran(GOOD, WITHOUT_C1, GOOD),
    "vanished-retired": _retired,
    "wants-more": _wants_more,
    "many-vanished": ran(
        says(
            *[part for key in "FGHIJ" for part in (inventory("messages", *"FGHIJ"), coverage("messages", key, None, C))]
        ),
        says(inventory("messages", "F"), coverage("messages", "F", None, D)),
    ),
    "holes": ran(HOLES),
    "untouched": ran(says(inventory("messages", "C1", "C2"), coverage("messages", "C1", None, C))),
    "limited": _limited,
    "hidden": ran(HIDDEN),
    "renamed-and-deleted": ran(GOOD, ENDED),
    "inventory-unproven": ran(says(inventory("messages", "C1", complete=False), coverage("messages", "C1", None, C))),
    "one-channel-only": _scoped,
    "read-in-full": _full,
    "cancelled": _cancelled,
    "failed": ran(GOOD, fails("site_down")),
    "failed-for-good": ran(GOOD, fails("site_changed", retryable=False, recovery_hint="update_selector")),
    "failed-at-source": ran(GOOD, fails("consent", retryable=False, recovery_hint="reconsent")),
    "died": _died,
    "first-run-goes-on": _going_on,
    "run-goes-on": lambda place: _going_on(place, GOOD),
    "run-paused": lambda place: _going_on(place, memo=memos.PAUSED),
    "run-asks": lambda place: _going_on(place, GOOD, memo=memos.OPEN_QUESTION),
    "signed-out": ran(GOOD, fails("signed_out", retryable=False)),
    "signed-in-again": _signed_in_again,
    "media-missing": ran(MEDIA),
    "invalid-records": ran(INVALID),
    "invalid-set-aside": _set_aside,
    "thread-unreadable": ran(UNREAD_THREAD),
    "blocking-gap": ran(INVALID, source="strict"),
    "stream-failed": ran(says(inventory("messages", "C1"), coverage("messages", "C1", None, C), skip("notes"))),
    "stale": ran(GOOD, age=9 * DAY),
    "overdue": lambda place: _scheduled(place, age=9 * DAY),
    "scheduled": _scheduled,
    "paused": lambda place: _scheduled(place, paused=True),
    "no-partitions": ran(says(record("notes", "n1")), source="flat"),
    "source-unreadable": _unreadable,
    "test-connection": ran(GOOD, nature="test"),
    "replayed": ran(GOOD, nature="replay", session=False),
    "demo": ran(GOOD, nature="demo", session=False),
    "imported": lambda place: _imported(place, CHAT),
    "imported-twice": lambda place: _imported(place, CHAT, CHAT),
    "imported-older": lambda place: _imported(place, CHAT, "\n".join(CHAT.splitlines()[:2]) + "\n"),
    "vanished-with-holes": ran(GOOD, HOLES, WITHOUT_C1),
    "vanished-and-signed-out": ran(GOOD, WITHOUT_C1, fails("signed_out", retryable=False)),
    "stale-with-media-missing": ran(MEDIA, age=9 * DAY),
    "stale-and-failed": ran(GOOD, fails("site_down"), age=9 * DAY),
    "paused-while-signed-out": _paused_signed_out,
}
"""By name of the connection: what happened to it."""


def _write_source(folder: Path, streams: Sequence[dict[str, Any]], declared: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "polyfill.js").write_text("", encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest_json(*streams, **declared)), encoding="utf-8")


async def make_home(home: Path) -> Path:
    """Every situation, in one home."""
    for name, made in SOURCES.items():
        _write_source(home / "polyfills" / name, *made)
    files = home.parent / "files"
    files.mkdir()
    store = await open_store(home)
    try:
        for name, happens in SITUATIONS.items():
            await happens(Place(home, store, name, files))
    finally:
        await store.close()
    return home
