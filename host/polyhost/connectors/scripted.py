"""A connector written in Python: for tests of whatever stands above the seam, and proof that the seam needs no browser.

Owns: the same promises as the others, kept in memory: order, batches, credit, START again after a restart. Must not
know: anything a test wants to say; that is the script's.

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield {"type": "RECORD", "stream": "messages", …}
        windows = await host.windows("messages", "C1")
        yield {"type": "DONE", "status": "succeeded", "records_emitted": 1}

The script runs once per START. It may yield what no polite connector would; `RESTART` loses its footing, and returning
without DONE is an exit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any, Final

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

__all__ = ["FLUSH", "RESTART", "SETTLED", "Script", "ScriptHost", "ScriptedConnector", "ScriptedSession"]

BATCH_MESSAGES = 100
CREDIT = 12
_MESSAGE_SIZE = 1  # a scripted message has no bytes; batches count messages instead


class _Sign:
    """Something a script yields that is not a message."""


RESTART: Final = _Sign()
"""The connector loses its footing: what is in an unfinished batch is gone, START comes again."""
FLUSH: Final = _Sign()
"""The batch ends here."""

SETTLED: Final = _Sign()
"""The batch ends here, and the script goes on once all that it said is durable, as a page's does after `inventory`."""

Said = dict[str, Any] | Malformed | _Sign


class ScriptHost:
    """What a script has of its host."""

    def __init__(self, start: Mapping[str, Any], calls: HostCalls, session: ScriptedSession) -> None:
        self.start = start
        self.traffic = session.traffic
        self._calls = calls
        self._session = session

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        return await self._calls.windows(stream, partition)

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return await self._calls.groups(stream, partition, ids)

    async def arrivals(self, stream: str, partition: str | None = None) -> str | None:
        return await self._calls.arrivals(stream, partition)

    async def due_exceptions(self, stream: str, partition: str | None = None) -> list[dict[str, Any]]:
        return await self._calls.due_exceptions(stream, partition)

    async def answer(self) -> Mapping[str, Any]:
        """The next INTERACTION_RESPONSE. Yield FLUSH after the question, or it waits in its batch."""
        return await self._session.inbox.get()


Script = Callable[[ScriptHost], AsyncGenerator[Said]]


class ScriptedConnector(Connector):
    """Runs `script`; `batch` messages go into one batch, `credit` batches may be unacknowledged."""

    def __init__(
        self,
        script: Script,
        *,
        batch: int = BATCH_MESSAGES,
        credit: int = CREDIT,
        bindings: Mapping[str, Any] | None = None,
    ) -> None:
        self._script = script
        self._batch = batch
        self._credit = credit
        self._bindings = {"network": {}, "polyhost/partitions": {}} if bindings is None else dict(bindings)
        self.starts: list[Mapping[str, Any]] = []

    @property
    def bindings(self) -> Mapping[str, Any]:
        return self._bindings

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        return self._open(calls)

    @asynccontextmanager
    async def _open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        raised: BaseException | None = None
        async with asyncio.TaskGroup() as tasks:
            session = ScriptedSession(self._script, calls, batch=self._batch, credit=self._credit, starts=self.starts)
            running = tasks.create_task(session.run())
            try:
                yield session
            except BaseException as error:  # raised again below, as it is and not in a group
                raised = error
            finally:
                await session.terminate()
                running.cancel()
        if raised is not None:
            raise raised


class ScriptedSession(ConnectorSession):
    """One run of a script, through as many restarts as it asks for."""

    def __init__(
        self, script: Script, calls: HostCalls, *, batch: int, credit: int, starts: list[Mapping[str, Any]]
    ) -> None:
        self.traffic = Traffic()
        self.inbox: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._script = script
        self._calls = calls
        self._size = batch
        self._credit = asyncio.Semaphore(credit)
        self._batches_at_once = credit
        self._starts = starts
        self._started: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._events: asyncio.Queue[Batch | Restarted | ConnectorExited] = asyncio.Queue()
        self._exited: ConnectorExited | None = None
        self._batches = 0
        self._restarts = 0
        self._status = 0

    async def send(self, message: Mapping[str, Any]) -> None:
        await (self._started if message.get("type") == "START" else self.inbox).put(message)

    async def events(self) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, ConnectorExited):
                return

    async def acknowledge(self, batch: Batch) -> None:
        self._credit.release()

    async def finish(self) -> ConnectorExited:
        return self._end(ConnectorExited(status=self._status))

    async def terminate(self) -> None:
        self._end(ConnectorExited(detail="ended by the host"))

    async def run(self) -> None:
        """The script from START to its end, again after each RESTART."""
        while await self._run_once(await self._started.get()):
            self._restarts += 1
            self._events.put_nowait(Restarted("scripted", self._restarts))

    async def _run_once(self, start: Mapping[str, Any]) -> bool:
        """True where the script wants to be started again."""
        self._starts.append(start)
        pending: list[dict[str, Any] | Malformed] = []
        done = False
        async with aclosing(self._script(ScriptHost(start, self._calls, self))) as messages:
            async for message in messages:
                if message is RESTART:
                    return True
                if not isinstance(message, _Sign):
                    pending.append(message)
                if _is_done(message):
                    done = True
                    # As a process would: status 0 belongs to a success and to nothing else.
                    self._status = 0 if isinstance(message, dict) and message.get("status") == "succeeded" else 1
                if message is SETTLED:
                    await self._settle(pending)
                    pending = []
                if message is FLUSH or _is_done(message) or len(pending) >= self._size:
                    await self._flush(pending)
                    pending = []
        await self._flush(pending)
        if not done:
            self._end(ConnectorExited(status=1, detail="the script returned without DONE"))
        return False

    async def _settle(self, messages: list[dict[str, Any] | Malformed]) -> None:
        await self._flush(messages)
        for _ in range(self._batches_at_once):
            await self._credit.acquire()
        for _ in range(self._batches_at_once):
            self._credit.release()

    async def _flush(self, messages: list[dict[str, Any] | Malformed]) -> None:
        if not messages:
            return
        await self._credit.acquire()
        self._batches += 1
        self._events.put_nowait(Batch(self._batches, messages, len(messages) * _MESSAGE_SIZE))

    def _end(self, exited: ConnectorExited) -> ConnectorExited:
        if self._exited is None:
            self._exited = exited
            self._events.put_nowait(exited)
        return self._exited


def _is_done(message: Said) -> bool:
    return isinstance(message, dict) and message.get("type") == "DONE"
