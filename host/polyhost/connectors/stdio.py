"""A connector that is a child process: JSON lines on stdin and stdout, as the Collection Profile has it.

Owns: which environment the child sees, batches and credit, the polite end and the other one. Must not know: scope,
ledger, store, what a message means.

- stdin stays open until `finish`: the end of input is what tells a connector that its records are durable. Nothing else
  closes it while the child lives; `terminate` signals and kills, and never acknowledges by accident.
- stdout is read only while fewer than CREDIT batches are unacknowledged; then the pipe fills and the child waits.
- Every wait here has an end (`Timeouts`). Connectors need process groups: Linux and macOS have them, Windows does not.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from polyhost.bounds import DEFAULT_BOUNDS, RunBounds
from polyhost.connectors.base import (
    Batch,
    Connector,
    ConnectorExited,
    ConnectorSession,
    HostCalls,
    Malformed,
    Restarted,
    Traffic,
)
from polyhost.connectors.lines import LineDecoder
from polyhost.connectors.process import ChildProcess
from polyhost.connectors.process_tree import end_strays
from polyhost.connectors.stderr import StderrTail
from polyhost.errors import ErrorCode, RefusedError, RunFailedError
from polyhost.protocol.declarations import BLOBS
from polyhost.protocol.diagnostics import MAX_TEXT

__all__ = ["BATCH_BYTES", "BATCH_MESSAGES", "CREDIT", "StdioConnector", "Timeouts", "child_environment"]

BATCH_MESSAGES = 100
"""Messages in a batch at most: one transaction of the store."""
BATCH_BYTES = 256 * 1024
"""Bytes after which a batch is full; its last message may go beyond."""
CREDIT = 12
"""Batches that may be out and not yet durable: enough to read on while one is written, few enough to hold in memory."""
SPOOL = "PDPP_BLOB_SPOOL_DIR"
"""What a connector reads to learn where to put the files that it hands over."""
CHUNKS_AT_ONCE = 16
"""Chunks read in one turn of the event loop while they hold no message: a megabyte at most."""
PASSED_ON = ("PATH", "HOME", "LANG", "LANGUAGE", "TMPDIR", "TZ")
"""What a connector sees of the host's environment, and the LC_ variables: where programs are, where a runtime keeps its
own files, language and time. Everything else may be a credential (tokens, proxies with passwords, agents' sockets)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long each step may take, in seconds."""

    send: float = 30.0
    """To read what it was sent: a connector reads START first, and INTERACTION_RESPONSE is what it is waiting for."""
    finish: float = 10.0
    """To exit after the acknowledgement: closing files, nothing more."""
    terminate: float = 3.0
    """To exit after SIGTERM, before SIGKILL: a person is waiting at Ctrl-C."""
    kill: float = 5.0
    """To be gone after SIGKILL: only a process stuck in the kernel needs it."""
    silence: float = 3600.0
    """Between two signs of life while the host is listening. Longer than any one-time code or Retry-After is worth
    waiting for; it is there so that a run nobody watches ends one day."""


def child_environment(host: Mapping[str, str]) -> dict[str, str]:
    """The allow-listed part of the host's environment."""
    return {name: value for name, value in host.items() if name in PASSED_ON or name.startswith("LC_")}


class StdioConnector(Connector):
    """The command of a manifest, run in the manifest's folder. `secrets` are values that stderr must not show; `spool`:
    where it puts files that it hands over, which is there while it is open."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        secrets: Collection[str] = (),
        patience: Timeouts | None = None,
        bounds: RunBounds | None = None,
        spool: Path | None = None,
    ) -> None:
        self._spool = spool
        self._bounds = bounds or DEFAULT_BOUNDS
        self._command = tuple(command)
        self._folder = folder.absolute()
        self._secrets = frozenset(secrets)
        self._patience = patience or Timeouts()

    @property
    def bindings(self) -> Mapping[str, Any]:
        """A process has network, files and loopback ports of its own; owner and ledger are behind the host."""
        return {"network": {}, "filesystem": {}, "loopback_listen": {}, "interactive": {}, "polyhost/partitions": {}}

    @asynccontextmanager
    async def open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession, None]:
        """`calls` go unused: the profile has no message that asks; START.state says what is covered."""
        with suppress(OSError):  # what cannot be looked at keeps nobody from starting
            await asyncio.to_thread(end_strays)
        tail = StderrTail()
        child = self._start(tail)
        session = _StdioSession(
            child,
            tail,
            patience=self._patience,
            secrets=self._secrets,
            folder=self._folder,
            limit=self._bounds.message_bytes,
            hands_over=self._spool is not None,
        )
        try:
            yield session
        finally:
            try:
                await session.terminate()
            finally:  # a second cancellation came while waiting: no more grace
                child.kill()

    def _start(self, tail: StderrTail) -> ChildProcess:
        if sys.platform == "win32":
            raise RefusedError(
                "A connector that runs as a process needs process groups, which Windows does not have",
                "Run polyhost on Linux, macOS or in WSL.",
            )
        environment = child_environment(os.environ)
        if self._spool is not None:
            environment[SPOOL] = str(self._spool)
        program = self._program(environment.get("PATH"))
        try:
            return ChildProcess([program, *self._command[1:]], cwd=self._folder, env=environment, on_stderr=tail.add)
        except (OSError, ValueError) as error:
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "not a valid command"
            raise self._refusal(
                f"which cannot be started ({why})", "Make it runnable, or name another program."
            ) from None

    def _program(self, path: str | None) -> str:
        """The program as an absolute path, so that it cannot depend on the folder the child starts in."""
        name = self._command[0] if self._command else ""
        if os.sep not in name:
            found = shutil.which(name, path=path)
            if found is None:
                raise self._refusal("which is not installed (not on PATH)", "Install it, or name another program.")
            return str(Path(found).absolute())
        file = self._folder / name
        if not file.is_file():
            raise self._refusal("which does not exist", "Correct the path; it is relative to the manifest.")
        if not os.access(file, os.X_OK):
            raise self._refusal("which is not executable", f"Run chmod +x {name}, or name its interpreter first.")
        return str(file)

    def _refusal(self, problem: str, instruction: str) -> RefusedError:
        name = self._command[0] if self._command else ""
        manifest = self._folder / "manifest.json"
        return RefusedError(f"{manifest}: stdio.command names '{name}', {problem}", instruction)


class _StdioSession(ConnectorSession):
    def __init__(
        self,
        child: ChildProcess,
        tail: StderrTail,
        *,
        patience: Timeouts,
        secrets: frozenset[str],
        folder: Path,
        limit: int,
        hands_over: bool,
    ) -> None:
        self._hands_over = hands_over
        self.traffic = Traffic()
        self._child = child
        self._tail = tail
        self._patience = patience
        self._secrets = set(secrets)
        self._folder = folder
        self._decoder = LineDecoder(limit)
        self._decoded: deque[tuple[dict[str, Any] | Malformed, int]] = deque()
        self._output_ended = False
        self._sent_batches = 0
        self._unacknowledged: set[int] = set()
        self._ending = False
        self._ended_because = ""
        self._exit_told = False
        self._quiet_since = _now()

    async def process_id(self) -> int | None:
        if self._child.exited.is_set():
            return None
        await asyncio.to_thread(self._child.look)  # it is asked every few seconds
        return self._child.pid

    async def send(self, message: Mapping[str, Any]) -> None:
        # What the owner answered is known to the child from here on, and could come back on its stderr.
        self._secrets.update(_texts(message.get("data")))
        try:
            await self._child.write(orjson.dumps(message) + b"\n", self._patience.send)
        except TimeoutError:
            raise RunFailedError(
                f"The connector did not read its input within {self._patience.send:g} s",
                "Check that it reads START from stdin before anything else.",
                code=ErrorCode.CONNECTOR_STUCK,
            ) from None
        self._quiet_since = _now()
        self._child.changed.set()

    async def events(self) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        while not self._ending:
            listening = len(self._unacknowledged) < CREDIT
            if listening and (batch := self._next_batch()):
                yield batch
                self._quiet_since = _now()  # what the host took its time for is not held against it
            elif listening and self._output_ended:
                await self._leave()
            elif await self._is_silent(listening):
                await self._end(f"It said nothing for {self._patience.silence:g} s and was ended.")
        await self._child.exited.wait()
        if not self._exit_told:
            self._exit_told = True
            yield self._exit()

    async def _is_silent(self, listening: bool) -> bool:
        """Wait until something happens; whether nothing has been said for too long meanwhile. Empty lines say nothing,
        and the time in which it is made to wait does not count."""
        left = self._quiet_since + self._patience.silence - _now()
        changed = await self._child.wait_changed(max(left, 0.0), output=listening)
        if not listening:
            self._quiet_since = _now()
        return listening and (not changed or _now() >= self._quiet_since + self._patience.silence)

    async def acknowledge(self, batch: Batch) -> None:
        self._unacknowledged.discard(batch.number)
        self._quiet_since = _now()
        self._child.changed.set()

    async def finish(self) -> ConnectorExited:
        self._ending = True
        self._child.changed.set()
        await asyncio.to_thread(self._child.look)
        self._child.close_stdin()
        if not await self._child.wait_exited(self._patience.finish):
            await self._end(f"It did not exit within {self._patience.finish:g} s of the acknowledgement and was ended.")
        return self._exit()

    async def terminate(self) -> None:
        await self._end("It was ended by the host.")

    # batches

    def _next_batch(self) -> Batch | None:
        """What is there now, up to a full batch: a lone PROGRESS or INTERACTION goes out at once. A file that is handed
        over weighs what it has: as few lie on the disk as there is credit for."""
        messages: list[dict[str, Any] | Malformed] = []
        size = files = 0
        while len(messages) < BATCH_MESSAGES and size + files < BATCH_BYTES and (self._decoded or self._decode_more()):
            message, length = self._decoded.popleft()
            messages.append(message)
            size += length
            if self._hands_over:
                files += _handed_over(message)
        if not messages:
            return None
        self._sent_batches += 1
        self._unacknowledged.add(self._sent_batches)
        return Batch(self._sent_batches, messages, size)

    def _decode_more(self) -> bool:
        """Read until there is a message; False when there is none now, or none in as much as is read at once: output
        that holds none, empty lines without end, is no sign of life, and must not keep everything else waiting."""
        for _ in range(CHUNKS_AT_ONCE):
            if self._decoded or self._output_ended or (chunk := self._child.read()) is None:
                break
            self._output_ended = not chunk
            self._decoded.extend(self._decoder.feed(chunk) if chunk else self._decoder.end())
            if chunk.strip():
                self.traffic.signs += 1
                self._quiet_since = _now()
        return bool(self._decoded)

    # the end

    async def _leave(self) -> None:
        """Its output has ended, so nothing more can come of it: it exits by itself, or is ended."""
        if not await self._child.wait_exited(self._patience.finish):
            await self._end("It closed its output and did not exit.")
        self._ending = True

    async def _end(self, because: str) -> None:
        """Terminate, then kill. stdin stays open: its end would acknowledge records that may not be durable."""
        self._ending = True
        self._child.changed.set()
        if self._child.exited.is_set():
            return
        self._ended_because = self._ended_because or because
        await self._child.end(terminate=self._patience.terminate, kill=self._patience.kill)

    def _exit(self) -> ConnectorExited:
        returncode = self._child.returncode
        unread = self._child.untaken + sum(size for _, size in self._decoded)
        if returncode == 0 and not self._ended_because:
            return ConnectorExited(0, unread=unread)
        detail = self._ended_because or _how_it_ended(returncode)
        if words := self._tail.excerpt(self._secrets, {str(self._folder): ".", str(Path.home()): "~"}):
            detail = f"{detail} It said: {words}"
        return ConnectorExited(
            self._status(returncode), detail if len(detail) <= MAX_TEXT else detail[: MAX_TEXT - 1] + "…", unread
        )

    def _status(self, returncode: int | None) -> int | None:
        """As a shell tells it; None where the host's own signal was the end: that says nothing of the connector."""
        if returncode is None or returncode >= 0:
            return returncode
        return None if self._ended_because else 128 - returncode


def _now() -> float:
    return asyncio.get_running_loop().time()


def _handed_over(message: dict[str, Any] | Malformed) -> int:
    """Bytes of the file that it says lies in the spool."""
    size = message.get("size_bytes") if isinstance(message, dict) and message.get("type") == BLOBS else 0
    return size if isinstance(size, int) and size > 0 else 0


def _how_it_ended(returncode: int | None) -> str:
    if returncode is None:
        return "It could not be ended."
    if returncode < 0:
        return f"It was ended by {signal.Signals(-returncode).name}."
    return f"It ended with status {returncode}."


def _texts(value: Any) -> Iterator[str]:
    """Every text in an answer, however it is nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, Sequence):
        for child in value:
            yield from _texts(child)
