"""Whatever a connector has started ends with it, wherever that went (ours; RS-1.7)."""

import asyncio
import os
import sys

import pytest

from background import background
from polyhost.connectors import stdio
from polyhost.connectors.base import ConnectorExited
from polyhost.connectors.stdio import Timeouts
from stdio_sessions import Lifeline, opened, read_all, until

STUCK_SECONDS = 0.2
"""How long something that must not happen gets to happen."""

GRANDCHILD = """
ready, tell = os.pipe()
os.set_inheritable(tell, True)
code = f"import os, signal; signal.signal(15, signal.SIG_IGN); os.write({{tell}}, b'.'); signal.pause()"
sleeper = [sys.executable, "-I", "-S", "-c", code]
grandchild = subprocess.Popen(sleeper, close_fds=False, start_new_session={new_session})
os.read(ready, 1)
say(type='PROGRESS', pid=grandchild.pid)
"""


@pytest.mark.requirement("PR-4.6")
async def test_a_grandchild_that_holds_the_pipes_neither_delays_the_end_nor_stays(tmp_path, lifeline):
    script = lifeline.held + GRANDCHILD.format(new_session=False) + "sys.exit(5)"
    async with opened(script, tmp_path) as session:
        _, exited = await read_all(session)
        await lifeline.ends()
    assert exited.status == 5


async def test_terminate_ends_grandchildren_that_ignore_it(tmp_path, lifeline):
    async with opened(lifeline.held + GRANDCHILD.format(new_session=False) + "forever()", tmp_path) as session:
        await until(session, "PROGRESS")
        await session.terminate()
        await lifeline.ends()


AWAY = {
    "a session of its own": "sleeper = subprocess.Popen(command, close_fds=False, start_new_session=True)",
    "the background": """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(command[0], command)
    os._exit(0)
os.wait()
""",
    "an environment of its own": "subprocess.Popen(command, close_fds=False, start_new_session=True, env={})",
    "an environment of its own, behind one": """
subprocess.Popen(
    [sys.executable, "-I", "-S", "-c", f"import os, signal, subprocess; subprocess.Popen({command!r}, close_fds=False, "
        "start_new_session=True, env={}); signal.signal(15, signal.SIG_IGN); signal.pause()"],
    close_fds=False, start_new_session=True,
)
""",
}
"""Where a process can go that a connector has started, which ignores SIGTERM there."""


def leaves(lifeline: Lifeline, where: str) -> str:
    """It has something started that holds the lifeline, and is where it wants to be."""
    return (
        lifeline.held
        + """
ready, tell = os.pipe()
os.set_inheritable(tell, True)
code = f"import os, signal; signal.signal(15, signal.SIG_IGN); os.write({tell}, b'.'); signal.pause()"
command = [sys.executable, "-I", "-S", "-c", code]
"""
        + AWAY[where]
        + """
os.read(ready, 1)
say(type='PROGRESS')
"""
    )


@pytest.mark.requirement("RS-1.7")
@pytest.mark.parametrize("where", AWAY)
@pytest.mark.parametrize("end", ["finish", "terminate", "kill"])
async def test_nothing_that_a_connector_started_outlives_it_wherever_it_went(where, end, tmp_path, lifeline):
    script = leaves(lifeline, where) + ("sys.stdin.read()" if end == "finish" else "forever()")
    async with opened(script, tmp_path) as session:
        await until(session, "PROGRESS")
        pid = await session.process_id()  # as the watchdog asks every few seconds
        assert pid is not None
        if end == "kill":
            os.kill(pid, 9)
            await read_all(session)
        elif end == "terminate":
            await session.terminate()
        else:
            assert await session.finish() == ConnectorExited(0)
        await lifeline.ends()


@pytest.mark.requirement("RS-1.7")
@pytest.mark.parametrize("where", ["a session of its own", "the background"])
async def test_nor_does_it_where_the_connector_ends_by_itself_before_anybody_looked(where, tmp_path, lifeline):
    async with opened(leaves(lifeline, where) + "sys.exit(5)", tmp_path) as session:
        _, exited = await read_all(session)
        await lifeline.ends()
    assert exited.status == 5


LEFT = """
import os, signal, subprocess, sys
from polyhost.connectors.process_tree import MARK, new_mark
os.set_inheritable(os.open(sys.argv[1], os.O_WRONLY), True)
code = "import signal; print(flush=True); signal.pause()"
command = [sys.executable, "-I", "-S", "-c", code]
subprocess.Popen(command, env={MARK: new_mark()}, close_fds=False, start_new_session=True)
os.close(1)
signal.pause()
"""


@pytest.mark.requirement("RS-1.7", "PR-2.6")
async def test_what_a_host_left_behind_that_was_killed_ends_with_the_next_connector(tmp_path, lifeline):
    """And nothing of a host that lives."""
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LEFT, str(lifeline.path), stdout=asyncio.subprocess.PIPE
    )
    assert host.stdout is not None
    await host.stdout.readline()
    async with opened("sys.exit(0)", tmp_path):
        pass
    assert lifeline.is_held
    host.kill()
    await host.wait()
    assert lifeline.is_held
    async with opened("sys.exit(0)", tmp_path):
        await lifeline.ends()


@pytest.mark.requirement("RS-1.7")
async def test_a_connector_starts_also_where_nobody_can_look_for_what_was_left_behind(tmp_path, monkeypatch):
    def fails() -> None:
        raise OSError("too many open files")

    monkeypatch.setattr(stdio, "end_strays", fails)
    async with opened("sys.exit(5)", tmp_path) as session:
        _, exited = await read_all(session)
    assert exited.status == 5


async def test_a_cancelled_run_leaves_no_process(tmp_path, lifeline):
    """The task that runs the connector is cancelled, twice: the second time there is no more grace."""
    script = lifeline.held + "signal.signal(signal.SIGTERM, signal.SIG_IGN); say(type='PROGRESS'); forever()"
    running = asyncio.Event()

    async def run() -> None:
        async with opened(script, tmp_path, patience=Timeouts(terminate=60)) as session:
            await until(session, "PROGRESS")
            running.set()
            await read_all(session)

    async with background(run()) as task:
        await running.wait()
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=STUCK_SECONDS)
        assert not done
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await lifeline.ends()
