"""Schedules through the operations: what may be chosen, what is refused, and what status then tells."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.rig import StillClock
from polyhost.engine.hosting.server_lock import on_duty
from polyhost.engine.sessions.saved import save_session
from polyhost.errors import RefusedError
from polyhost.operations.connections import DisconnectRequest, disconnect
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.schedules import (
    SchedulePauseRequest,
    ScheduleResumeRequest,
    ScheduleSetRequest,
    ScheduleShowRequest,
    pause,
    resume,
    set_schedule,
    show,
)
from polyhost.operations.status import StatusRequest, status
from polyhost.store.base import BatchRow, RunRow

HOUR = 3600


@pytest.fixture
async def context(home: Path) -> Context:
    """A home with the owner's own Slack, a test server's, a demo, and a source of files only."""
    context = Context(home=home, clock=StillClock())
    async with context.store() as store:
        for name, source, nature in (
            ("work", "slack", "live"),
            ("fake", "slack", "test"),
            ("demo", "slack", "demo"),
            ("family", "whatsapp", "live"),
        ):
            at = context.clock.iso()
            await store.connections.create(name=name, source=source, nature=nature, options={}, account={}, at=at)
            save_session(home, name, {"cookies": [{"name": "d"}], "origins": []})
    return context


async def ran(context: Context, status: str, *, ago: float = 0, code: str | None = None) -> None:
    """A run of `work` over everything, as the engine leaves it behind."""
    async with context.store() as store:
        row = await context.connection(store, "work")
        at = StillClock.iso(_At(context.clock.now() - ago))
        batch = BatchRow(
            id=f"bat_{at}", connection_id=row.id, method="browser_polyfill", trigger="owner", started_at=at
        )
        run = RunRow(
            id=f"run_{at}", connection_id=row.id, batch_id=batch.id, mode="incremental", status="running", started_at=at
        )
        await store.runs.open(run, batch)
        if status != "running":
            result: dict[str, Any] = {"error": {"code": code}} if code else {}
            await store.runs.close(
                replace(run, status=status, finished_at=at, result=result), replace(batch, finished_at=at)
            )


class _At(StillClock):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


async def shown(context: Context, name: str = "work") -> dict[str, Any]:
    return (await show(context, ScheduleShowRequest(name=name))).value


async def chosen(context: Context, name: str = "work", **words: Any) -> dict[str, Any]:
    return (await set_schedule(context, ScheduleSetRequest(name=name, **words))).value


async def test_each_connection_starts_as_its_source_recommends_and_only_the_owners_own_run_by_themselves(
    context: Context,
):
    """Slack recommends hourly runs; a test server's, a recording's and a source of files are left to the owner."""
    found = (await show(context, ScheduleShowRequest())).value["connections"]
    assert {row["connection"]: row["policy"] for row in found} == {
        "demo": "manual",
        "fake": "manual",
        "family": "manual",
        "work": "automatic",
    }
    assert (await shown(context))["every_seconds"] == HOUR


async def test_without_a_server_it_says_that_nothing_will_start(context: Context):
    assert (await shown(context))["status"] == "off"
    assert (await shown(context))["next_due"] is None
    with on_duty(context.home):
        assert (await shown(context))["status"] == "automatic"
        assert (await shown(context))["next_due"] == context.clock.iso()
    assert (await shown(context))["served"] is False


async def test_the_owners_interval_holds_and_can_be_taken_back(context: Context):
    assert (await chosen(context, every="6h"))["every_seconds"] == 6 * HOUR
    assert (await chosen(context, manual=True))["policy"] == "manual"
    assert (await chosen(context, default=True))["every_seconds"] == HOUR


async def test_a_disconnected_connection_never_runs_by_itself_whatever_was_chosen_before(context: Context):
    await chosen(context, every="6h")
    await disconnect(context, DisconnectRequest(name="work", keep_data=True))
    with on_duty(context.home):
        found = await shown(context)
    assert (found["policy"], found["next_due"]) == ("manual", None)


async def test_a_test_connection_runs_by_itself_once_it_is_told_to(context: Context):
    assert (await chosen(context, "fake", every="5m"))["policy"] == "automatic"


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("work", {}, "bad_request"),
        ("work", {"every": "6h", "manual": True}, "bad_request"),
        ("work", {"every": "1m"}, "too_often"),
        ("work", {"every": "soon"}, "bad_duration"),
        ("work", {"every": "0h"}, "bad_duration"),
        ("work", {"quiet_hours": "at night"}, "bad_quiet_hours"),
        ("family", {"every": "6h"}, "nothing_to_schedule"),
        ("demo", {"every": "6h"}, "nothing_to_schedule"),
        ("nobody", {"manual": True}, "unknown_connection"),
    ],
)
async def test_what_cannot_be_chosen_is_refused_in_a_sentence_and_changes_nothing(
    context: Context, name: str, words: dict[str, Any], code: str
):
    with pytest.raises(RefusedError) as refused:
        await chosen(context, name, **words)
    assert refused.value.code == code
    assert refused.value.instruction
    assert (await shown(context))["changed_at"] is None


async def test_quiet_hours_are_a_connections_own_or_those_of_the_settings(context: Context):
    (context.home / "config.toml").write_text(
        '[schedule]\nquiet_hours = "22:00-07:00"\ntime_zone = "Europe/Berlin"\n', encoding="utf-8"
    )
    assert (await shown(context))["quiet_hours"] == "22:00-07:00"
    assert (await shown(context))["time_zone"] == "Europe/Berlin"
    assert (await chosen(context, quiet_hours="12:00-13:00"))["quiet_hours"] == "12:00-13:00"
    assert (await chosen(context, quiet_hours="none"))["quiet_hours"] is None
    assert (await chosen(context, default=True))["quiet_hours"] == "22:00-07:00"


async def test_a_pause_ends_by_itself_or_is_taken_back(context: Context):
    with on_duty(context.home):
        paused = (await pause(context, SchedulePauseRequest(name="work", until="3d"))).value
        assert (paused["status"], paused["next_due"]) == ("paused", paused["paused_until"])
        context.clock.seconds += 3 * 86_400  # type: ignore[attr-defined]
        assert (await shown(context))["status"] == "automatic"
        await pause(context, SchedulePauseRequest(name="work"))
        assert (await shown(context))["paused_until"] is None
        assert (await resume(context, ScheduleResumeRequest(name="work"))).value["status"] == "automatic"


@pytest.mark.parametrize("until", ["2001-01-01", "yesterday", "-3d"])
async def test_a_pause_until_a_time_that_is_no_time_to_come_is_refused(context: Context, until: str):
    with pytest.raises(RefusedError):
        await pause(context, SchedulePauseRequest(name="work", until=until))
    assert (await shown(context))["paused"] is False


async def test_status_tells_the_same_schedule(context: Context):
    """One projection: what schedule show says is what the health's axis says."""
    with on_duty(context.home):
        await ran(context, "failed", ago=60, code="site_down")
        row = await shown(context)
        health: Result = await status(context, StatusRequest(name="work"))
        axis = health.value["axes"]["schedule"]
        said = [one["message"] for one in health.value["conditions"] if one["axis"] == "schedule"]
    assert (axis["status"], axis["evidence"]["hold"], axis["evidence"]["failures"]) == ("automatic", "backing_off", 1)
    assert said == [row["message"]]
    for key in ("policy", "paused", "paused_until", "next_due", "every_seconds", "failures"):
        assert axis["evidence"][key] == row[key]


async def test_signed_out_it_waits_for_the_owner_until_there_is_a_new_session_or_a_run(context: Context):
    with on_duty(context.home):
        await ran(context, "needs_owner", code="signed_out")  # before the session was saved
        assert (await shown(context))["status"] == "automatic"
        context.clock.seconds = 4_000_000_000.0  # type: ignore[attr-defined]  # after it
        await ran(context, "needs_owner", code="signed_out")
        assert (await shown(context))["status"] == "waiting"
        context.clock.seconds += 99 * 86_400  # type: ignore[attr-defined]
        assert (await shown(context))["status"] == "waiting"
        await ran(context, "complete")
        assert (await shown(context))["status"] == "automatic"


async def test_a_run_that_goes_on_is_waited_for(context: Context):
    with on_duty(context.home):
        await ran(context, "running", ago=9 * HOUR)
        assert (await shown(context))["next_due"] is None
