"""A store whose disk stalls while some process has its log to itself: for as long as that, and no longer than the
owner was told, others wait."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from background import background
from polyhost.errors import RefusedError
from polyhost.store.sqlite import opening
from polyhost.store.sqlite.opening import STORE_FILE
from polyhost.store.sqlite.store import SqliteStore
from store.making import connect

_KEEP_THE_LOG = """
import fcntl, sys
with open(sys.argv[1], "wb+") as index:
    fcntl.lockf(index, fcntl.LOCK_EX, 1, 120)
    print("kept", flush=True)
    sys.stdin.read()
"""
"""Byte 120 of the log's index is locked by whoever writes or recovers: SQLite's file format, "WAL-Index Locks"."""


@contextmanager
def stalled(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the log to itself, and does not go on."""
    command = [sys.executable, "-c", _KEEP_THE_LOG, str(home / f"{STORE_FILE}-shm")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "kept\n"
        try:
            yield process
        finally:
            process.kill()


async def made(home: Path) -> None:
    store = await SqliteStore.open(home)
    await connect(store)
    await store.close()


async def test_a_store_whose_log_somebody_keeps_is_said_to_be_held(tmp_path: Path) -> None:
    await made(tmp_path)
    with stalled(tmp_path), pytest.raises(RefusedError) as refused:
        await SqliteStore.open(tmp_path, busy_seconds=0)
    assert refused.value.code == "store_locked"


async def test_a_store_whose_log_is_let_go_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused once, after the ten seconds that SQLite tries; let go then, and asked again."""
    await made(tmp_path)
    refused = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Time:
        monotonic = staticmethod(time.monotonic)

        @staticmethod
        def sleep(_: float) -> None:
            stall.kill()
            stall.wait()
            loop.call_soon_threadsafe(refused.set)

    monkeypatch.setattr(opening, "time", Time)
    with stalled(tmp_path) as stall:
        async with background(SqliteStore.open(tmp_path)) as opened:
            await refused.wait()
            store = await opened
    assert len(await store.connections.all()) == 1
    await store.close()
