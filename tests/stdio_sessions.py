"""Connectors of a few lines of Python, run as real processes, and whether anything of them is left."""

import asyncio
import contextlib
import os
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from polyhost.connectors.base import Batch, ConnectorExited, ConnectorSession
from polyhost.connectors.stdio import StdioConnector

PRELUDE = """
import json, os, signal, subprocess, sys, time
def say(**message): print(json.dumps(message), flush=True)
def hear(): return json.loads(sys.stdin.readline())
def forever():
    while True: signal.pause()
"""


def python(script: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", PRELUDE + textwrap.dedent(script)]


@contextlib.asynccontextmanager
async def opened(script: str, folder: Path, **options: Any) -> AsyncIterator[ConnectorSession]:
    async with StdioConnector(python(script), folder, **options).open(NoCalls()) as session:
        yield session


class NoCalls:
    async def windows(self, stream: str, partition: str):
        raise AssertionError

    async def groups(self, stream: str, partition: str, ids):
        raise AssertionError

    async def unpaused(self) -> None:
        pass


async def read_all(session: ConnectorSession) -> tuple[list[Any], ConnectorExited]:
    """Every message until it exits, each batch acknowledged at once."""
    messages: list[Any] = []
    async for event in session.events():
        if isinstance(event, ConnectorExited):
            return messages, event
        assert isinstance(event, Batch)
        messages += event.messages
        await session.acknowledge(event)
    raise AssertionError("the events ended without an exit")


async def until(session: ConnectorSession, kind: str) -> dict[str, Any]:
    """The first message of this type; everything before it is acknowledged."""
    async for event in session.events():
        assert isinstance(event, Batch), event
        await session.acknowledge(event)
        for message in event.messages:
            if isinstance(message, dict) and message["type"] == kind:
                return message
    raise AssertionError(kind)


class Lifeline:
    """A pipe that every process inherits which the connector starts: it ends when the last of them is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    @property
    def held(self) -> str:
        """What a script has to run first."""
        return f"os.set_inheritable(os.open({str(self.path)!r}, os.O_WRONLY), True)\n"

    @property
    def is_held(self) -> bool:
        """Whether anyone is left: reading would say that it has ended."""
        try:
            return os.read(self._end, 1) != b""
        except BlockingIOError:
            return True

    async def ends(self) -> None:
        """Fails, by time-out, while a process is left."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._end, ended.set)
        try:
            async with asyncio.timeout(5):
                await ended.wait()
        finally:
            loop.remove_reader(self._end)
        assert os.read(self._end, 1) == b""

    def close(self) -> None:
        os.close(self._end)
