"""A run's events as a stream: numbered, resumable, bounded, and with signs of life."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from api.serving import Client
from polyhost.api import streaming

LONGEST = 60.0
"""Seconds anything may take: two shared cores are slow when they are full."""


def let_runs_wait(home: Path) -> None:
    (home / "polyfills" / "process" / "mode.txt").write_text("wait", encoding="utf-8")


async def start(client: Client) -> str:
    return (await client("POST", "/v1/connections/work/runs", body={})).value["run_id"]


async def heard(client: Client, run_id: str, **more: Any) -> list[tuple[str, str, Any]]:
    return [event async for event in client.events(f"/v1/runs/{run_id}/events", **more)]


async def test_too_many_event_streams_are_asked_to_come_back(own: Client, home: Path, monkeypatch: pytest.MonkeyPatch):
    let_runs_wait(home)
    run_id = await start(own)
    monkeypatch.setattr(streaming, "MOST_STREAMS", 0)
    answer = await own("GET", f"/v1/runs/{run_id}/events")
    assert (answer.status, answer.value["code"], answer.headers["Retry-After"]) == (429, "too_many_streams", "5")


async def test_events_are_resumed_after_the_last_one_that_was_heard(own: Client):
    """Once the run has ended its history stands: counts that came later have taken the place of earlier ones."""
    run_id = await start(own)
    live = await heard(own, run_id)
    events = await heard(own, run_id)
    assert events[-1] == live[-1]
    assert await heard(own, run_id, last=events[1][0]) == events[2:]
    answer = await own(
        "GET",
        f"/v1/runs/{run_id}/events",
        headers={"Authorization": f"Bearer {own.token}", "Last-Event-ID": events[-1][0]},
    )
    assert answer.status == 204


async def test_a_stream_on_which_nothing_happens_still_gives_signs_of_life(
    own: Client, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.01)
    let_runs_wait(home)
    run_id = await start(own)
    headers = {"Authorization": f"Bearer {own.token}"}
    async with own.session.get(f"{own.origin}/v1/runs/{run_id}/events", headers=headers) as answer:
        async with asyncio.timeout(LONGEST):
            signs = 0
            while signs < 3:
                line = await answer.content.readline()
                assert line, "it was closed"
                signs += line.startswith(b":")  # what begins so is not an event to any reader
        assert (await own("POST", f"/v1/runs/{run_id}/cancel", body={})).status == 202
        async with asyncio.timeout(LONGEST):
            assert b"run_finished" in await answer.content.read()
