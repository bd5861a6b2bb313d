"""A run's events as a stream: numbered, resumable, bounded, and with signs of life."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.serving import Client
from polyhost.api import streaming
from polyhost.api.names import Place
from polyhost.api.sign_ins import LASTS, MOST_SIGN_INS

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


async def signed_in(client: Client) -> str:
    """A browser's cookie at the dashboard's name, as its headers have it."""
    link = urlsplit(client.server.link())
    answer = await client("GET", f"{link.path}?{link.query}", headers={"Host": link.netloc})
    return answer.headers["Set-Cookie"].partition(";")[0]


@pytest.mark.requirement("SE-5")
@pytest.mark.parametrize("way", ["this one", "everywhere", "logged out", "replaced", "expired"])
async def test_a_stream_that_is_open_ends_with_its_sign_in_and_no_other_does(
    own: Client, home: Path, monkeypatch: pytest.MonkeyPatch, way: str
):
    monkeypatch.setattr(streaming, "LOOK_SECONDS", 0.01)
    let_runs_wait(home)
    run_id = await start(own)
    url, host = f"{own.origin}/v1/runs/{run_id}/events", urlsplit(own.server.link()).netloc
    cookie, sign_ins = await signed_in(own), own.server.surface.gate.sign_ins
    mine = {"Host": host, "Cookie": cookie, "X-Polyhost": "1"}
    token = {"Authorization": f"Bearer {own.token}"}
    async with own.session.get(url, headers=mine) as one, own.session.get(url, headers=token) as other:
        assert (one.status, other.status) == (200, 200)
        [shown] = sign_ins.listed()
        assert await one.content.readline()
        assert own.server.surface.metrics.open_streams == 2
        if way == "this one":
            assert (await own("DELETE", f"/v1/sign-ins/{shown['id']}")).status == 200
        elif way == "everywhere":
            assert (await own("DELETE", "/v1/sign-ins")).status == 200
        elif way == "logged out":
            assert (await own("POST", "/v1/logout", headers=mine, body={})).status == 204
        elif way == "replaced":
            for _ in range(MOST_SIGN_INS):
                sign_ins.begin(Place.DASHBOARD, "Firefox")
        else:
            later = sign_ins.now() + LASTS[Place.DASHBOARD].unused
            monkeypatch.setattr(sign_ins, "now", lambda: later)
        async with asyncio.timeout(LONGEST):
            await one.content.read()
        assert own.server.surface.metrics.open_streams == 1
        assert (await own("GET", f"/v1/runs/{run_id}/events", headers=mine)).status == 401
        assert (await own("POST", f"/v1/runs/{run_id}/cancel", body={})).status == 202
        async with asyncio.timeout(LONGEST):
            assert b"run_finished" in await other.content.read()


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
