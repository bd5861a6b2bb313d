"""The pipes and the end of a child process (ours)."""

import asyncio
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, Never

import pytest

from background import background
from polyhost.connectors import process_tree
from polyhost.connectors.process import ChildProcess


def start(script: str, tmp_path, said: bytearray | None = None) -> ChildProcess:
    on_stderr = (bytearray() if said is None else said).extend
    return ChildProcess([sys.executable, "-I", "-S", "-c", script], cwd=tmp_path, env={}, on_stderr=on_stderr)


async def read_some(child: ChildProcess) -> bytes:
    while (chunk := child.read()) is None:
        assert await child.wait_changed(10, output=True)
    return chunk


async def test_a_program_that_cannot_be_started_raises(tmp_path):
    with pytest.raises(FileNotFoundError):
        ChildProcess(["/no/such/program"], cwd=tmp_path, env={}, on_stderr=bytearray().extend)


async def test_output_is_read_only_when_asked_for_and_ends_empty(tmp_path):
    child = start("print('here')", tmp_path)
    assert await read_some(child) == b"here\n"
    assert await read_some(child) == b""
    assert await child.wait_exited(10)
    assert (child.returncode, child.untaken) == (0, 0)


async def test_output_left_at_the_exit_can_still_be_read(tmp_path):
    child = start("print('x' * 50_000)", tmp_path)
    await child.exited.wait()
    assert child.untaken == 50_000
    assert len(await read_some(child)) == 50_001
    assert child.read() == b""


async def test_output_nobody_wants_while_waiting_for_the_exit_is_dropped_and_counted(tmp_path):
    child = start("print('x' * 1_000_000)", tmp_path)
    assert await child.wait_exited(10)
    assert child.untaken == 1_000_000


async def test_stderr_that_is_closed_early_does_not_keep_the_loop_busy(tmp_path):
    """A pipe at its end is always readable: whoever goes on watching it never sleeps again."""
    child = start("import os; os.close(2); print(flush=True); input()", tmp_path)
    await read_some(child)
    for _ in range(10):  # turns of the loop: the end was there before the line that was read
        await asyncio.sleep(0)
    assert not asyncio.get_running_loop().remove_reader(child._stderr.fileno())
    await child.end(terminate=5, kill=5)
    assert child.returncode == -signal.SIGTERM


async def test_a_reaped_child_is_never_signalled_again(tmp_path, monkeypatch):
    """Its number may belong to somebody else by now."""
    child = start("", tmp_path)
    await child.exited.wait()
    signalled: list[tuple[int, int]] = []
    monkeypatch.setattr("os.killpg", lambda *to: signalled.append(to))
    monkeypatch.setattr("os.kill", lambda *to: signalled.append(to))
    child.signal_all(signal.SIGKILL)
    await child.end(terminate=1, kill=1)
    child.kill()
    assert signalled == []


async def test_an_end_is_told_of_whatever_cannot_be_looked_at(tmp_path, monkeypatch):
    """A run waits for it, with no bound of its own."""

    def fails() -> Never:
        raise OSError("too many open files")

    monkeypatch.setattr(process_tree, "_living", fails)
    child = start("import signal; print(flush=True); signal.pause()", tmp_path)
    await read_some(child)
    child.look()
    await child.end(terminate=0, kill=10)
    assert child.returncode == -signal.SIGKILL


async def test_all_processes_of_the_machine_are_looked_at_beside_the_loop(tmp_path, monkeypatch):
    where: set[threading.Thread] = set()
    look = process_tree._living

    def noted() -> Iterator[Any]:
        where.add(threading.current_thread())
        return look()

    monkeypatch.setattr(process_tree, "_living", noted)
    child = start(
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True)\nsignal.pause()", tmp_path
    )
    await read_some(child)
    await child.end(terminate=0, kill=10)
    assert child.returncode == -signal.SIGKILL
    assert where
    assert threading.main_thread() not in where


async def test_a_write_ends_when_the_child_does(tmp_path):
    child = start("import sys; sys.stdin.read(1)", tmp_path)
    await child.write(b"x" * 10_000_000, 10)
    assert await child.wait_exited(10)


async def test_a_write_that_nobody_reads_runs_out_of_time(tmp_path):
    child = start("import signal; signal.pause()", tmp_path)
    with pytest.raises(TimeoutError):
        await child.write(b"x" * 10_000_000, 0.2)
    await child.end(terminate=5, kill=5)


async def test_a_write_ends_when_its_pipe_is_closed_meanwhile(tmp_path):
    child = start("import signal; signal.pause()", tmp_path)
    async with background(child.write(b"x" * 10_000_000, 10)) as writing:
        await asyncio.sleep(0)
        child.kill()
        await writing
    assert child.exited.is_set()
