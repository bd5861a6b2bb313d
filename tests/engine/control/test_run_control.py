"""The contract of `RunControl`, the same for a run of this process and for one that is reached over its socket.

From the docstring of control/run_control.py. A run on another machine would be one more entry of `REACHED`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from background import background
from polyhost.engine.control._sockets import socket_path
from polyhost.engine.control.local import LocalRun
from polyhost.engine.control.remote_runs import RemoteRuns, reach
from polyhost.engine.control.run_control import RunControl
from polyhost.engine.control.run_socket_server import RunSocket
from polyhost.engine.events import Noticed, OwnerAsked, RunFinished, RunStarted

pytestmark = pytest.mark.requirement("RS-2")

RUN = "run_019a"
ASKED = OwnerAsked("q1", "otp", "The code?", None)


@asynccontextmanager
async def here(home: Path, run: LocalRun) -> AsyncGenerator[RunControl]:
    yield run


@asynccontextmanager
async def by_its_socket(home: Path, run: LocalRun) -> AsyncGenerator[RunControl]:
    async with served(home, run), reach(home, RUN) as found:
        assert found is not None
        yield found


REACHED: dict[str, Callable[[Path, LocalRun], AbstractAsyncContextManager[RunControl]]] = {
    "local": here,
    "remote": by_its_socket,
}


@asynccontextmanager
async def served(home: Path, run: LocalRun) -> AsyncGenerator[None]:
    socket = RunSocket.open(home, run)
    assert socket is not None
    async with background(socket.serve()):
        await asyncio.sleep(0)  # it has begun: what is cancelled before takes nothing away
        yield


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """There already, as a run has one."""
    return tmp_path


@pytest.fixture
def run() -> LocalRun:
    started = LocalRun(connection="work", run_id=RUN)
    started.tell(RunStarted(RUN, "work", "test", ("notes",)))
    return started


@pytest_asyncio.fixture(params=REACHED)
async def control(request: pytest.FixtureRequest, home: Path, run: LocalRun) -> AsyncGenerator[RunControl]:
    async with REACHED[request.param](home, run) as found:
        yield found


async def once(holds: Callable[[], Any]) -> None:
    """Return once it does."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  another process's doing, as a rule
            await asyncio.sleep(0)


def over(run: LocalRun) -> None:
    run.tell(RunFinished({"status": "complete"}))


async def test_it_is_asked_to_end(run: LocalRun, control: RunControl):
    assert control.is_alive
    assert await control.cancel()
    assert run.cancelled.is_set()


async def test_it_is_paused_and_goes_on_and_says_which(run: LocalRun, control: RunControl):
    for _ in range(2):  # done twice, it is as if it was done once
        assert await control.pause()
        assert (run.pausing.is_on, control.is_paused) == (True, True)
    for _ in range(2):
        assert await control.resume()
        assert (run.pausing.is_on, control.is_paused) == (False, False)


async def test_a_pause_by_somebody_else_is_seen(run: LocalRun, control: RunControl):
    run.pausing.begin()
    await once(lambda: control.is_paused)
    run.pausing.end()
    await once(lambda: not control.is_paused)


async def test_a_question_is_open_until_its_first_answer_and_no_second_one_counts(run: LocalRun, control: RunControl):
    run.tell(ASKED)
    async with background(run.ask(ASKED)) as asking:
        await once(control.questions)
        (question,) = control.questions()
        assert (question.connection, question.run_id, question.request_id) == ("work", RUN, "q1")
        assert question.message == "The code?"
        assert not await control.answer("q2", "success", {})
        assert not await control.answer("q1", "whatever", {})
        assert await control.answer("q1", "success", {"code": "1"})
        assert not await control.answer("q1", "success", {"code": "2"})
        assert await asking == ("success", {"code": "1"})
    await once(lambda: not control.questions())


async def test_a_question_that_nobody_waits_with_any_more_is_closed(run: LocalRun, control: RunControl):
    run.tell(ASKED)
    async with background(run.ask(ASKED)):
        await once(control.questions)
    await once(lambda: not control.questions())
    assert not await control.answer("q1", "success", {})


async def test_whoever_comes_hears_everything_to_its_last_word(run: LocalRun, control: RunControl):
    run.tell(Noticed("soon"))
    over(run)
    heard = [event async for _, event in control.events()]
    assert heard == [
        RunStarted(RUN, "work", "test", heard[0].streams),
        Noticed("soon"),
        RunFinished({"status": "complete"}),
    ]
    assert not control.is_alive


async def test_what_is_done_to_a_run_that_is_over_comes_to_nothing(run: LocalRun, control: RunControl):
    run.pausing.begin()
    over(run)
    await once(lambda: not control.is_alive)
    assert [await control.cancel(), await control.pause(), await control.resume()] == [False] * 3
    assert not await control.answer("q1", "success", {})
    assert not control.is_paused
    assert not run.cancelled.is_set()


# what is the socket's own


async def test_a_socket_is_there_at_once_and_gone_with_its_run(home: Path, run: LocalRun):
    async with served(home, run):
        assert socket_path(home, RUN).exists()
        over(run)
        await once(lambda: not socket_path(home, RUN).exists())
    async with reach(home, RUN) as found:
        assert found is None


@pytest.mark.parametrize("name", ["run_019b", "../sockets/run_019a", "", "work"])
async def test_what_is_no_run_that_goes_on_is_not_reached(home: Path, run: LocalRun, name: str):
    async with served(home, run), reach(home, name) as found:
        assert found is None


async def test_whoever_talks_nonsense_is_left_and_the_run_goes_on(home: Path, run: LocalRun):
    async with served(home, run):
        for nonsense in (b"not json\n", b"[]\n"):
            reader, writer = await asyncio.open_unix_connection(socket_path(home, RUN))
            writer.write(nonsense)
            await reader.read()
            writer.close()
        async with reach(home, RUN) as found:
            assert found is not None
            assert await found.pause()


async def test_runs_of_other_processes_are_found_and_our_own_are_not(home: Path, run: LocalRun):
    own = LocalRun(connection="own", run_id="run_0aaa")
    runs = RemoteRuns(home)
    runs.ours = lambda run_id: run_id == own.run_id
    async with served(home, own), served(home, run), background(runs.run()):
        await once(lambda: runs.find(RUN))
        found = runs.find(RUN)
        assert found is not None
        assert await found.cancel()
        assert runs.find(own.run_id) is None


async def test_a_run_that_nobody_would_listen_to_is_let_go_of(home: Path):
    """Looked for once more after the looking has ended."""
    let_go = asyncio.Event()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        let_go.set()

    runs = RemoteRuns(home)
    async with await asyncio.start_unix_server(met, socket_path(home, RUN)), asyncio.timeout(30):
        await runs.look()
        assert runs.find(RUN) is None
        await let_go.wait()


async def test_what_goes_wrong_while_a_run_is_reached_is_raised_as_it_is(home: Path, run: LocalRun):
    async with served(home, run):
        with pytest.raises(ValueError, match="mine"):
            async with reach(home, RUN):
                raise ValueError("mine")
