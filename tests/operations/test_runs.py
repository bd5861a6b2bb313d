"""Runs as they are listed and reached, from their acceptance on (ours; requirement RS-2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from background import background
from operations.shelf import Shelf
from polyhost.engine import events
from polyhost.engine.clock import new_id
from polyhost.engine.events import OwnerAsked
from polyhost.engine.hosting.own_run import reached_from_elsewhere
from polyhost.engine.run.lease import hold_lease
from polyhost.engine.run.pause import Pause
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations import other_processes
from polyhost.operations.run_control import CancelRequest, PauseRequest, ResumeRequest, cancel, pause, resume
from polyhost.operations.runs import RunDetailsRequest, RunsRequest, run_details, runs

pytestmark = pytest.mark.requirement("RS-2")


async def _nobody(asked: OwnerAsked) -> tuple[str, Any]:
    raise AssertionError(asked)


@asynccontextmanager
async def accepted(shelf: Shelf) -> AsyncIterator[tuple[str, asyncio.Event, Pause]]:
    """A run of this connection that was accepted and has not begun, as while its browser starts."""
    context = shelf.context
    run_id, cancelled, paused = new_id("run", context.clock.now()), asyncio.Event(), Pause()
    async with context.store() as store:
        connection = await context.connection(store, "slack")
        reached = reached_from_elsewhere(
            shelf.home, lambda _: None, _nobody, cancelled=cancelled, pause=paused, overtaken=None
        )
        async with hold_lease(store, connection, run_id, context.clock), reached as (watch, _):
            watch(events.RunStarted(run_id, "slack", "slack", ("messages",)))
            yield run_id, cancelled, paused


async def refused(work: Any) -> RefusedError:
    with pytest.raises(RefusedError) as error:
        await work
    return error.value


async def test_a_run_is_listed_from_its_acceptance_on(shelf: Shelf):
    await shelf.end_run()
    before = (await runs(shelf.context, RunsRequest(name="slack"))).value["runs"]
    async with accepted(shelf) as (run_id, _, _):
        first, *rest = (await runs(shelf.context, RunsRequest(name="slack"))).value["runs"]
        assert (first["run_id"], first["status"], first["batch_id"], rest) == (run_id, "running", None, before)
        assert first["started_at"].startswith("20")
        shown = (await run_details(shelf.context, RunDetailsRequest(run=run_id))).value
        assert (shown["status"], shown["connection"], shown["paused"]) == ("running", "slack", False)
        (only,) = (await runs(shelf.context, RunsRequest(name="slack", limit=1))).value["runs"]
        assert only == first
    assert (await runs(shelf.context, RunsRequest(name="slack"))).value["runs"] == before


async def test_a_run_is_reached_by_the_name_of_its_connection_as_by_its_id(shelf: Shelf):
    async with accepted(shelf) as (run_id, cancelled, paused):
        assert (await pause(shelf.context, PauseRequest(run="slack"))).value == {"run_id": run_id, "pausing": True}
        assert paused.is_on
        assert (await resume(shelf.context, ResumeRequest(run="slack"))).value == {"run_id": run_id, "resuming": True}
        assert not paused.is_on
        assert (await cancel(shelf.context, CancelRequest(run=run_id))).value == {"run_id": run_id, "cancelling": True}
        assert (await cancel(shelf.context, CancelRequest(run="slack"))).value == {"run_id": run_id, "cancelling": True}
        assert cancelled.is_set()


async def test_where_none_is_going_on_or_nothing_is_called_that_one_sentence_says_so(shelf: Shelf):
    await shelf.end_run()
    none = await refused(cancel(shelf.context, CancelRequest(run="slack")))
    assert (none.code, none.reason) == (ErrorCode.NOT_RUNNING, "no run of slack is going on")
    unknown = await refused(cancel(shelf.context, CancelRequest(run="slakc")))
    assert unknown.code == ErrorCode.UNKNOWN_CONNECTION
    past = await refused(cancel(shelf.context, CancelRequest(run="run_0123456789a0123456789")))
    assert past.code == ErrorCode.NOT_RUNNING


async def test_a_run_that_is_listed_and_has_not_begun_is_waited_for(shelf: Shelf):
    await shelf.end_run()
    context, run_id, cancelled = shelf.context, new_id("run", shelf.context.clock.now()), asyncio.Event()
    async with context.store() as store:
        connection = await context.connection(store, "slack")
        reached = reached_from_elsewhere(
            shelf.home, lambda _: None, _nobody, cancelled=cancelled, pause=Pause(), overtaken=None
        )
        async with (
            hold_lease(store, connection, run_id, context.clock),
            background(cancel(context, CancelRequest(run="slack"))) as cancelling,
        ):
            await asyncio.wait({cancelling}, timeout=0.2)
            assert not cancelling.done()
            async with reached as (watch, _):
                watch(events.RunStarted(run_id, "slack", "slack", ("messages",)))
                assert (await cancelling).value == {"run_id": run_id, "cancelling": True}
    assert cancelled.is_set()


async def test_one_that_never_begins_does_not_answer(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(other_processes, "_BEGINS_SECONDS", 0.0)
    await shelf.end_run()
    context, run_id = shelf.context, new_id("run", shelf.context.clock.now())
    async with context.store() as store:
        connection = await context.connection(store, "slack")
        async with hold_lease(store, connection, run_id, context.clock):
            error = await refused(cancel(context, CancelRequest(run=run_id)))
    assert (error.code, run_id in error.reason) == (ErrorCode.RUN_SILENT, True)


async def test_what_is_held_for_something_else_is_no_run(shelf: Shelf):
    """Setting an exception aside holds the connection, too."""
    await shelf.end_run()
    context = shelf.context
    async with context.store() as store:
        connection = await context.connection(store, "slack")
        async with hold_lease(store, connection, new_id("own", context.clock.now()), context.clock):
            listed = (await runs(context, RunsRequest(name="slack"))).value["runs"]
            assert {run["status"] for run in listed} != {"running"}
            error = await refused(cancel(context, CancelRequest(run="slack")))
    assert error.code == ErrorCode.NOT_RUNNING
