"""A child process and everything it started: its pipes, its end, and that nothing of it stays behind.

Owns: starting it in a process group of its own, non-blocking reads and writes, the order of exit, kill, reap and the
last bytes. Must not know: lines, batches, credit, messages.

Why not asyncio's own subprocess: on some supported versions its `wait()` returns only once every inherited pipe is
closed, so a grandchild decides when a run ends; and it reads ahead, which is what back-pressure must not do.

Nothing outlives the child: once it has exited, and before it is reaped (until then its group's number cannot be given
to anyone else), all that it started is killed, also what has moved to a session of its own (`process_tree` finds it by
a mark in its environment). Becoming the reaper of all orphans (PR_SET_CHILD_SUBREAPER) was decided against: it holds
for the whole host, so the browser's orphans would have to be reaped as well, and it is Linux only.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from polyhost.connectors.process_tree import MARK, ProcessTree, new_mark

__all__ = ["READ_BYTES", "ChildProcess"]

READ_BYTES = 64 * 1024
"""Bytes in one read: what a pipe holds on Linux and macOS."""
LEFTOVER_BYTES = 1024 * 1024
"""Bytes taken from the pipe once the child is gone: the largest pipe an unprivileged Linux process can have. Only a
grandchild that escaped could have more, and it is not the connector."""


class ChildProcess:
    """A running child. Its methods belong to the event loop it was started in."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], on_stderr: Callable[[bytes], None]
    ) -> None:
        """Raises OSError where it cannot be started."""
        self._loop = asyncio.get_running_loop()
        mark = new_mark()
        self._popen = subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**env, MARK: mark},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._tree = ProcessTree(self._popen.pid, mark)
        self._reaping = threading.Lock()
        """Held while anything is signalled, and while its number is given back: then it may be anybody's."""
        self._stdin, self._stdout, self._stderr = (
            _nonblocking(pipe) for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr)
        )
        self._on_stderr = on_stderr
        self._leftover = bytearray()
        self._discarding = False
        self._discarded = 0
        self.returncode: int | None = None
        self.exited = asyncio.Event()
        self.changed = asyncio.Event()
        self._writable_or_closed = asyncio.Event()
        self._loop.add_reader(self._stderr.fileno(), self._take_stderr)
        threading.Thread(target=self._watch, name=f"child {self._popen.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        """Its number, also that of its group and session."""
        return self._popen.pid

    # its end

    def _watch(self) -> None:
        """In a thread of its own: waiting for a process has no portable non-blocking form. Whatever cannot be found or
        killed, its end is told of: a run waits for it."""
        try:
            with suppress(OSError):
                self._wait_and_kill()
        finally:
            self._tell_of_exit()

    def _wait_and_kill(self) -> None:
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOWAIT)
        else:  # macOS before Python 3.13: reaped a moment early, and process numbers are not reused that fast
            self._popen.wait()
        self._tree.signal(signal.SIGKILL)

    def _tell_of_exit(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._child_exited)
        except RuntimeError:  # the loop is closed: the host is going down
            self._reap()

    def _reap(self) -> None:
        with self._reaping:
            self._kill_group()
            self.returncode = self._popen.wait()

    def _child_exited(self) -> None:
        self._reap()
        if not self._stdout.closed:
            while len(self._leftover) < LEFTOVER_BYTES and (chunk := _read(self._stdout)):
                self._leftover += chunk
        if not self._stderr.closed:
            for _ in range(LEFTOVER_BYTES // READ_BYTES):
                if not self._take_stderr():
                    break
        self.kill()

    def look(self) -> None:
        """Take note of everything that it has started. From any thread; it takes some milliseconds."""
        with suppress(OSError):
            if self.returncode is None:
                self._tree.look()

    def signal_all(self, number: signal.Signals) -> None:
        """To the child and everything that it started; to nobody once it is reaped. From any thread; it takes some
        milliseconds."""
        with self._reaping, suppress(OSError):
            if self.returncode is not None:
                return
            if number is signal.SIGKILL:
                self._kill_group()
            self._tree.signal(number)

    def _kill_group(self) -> None:
        """At once, so that nothing of it starts another one meanwhile. macOS refuses a group of which only the dead
        child is left."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    async def end(self, *, terminate: float, kill: float) -> None:
        """SIGTERM, `terminate` seconds, SIGKILL, `kill` seconds; then give up: it hangs in the kernel."""
        await asyncio.to_thread(self.signal_all, signal.SIGTERM)
        if not await self.wait_exited(terminate):
            await asyncio.to_thread(self.signal_all, signal.SIGKILL)
            if not await self.wait_exited(kill):
                self.kill()

    def kill(self) -> None:
        """Now, without waiting for anything; the thread that watches reaps it. The one look that is taken in the loop:
        nothing else may come of it any more."""
        self.signal_all(signal.SIGKILL)
        self.close()
        self.exited.set()
        self.changed.set()

    async def wait_exited(self, seconds: float) -> bool:
        """Whether it was gone in time. What it still writes is read and dropped, so that it can get to its end."""
        self._discard_output()
        try:
            async with asyncio.timeout(seconds):
                await self.exited.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Let go of the pipes and what is in them."""
        for pipe in (self._stdout, self._stderr):
            if not pipe.closed:
                self._loop.remove_reader(pipe.fileno())
                pipe.close()
        self.close_stdin()

    @property
    def untaken(self) -> int:
        """Bytes it wrote that were dropped or never read; blanks around them do not count."""
        return self._discarded + len(self._leftover.strip())

    # its output

    def read(self) -> bytes | None:
        """What is there now: None when nothing is yet, empty at the end."""
        if self._leftover:
            chunk = bytes(self._leftover[:READ_BYTES])
            del self._leftover[:READ_BYTES]
            return chunk
        return b"" if self._stdout.closed else _read(self._stdout)

    async def wait_changed(self, seconds: float, *, output: bool) -> bool:
        """Until `changed` is set or, if asked, output can be read. False when neither happened in time."""
        if output and not self._stdout.closed and not self._discarding:
            self._loop.add_reader(self._stdout.fileno(), self.changed.set)
        try:
            async with asyncio.timeout(seconds):
                await self.changed.wait()
        except TimeoutError:
            return False
        finally:
            self.changed.clear()
            if not self._stdout.closed and not self._discarding:
                self._loop.remove_reader(self._stdout.fileno())
        return True

    def _discard_output(self) -> None:
        if not self._discarding and not self._stdout.closed:
            self._discarding = True
            self._loop.add_reader(self._stdout.fileno(), self._discard_some)

    def _discard_some(self) -> None:
        chunk = _read(self._stdout)
        if chunk:
            self._discarded += len(chunk.strip())
        elif chunk == b"":
            self._loop.remove_reader(self._stdout.fileno())

    def _take_stderr(self) -> bool:
        chunk = _read(self._stderr)
        if chunk:
            self._on_stderr(chunk)
        elif chunk == b"":
            self._loop.remove_reader(self._stderr.fileno())
        return bool(chunk)

    # its input

    async def write(self, data: bytes, seconds: float) -> None:
        """All of it, or TimeoutError. A child that is gone is not an error here: its exit is told by `exited`."""
        rest = memoryview(data)
        async with asyncio.timeout(seconds):
            while rest and not self._stdin.closed:
                try:
                    rest = rest[os.write(self._stdin.fileno(), rest) :]
                except BlockingIOError:
                    await self._writable()
                except BrokenPipeError:
                    return

    async def _writable(self) -> None:
        self._writable_or_closed.clear()
        self._loop.add_writer(self._stdin.fileno(), self._writable_or_closed.set)
        try:
            await self._writable_or_closed.wait()
        finally:
            if not self._stdin.closed:
                self._loop.remove_writer(self._stdin.fileno())

    def close_stdin(self) -> None:
        if not self._stdin.closed:
            self._loop.remove_writer(self._stdin.fileno())
            self._stdin.close()
            self._writable_or_closed.set()


def _nonblocking(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101  asked for with PIPE
    os.set_blocking(pipe.fileno(), False)
    return pipe


def _read(pipe: IO[bytes]) -> bytes | None:
    try:
        return os.read(pipe.fileno(), READ_BYTES)
    except BlockingIOError:
        return None
