"""Commands as processes of their own that need not import everything first: they are forked from one that has.

A command imports for half a second what it then works with for a tenth. Here each process of tests has a server that
imports it once, and forks itself whenever a command is wanted. What is forked is a process like any other: with a pid,
a session, an environment, a folder and signals of its own, which can be killed and leaves an exit status. What it does
not prove is that Python finds and imports the program: for that, start it with `sys.executable`.

Owns: `fork`, and the server behind it (this file, run as a program). Must not know: what the programs do.
"""

from __future__ import annotations

import asyncio
import atexit
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Forked", "fork"]

TESTS = Path(__file__).parent
LENGTH_BYTES = 4
"""Before each request stands how long it is."""
STANDARD = 3
"""Descriptors of a program: stdin, stdout, stderr."""


class Forked:
    """A program that was started: as much of `asyncio.subprocess.Process` as tests need."""

    def __init__(self, status: socket.socket) -> None:
        self.pid = int(_line(status))
        self.returncode: int | None = None
        self.stdout, self.stderr = asyncio.StreamReader(), asyncio.StreamReader()
        self._pipes: list[asyncio.ReadTransport] = []
        self._status = status
        self._over = asyncio.Event()
        status.setblocking(False)
        asyncio.get_running_loop().add_reader(status, self._ended)

    async def hears(self, output: Sequence[int]) -> None:
        """What it says, from these pipes."""
        loop = asyncio.get_running_loop()
        for reader, descriptor in zip((self.stdout, self.stderr), output, strict=True):
            pipe = os.fdopen(descriptor, "rb", 0)
            transport, _ = await loop.connect_read_pipe(lambda it=reader: asyncio.StreamReaderProtocol(it), pipe)
            self._pipes.append(transport)

    async def wait(self) -> int:
        await self._over.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        async with asyncio.TaskGroup() as tasks:
            out, err = (tasks.create_task(stream.read()) for stream in (self.stdout, self.stderr))
        await self.wait()
        return out.result(), err.result()

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def end(self) -> None:
        """Whatever is left of it is gone afterwards."""
        self.kill()
        await self.wait()
        for pipe in self._pipes:
            pipe.close()

    def _ended(self) -> None:
        told = self._status.recv(64)
        asyncio.get_running_loop().remove_reader(self._status)
        self._status.close()
        self.returncode = int(told or -signal.SIGKILL)  # nothing: the server is gone, and all it forked with it
        self._over.set()


async def fork(
    program: Sequence[str], *, folder: Path, environment: Mapping[str, str], terminal: int | None = None
) -> Forked:
    """`python PROGRAM…` in a session of its own: `-m MODULE` or a file, and its arguments. At this terminal, or with
    nothing on stdin and its output on pipes."""
    around = {"folder": str(folder), "environment": dict(environment), "terminal": terminal is not None}
    request = json.dumps({"program": program, **around}).encode()
    ours, theirs = socket.socketpair()
    output: list[int] = []
    with theirs:
        if terminal is not None:
            _send(_server(), request, [terminal, terminal, terminal, theirs.fileno()])
        else:
            (out, said), (err, complained), nothing = os.pipe(), os.pipe(), os.open(os.devnull, os.O_RDONLY)
            _send(_server(), request, [nothing, said, complained, theirs.fileno()])
            for descriptor in (nothing, said, complained):
                os.close(descriptor)
            output = [out, err]
    forked = Forked(ours)
    if output:
        await forked.hears(output)
    return forked


@cache
def _server() -> socket.socket:
    """The one of this process, as a line to it. It ends with the line, however this process does."""
    ours, theirs = socket.socketpair()
    with theirs:
        server = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "host"), str(TESTS)])},
            start_new_session=True,
        )

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours


def _send(line: socket.socket, message: bytes, descriptors: Sequence[int]) -> None:
    whole = len(message).to_bytes(LENGTH_BYTES, "big") + message
    sent = socket.send_fds(line, [whole], list(descriptors))
    line.sendall(whole[sent:])


def _line(status: socket.socket) -> bytes:
    told = b""
    while not told.endswith(b"\n"):
        heard = status.recv(1)
        assert heard, "the server that forks commands has ended"
        told += heard
    return told


# the server


def _serve(line: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Fork for each request, and say how each ended. Returns in what was forked, with what that is to become; None once
    nobody can ask any more."""
    running: dict[int, int] = {}
    awake, wake = socket.socketpair()
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    with selectors.DefaultSelector() as selector:
        selector.register(line, selectors.EVENT_READ)
        selector.register(awake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is awake:
                    awake.recv(1024)
                    _tell_the_ended(running)
                    continue
                request, descriptors = _receive(line)
                if request is None:
                    return None
                if (pid := os.fork()) == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for kept in (awake, wake, line):
                        kept.close()
                    for status in running.values():
                        os.close(status)
                    return request, descriptors
                running[pid] = descriptors.pop()
                for descriptor in descriptors:
                    os.close(descriptor)


def _receive(line: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    received, descriptors, _, _ = socket.recv_fds(line, 1 << 16, STANDARD + 1)
    if not received:
        return None, []
    length = LENGTH_BYTES + int.from_bytes(received[:LENGTH_BYTES], "big")
    while len(received) < length:
        received += line.recv(length - len(received))
    return json.loads(received[LENGTH_BYTES:]), descriptors


def _tell_the_ended(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        told = running.pop(pid)
        with suppress(OSError):  # nobody waits for it any more
            os.write(told, b"%d" % os.waitstatus_to_exitcode(status))
        os.close(told)


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """The program, as Python would start it."""
    *standard, status = descriptors
    os.setsid()
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if request["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  open as long as the process lives
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    os.write(status, b"%d\n" % os.getpid())
    os.close(status)
    first, *rest = request["program"]
    if first == "-m":
        sys.path.insert(0, request["folder"])
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(first).parent))
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


def _import_everything() -> None:
    import polyhost  # noqa: PLC0415  the server alone needs all of it

    for module in pkgutil.walk_packages(polyhost.__path__, "polyhost."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)
    gc.freeze()


if __name__ == "__main__":
    _import_everything()
    job = _serve(socket.socket(fileno=int(sys.argv[1])))
    if job is not None:
        _become(*job)
