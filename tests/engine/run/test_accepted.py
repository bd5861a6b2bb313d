"""A run from its acceptance on, before there is anything to read from: it is alive, can be paused, and can be ended.

Provenance: RS-2; a session that has ended makes the connector ask before it opens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from engine.rig import Rig, hang, says
from playbooks import manifest, stream
from polyhost.connectors.base import ConnectorSession, HostCalls
from polyhost.connectors.scripted import ScriptedConnector
from polyhost.engine.events import RunEvent, RunPaused, RunResumed
from polyhost.engine.run import lease
from polyhost.engine.run import paused as pausing
from polyhost.errors import NeedsOwnerError, RefusedError
from polyhost.store import memos

pytestmark = pytest.mark.requirement("RS-2")

NOTES = manifest(stream("notes"))
Opening = Callable[[HostCalls], Awaitable[None]]


def opens(opening: Opening) -> type[ScriptedConnector]:
    """A connector that does this before it is open."""

    class Slow(ScriptedConnector):
        @asynccontextmanager
        async def open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
            await opening(calls)
            async with super().open(calls) as session:
                yield session

    return Slow


def asks(meanwhile: Callable[[], Any]) -> Opening:
    """Asks its owner, and nobody answers."""

    async def opening(calls: HostCalls) -> None:
        async with calls.asking():
            meanwhile()
            await hang()

    return opening


class Heard(list[RunEvent]):
    """Does something with each event as it comes."""

    def __init__(self, *deeds: tuple[type[RunEvent], Callable[[], Any]]) -> None:
        super().__init__()
        self.deeds = deeds

    def append(self, event: RunEvent) -> None:
        super().append(event)
        for kind, web_action in self.deeds:
            if isinstance(event, kind):
                web_action()


async def test_a_run_that_asks_before_it_reads_is_ended_and_kept_as_cancelled(rig: Rig):
    await rig.connected(NOTES)
    result = await rig.run(says(), made=opens(asks(rig.cancelled.set)))
    assert (result["status"], "error" in result) == ("cancelled", False)
    (kept,) = await rig.store.runs.newest(rig.connection.id)
    assert (kept.id, kept.status) == (result["run_id"], "cancelled")
    assert await rig.store.connections.memo(rig.connection.id, memos.OPEN_QUESTION) is None


async def test_a_run_whose_connector_never_opens_is_ended(rig: Rig):
    await rig.connected(NOTES)

    async def opening(calls: HostCalls) -> None:
        rig.cancelled.set()
        await hang()

    assert (await rig.run(says(), made=opens(opening)))["status"] == "cancelled"


async def test_what_goes_wrong_for_being_ended_is_no_failure(rig: Rig):
    await rig.connected(NOTES)

    async def opening(calls: HostCalls) -> None:
        rig.cancelled.set()
        try:
            await hang()
        finally:
            raise NeedsOwnerError("the page went away", "Try again.")

    assert (await rig.run(says(), made=opens(opening)))["status"] == "cancelled"


async def test_what_is_refused_while_it_opens_is_refused_as_it_is(rig: Rig):
    await rig.connected(NOTES)

    async def opening(calls: HostCalls) -> None:
        raise RefusedError("there is no browser", "Install one.", code="no_browser")

    with pytest.raises(RefusedError) as refused:
        await rig.run(says(), made=opens(opening))
    assert refused.value.code == "no_browser"
    assert await rig.store.runs.newest(rig.connection.id) == []


async def test_a_pause_while_it_asks_is_told_and_ends_it_when_it_lasts(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pausing, "LOOK_SECONDS", 0.01)
    await rig.connected(NOTES)

    pauses = 0

    def paused() -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 1:
            rig.pause.end()
        else:
            rig.clock.seconds += pausing.MAX_PAUSE_SECONDS

    def pause() -> None:
        rig.pause.begin()

    rig.events = Heard((RunPaused, paused), (RunResumed, pause))
    result = await rig.run(says(), made=opens(asks(pause)))
    assert (result["status"], result["error"]["code"]) == ("cancelled", "paused_too_long")
    assert pauses == 2


async def test_the_lease_is_kept_while_it_asks(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.03)
    await rig.connected(NOTES)
    renewed = 0
    renew = rig.store.runs.renew_lease

    async def counted(*given: Any, **more: Any) -> bool:
        nonlocal renewed
        renewed += 1
        if renewed == 3:
            rig.cancelled.set()
        return await renew(*given, **more)

    rig.store.runs.renew_lease = counted  # type: ignore[method-assign]
    assert (await rig.run(says(), made=opens(asks(lambda: None))))["status"] == "cancelled"


async def test_a_lease_that_is_lost_while_it_asks_ends_the_run(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.03)
    await rig.connected(NOTES)
    rig.store.lease_is_ours = False
    result = await rig.run(says(), made=opens(asks(lambda: None)))
    assert (result["status"], result["error"]["code"]) == ("failed", "lease_lost")


async def test_a_run_is_told_before_anything_of_it_is_waited_for(rig: Rig):
    """So that it can be reached from then on."""
    await rig.connected(NOTES)
    seen: list[str] = []

    async def opening(calls: HostCalls) -> None:
        await asyncio.sleep(0)
        seen.extend(type(event).__name__ for event in rig.events)

    await rig.run(says(), made=opens(opening))
    assert seen == ["RunStarted"]
