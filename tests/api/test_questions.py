"""A question of a run in another process, seen in both places: whoever answers first is heard, and both know it."""

import asyncio
import os
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from api.serving import Client
from conformance.terminal import at_terminal
from e2e.command import CommandLine

SECRET = "hunter2-271828"
POLL_SECONDS = 0.05

pytestmark = pytest.mark.requirement("PR-4.4")


def mode(home: Path, text: str) -> Path:
    folder = home / "polyfills" / "process"
    (folder / "mode.txt").write_text(text, encoding="utf-8")
    return folder


async def questions(client: Client) -> list[dict[str, Any]]:
    return (await client.get("/v1/questions"))["questions"]


async def asked_of(client: Client) -> dict[str, Any]:
    """The question that is open, once it is."""
    while not (found := await questions(client)):  # noqa: ASYNC110  another process asks
        await asyncio.sleep(POLL_SECONDS)
    return found[0]


def answered(client: Client, asked: dict[str, Any], **answer: Any) -> Awaitable[Any]:
    return client("POST", f"/v1/runs/{asked['run_id']}/interactions/{asked['request_id']}", body=answer)


async def test_a_prompt_at_a_terminal_goes_away_when_the_question_is_answered_over_http(own: Client, home: Path):
    mode(home, "ask")
    async with at_terminal(home, "run", "work") as terminal:
        await terminal.shows("password: ")
        assert not terminal.echoes()
        sent = await answered(own, await asked_of(own), status="success", data={"password": SECRET})
        assert sent.status == 200
        await terminal.shows("That was answered elsewhere.")
        assert terminal.echoes()
        assert await terminal.exit_code() == 0, terminal.shown
    assert SECRET not in terminal.shown
    assert (await own.get("/v1/connections/work/streams/notes/counts"))["records"] == 3
    assert (home / "polyfills" / "process" / "heard.txt").read_text(encoding="utf-8") == str(len(SECRET))


async def test_a_prompt_at_a_terminal_goes_away_when_the_question_is_declined_over_http(own: Client, home: Path):
    mode(home, "ask")
    async with at_terminal(home, "run", "work") as terminal:
        await terminal.shows("password: ")
        assert (await answered(own, await asked_of(own), status="cancelled")).status == 200
        await terminal.shows("That was declined elsewhere.")
        assert await terminal.exit_code() != 0
        assert terminal.echoes()


async def test_what_was_answered_at_the_terminal_is_no_question_over_http_any_more(own: Client, home: Path):
    """The run still goes on: it is the question that is gone, and a late answer is given to nobody."""
    folder = mode(home, "ask and go on")
    os.mkfifo(folder / "go-on")
    async with at_terminal(home, "run", "work") as terminal:
        await terminal.shows("password: ")
        asked = await asked_of(own)
        terminal.press(f"{SECRET}\n")
        while await questions(own):  # noqa: ASYNC110  another process takes it back
            await asyncio.sleep(POLL_SECONDS)
        late = await answered(own, asked, status="success", data={"password": "too late"})
        assert (late.status, late.value["code"]) == (404, "unknown_interaction")
        await open_other_end(folder / "go-on")
        assert await terminal.exit_code() == 0, terminal.shown
    assert "elsewhere" not in terminal.shown
    assert (folder / "heard.txt").read_text(encoding="utf-8") == str(len(SECRET))


async def test_a_question_that_comes_once_the_server_listens_is_seen_and_stays(own: Client, home: Path, tmp_path: Path):
    """Nobody has told the server yet that it waits when the question passes by."""
    folder = mode(home, "ask late")
    os.mkfifo(folder / "ask-now")
    async with CommandLine(home=home, folder=tmp_path).running("run", "work", "--json") as running:
        await listens(own)
        await open_other_end(folder / "ask-now")
        sent = await answered(own, await asked_of(own), status="success", data={"password": SECRET})
        assert sent.status == 200
        finished = await running.finished()
    assert (finished.exit_code, finished.value["status"]) == (0, "complete")


async def listens(client: Client) -> None:
    """The server has met the one run that goes on."""
    while True:
        runs = (await client.get("/v1/connections/work/runs"))["runs"]
        if runs and client.server.resources.runs.control(runs[0]["run_id"]) is not None:
            return
        await asyncio.sleep(POLL_SECONDS)


async def open_other_end(fifo: Path) -> None:
    """Let the connector go on that reads from it."""
    await asyncio.to_thread(fifo.write_bytes, b"")
