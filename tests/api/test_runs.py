"""Runs inside the server, and of other processes beside it: started, watched, asked, paused, cancelled."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from api.serving import Client, connect_process, served
from e2e.command import CommandLine
from polyhost.engine.control._sockets import socket_path
from polyhost.engine.control.owner_sockets import MAX_PATH_BYTES, socket_folder
from polyhost.operations.context import Context
from polyhost.operations.run_control import ResumeRequest, resume

SECRET = "hunter2-271828"


def mode(home: Path, text: str) -> None:
    (home / "polyfills" / "process" / "mode.txt").write_text(text, encoding="utf-8")


async def start(client: Client, wanted: Any = None, *, name: str = "work") -> str:
    answer = await client("POST", f"/v1/connections/{name}/runs", body={} if wanted is None else wanted)
    assert answer.status == 202, answer.text
    return answer.value["run_id"]


async def heard(client: Client, run_id: str, **more: Any) -> list[tuple[str, str, Any]]:
    return [event async for event in client.events(f"/v1/runs/{run_id}/events", **more)]


async def question(client: Client) -> dict[str, Any]:
    """The one that is open, once it is."""
    while not (found := (await client.get("/v1/questions"))["questions"]):  # noqa: ASYNC110  another process asks
        await asyncio.sleep(0.05)
    return found[0]


async def until(client: Client, run_id: str, name: str) -> Any:
    """The event of this name, once it has come. A run of another process is followed once its socket was found."""
    while True:
        async for _, heard_name, data in client.events(f"/v1/runs/{run_id}/events"):
            if heard_name == name:
                return data
        await asyncio.sleep(0.05)


def traces(home: Path, secret: str) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


async def test_a_run_is_started_followed_to_its_end_and_has_a_receipt(own: Client):
    run_id = await start(own)
    events = await heard(own, run_id)
    assert (events[0][1], events[-1][1]) == ("run_started", "run_finished")
    assert [int(number) for number, _, _ in events] == sorted(int(number) for number, _, _ in events)
    result = events[-1][2]["result"]
    assert (result["status"], result["streams"]["notes"]["new"]) == ("complete", 3)
    assert (await own.get(f"/v1/runs/{run_id}"))["receipt"] == result["receipt"]
    assert (await own.get(f"/v1/batches/{run_id}/receipt"))["trigger"] == "owner"
    assert len((await own.get("/v1/connections/work/streams/notes/records"))["records"]) == 3


@pytest.mark.requirement("PR-3.1")
async def test_the_resources_of_a_request_reach_the_connector_unchanged(own: Client, home: Path):
    run_id = await start(own, {"resources": {"notes": ["n1"]}})
    await heard(own, run_id)
    told = json.loads((home / "polyfills" / "process" / "start.json").read_text(encoding="utf-8"))
    assert told["scope"]["streams"] == [{"name": "notes", "resources": ["n1"]}]
    keys = [one["key"] for one in (await own.get("/v1/connections/work/streams/notes/records"))["records"]]
    assert keys == ["n1"]


async def test_a_run_of_before_the_server_started_tells_how_it_ended(home: Path):
    await connect_process(home)
    async with served(home) as first:
        run_id = await start(first)
        await heard(first, run_id)
    async with served(home) as second:
        [(_, name, data)] = await heard(second, run_id)
    assert (name, data["result"]["status"]) == ("run_finished", "complete")


@pytest.mark.requirement("PR-4.4")
async def test_a_question_is_answered_over_http_once_and_kept_nowhere(own: Client, home: Path):
    mode(home, "ask")
    run_id = await start(own)
    asked = await question(own)
    assert (asked["run_id"], asked["request_id"], asked["fields"][0]["secret"]) == (run_id, "q1", True)
    place = f"/v1/runs/{run_id}/interactions/q1"
    answer = await own("POST", place, body={"status": "success", "data": {"password": SECRET}})
    assert answer.status == 200
    assert SECRET not in answer.text
    again = await own("POST", place, body={"status": "success", "data": {"password": SECRET}})
    assert (again.status, again.value["code"]) == (404, "unknown_interaction")
    events = await heard(own, run_id)
    assert events[-1][2]["result"]["status"] == "complete"
    assert SECRET not in repr(events)
    assert traces(home, SECRET) == []
    assert (home / "polyfills" / "process" / "heard.txt").read_text(encoding="utf-8") == str(len(SECRET))


async def test_a_run_is_cancelled_and_its_connection_is_free_again(own: Client, home: Path):
    mode(home, "wait")
    run_id = await start(own)
    busy = await own("POST", "/v1/connections/work/runs", body={})
    assert (busy.status, busy.value["code"]) == (409, "run_in_progress")
    assert (await own("POST", f"/v1/runs/{run_id}/cancel", body={})).status == 202
    assert (await heard(own, run_id))[-1][2]["result"]["status"] == "cancelled"
    late = await own("POST", f"/v1/runs/{run_id}/cancel", body={})
    assert (late.status, late.value["code"]) == (409, "not_running")
    mode(home, "plain")
    assert (await heard(own, await start(own)))[-1][2]["result"]["status"] == "complete"


async def test_a_run_is_paused_and_resumed_and_says_so(own: Client, home: Path):
    mode(home, "wait")
    run_id = await start(own)

    async def said(what: str) -> None:
        for _ in range(2):  # done twice, it is as if it was done once
            answer = await own("POST", f"/v1/runs/{run_id}/{what}", body={})
            assert answer.status == 202, answer.text

    async def paused() -> list[bool]:
        [listed] = (await own.get("/v1/connections/work/runs"))["runs"]
        return [(await own.get(f"/v1/runs/{run_id}"))["paused"], listed["paused"]]

    assert await paused() == [False, False]
    await said("pause")
    event = await until(own, run_id, "run_paused")
    assert (event["run_id"], event["at"] < event["until"]) == (run_id, True)
    assert await paused() == [True, True]
    await said("resume")
    assert (await until(own, run_id, "run_resumed"))["run_id"] == run_id
    assert await paused() == [False, False]
    await said("pause")
    await until(own, run_id, "run_paused")
    await own("POST", f"/v1/runs/{run_id}/cancel", body={})
    events = await heard(own, run_id)
    assert events[-1][2]["result"]["status"] == "cancelled"
    assert await paused() == [False, False]
    for late in ("pause", "resume"):
        answer = await own("POST", f"/v1/runs/{run_id}/{late}", body={})
        assert (answer.status, answer.value["code"]) == (409, "not_running")


async def test_a_run_of_another_process_is_paused_from_here_and_says_so_at_its_terminal(
    own: Client, home: Path, tmp_path: Path
):
    """Over its socket, as it is cancelled."""
    mode(home, "wait")
    async with CommandLine(home=home, folder=tmp_path).running("run", "work", "--json") as running:
        while not (runs := (await own.get("/v1/connections/work/runs"))["runs"]):  # noqa: ASYNC110  another process
            await asyncio.sleep(0.05)
        run_id = runs[0]["run_id"]
        assert (await own("POST", f"/v1/runs/{run_id}/pause", body={})).value == {"run_id": run_id, "pausing": True}
        while not (await own.get(f"/v1/runs/{run_id}"))["paused"]:  # noqa: ASYNC110  another process
            await asyncio.sleep(0.05)
        assert (await until(own, run_id, "run_paused"))["run_id"] == run_id
        assert (await resume(Context(home=home), ResumeRequest(run=run_id))).value["resuming"] is True
        assert (await until(own, run_id, "run_resumed"))["run_id"] == run_id
        running.interrupt()
        finished = await running.finished()
    assert (finished.exit_code, finished.value["status"]) == (130, "cancelled")
    assert f"paused by its owner; polyhost resume {run_id} goes on" in finished.stderr
    assert "resumed by its owner" in finished.stderr


@pytest.mark.parametrize("paused", [False, True])
async def test_a_server_that_stops_ends_its_runs_and_leaves_none_going(home: Path, paused: bool):
    await connect_process(home, "wait")
    async with served(home) as client:
        run_id = await start(client)
        if paused:
            await client("POST", f"/v1/runs/{run_id}/pause", body={})
    async with served(home) as after:
        assert (await after.get(f"/v1/runs/{run_id}"))["status"] == "cancelled"


@pytest.mark.requirement("PR-4.4")
async def test_a_question_of_a_run_in_another_process_is_answered_here(own: Client, home: Path, tmp_path: Path):
    mode(home, "ask")
    async with CommandLine(home=home, folder=tmp_path).running("run", "work", "--json") as running:
        asked = await question(own)
        place = f"/v1/runs/{asked['run_id']}/interactions/{asked['request_id']}"
        sent = await own("POST", place, body={"status": "success", "data": {"password": SECRET}})
        assert sent.status == 200
        events = await heard(own, asked["run_id"])
        finished = await running.finished()
    assert (finished.exit_code, finished.value["status"]) == (0, "complete")
    assert (events[0][1], events[-1][1]) == ("run_started", "run_finished")
    assert traces(home, SECRET) == []
    assert list(socket_folder(home).glob("run_*")) == []


async def test_a_socket_whose_process_is_gone_is_removed(own: Client, home: Path):
    path = socket_path(home, "run_0123")
    left = await asyncio.start_unix_server(lambda reader, writer: None, path)
    kept = path.rename(path.with_suffix(".kept"))
    left.close()
    kept.rename(path)
    while path.exists():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert (await own.get("/v1/questions"))["questions"] == []


def test_a_deep_home_has_its_sockets_where_their_paths_are_short(tmp_path: Path):
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    path = socket_path(deep, "run_1a219ca7a0e80d1dcd62f")
    assert len(os.fsencode(path)) <= MAX_PATH_BYTES
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.parent.rmdir()


async def test_metrics_count_runs_and_name_nothing(own: Client):
    await heard(own, await start(own))
    text = (await own("GET", "/metrics")).text
    assert 'polyhost_runs_ended_total{status="complete"} 1.0' in text
    assert 'polyhost_records_total{kind="new"} 3.0' in text
    assert "work" not in text
    assert "notes" not in text
