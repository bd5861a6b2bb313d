"""A run of another process, as whoever has a hold of it sees and steers it: over a stream that leads there.

Owns: a copy of what the run has said and asks, and which reply belongs to which call. Must not know: how the stream
came about; one that leads to another machine would do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson

from polyhost.engine.control._wire import line, read_event
from polyhost.engine.control.run_control import OpenQuestion, RunControl
from polyhost.engine.control.timeline import Timeline
from polyhost.engine.events import OwnerAsked

__all__ = ["REPLY_SECONDS", "RemoteRun"]

REPLY_SECONDS = 10.0
"""How long a call waits to be done: the other process replies at once, unless it is busy or has stopped."""


class RemoteRun(RunControl):
    """See `RunControl`. Nothing is heard and no call returns but while `listen` goes on."""

    def __init__(self, run_id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.run_id = run_id
        self.connection = ""
        self.timeline = Timeline()
        self._reader = reader
        self._writer = writer
        self._paused = False
        self._waiting: dict[str, OwnerAsked] = {}
        self._replies: dict[int, asyncio.Future[bool]] = {}
        self._calls = 0

    async def listen(self) -> None:
        """To the run's last word, or until its process is gone."""
        try:
            with suppress(OSError, ValueError, KeyError, TypeError):  # it was killed, or is of another version
                async for text in self._reader:
                    self._take(orjson.loads(text))
        finally:
            self._waiting.clear()
            self._paused = False
            self.timeline.close()
            self._writer.close()
            for reply in self._replies.values():
                if not reply.done():
                    reply.set_result(False)

    def close(self) -> None:
        """Let go of the stream; for one that is never listened to, or whose listening was ended before it began."""
        self._writer.close()

    @property
    def is_paused(self) -> bool:
        return self._paused

    def questions(self) -> Sequence[OpenQuestion]:
        return [
            OpenQuestion(connection=self.connection, run_id=self.run_id, asked=asked)
            for asked in self._waiting.values()
        ]

    async def cancel(self) -> bool:
        return await self._call(do="cancel")

    async def pause(self) -> bool:
        return await self._call(do="pause")

    async def resume(self) -> bool:
        return await self._call(do="resume")

    async def answer(self, request_id: str, status: str, data: Any) -> bool:
        return await self._call(do="answer", request_id=request_id, status=status, data=data)

    async def _call(self, **asked: Any) -> bool:
        if not self.is_alive:
            return False
        self._calls += 1
        number = self._calls
        self._replies[number] = reply = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                self._writer.write(line({**asked, "number": number}))
                await self._writer.drain()
                return await reply
        except (OSError, TimeoutError):
            return False
        finally:
            del self._replies[number]

    def _take(self, told: dict[str, Any]) -> None:
        if "event" in told:
            self._hear(told)
        elif "settled" in told:
            self._waiting.pop(told["settled"], None)
        elif "paused" in told:
            self._paused = bool(told["paused"])
        elif "reply" in told:
            reply = self._replies.get(told["reply"])
            if reply is not None and not reply.done():
                reply.set_result(bool(told["done"]))
        elif "connection" in told:
            self.connection = str(told["connection"])

    def _hear(self, told: dict[str, Any]) -> None:
        event = read_event(told)
        if isinstance(event, OwnerAsked):
            self._waiting[event.request_id] = event
        self.timeline.add(event)
