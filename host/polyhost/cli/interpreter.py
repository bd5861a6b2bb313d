"""How Python behaves in a process that moves records: its event loop, how often it looks for garbage, how soon threads
take turns.

Owns: those three choices. Must not know: what is moved. Called once by whoever owns the process: a command, a server, a
benchmark.

A record is a dozen dicts and lists that live for some milliseconds between the page and the store, and refer to nothing
that refers back: counting references frees them. At Python's own threshold the collector looks every fifty records,
finds nothing, and takes a quarter of the run's time.

The store writes in a thread of its own, and SQLite works while other threads run Python. Three times a statement that
thread has to wait for its turn, by Python's own setting up to five milliseconds while the main thread parses: a write
then takes ten times as long as it works, and the page behind it waits too.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run", "tune_interpreter"]

T = TypeVar("T")

_YOUNG_OBJECTS = 20_000
"""New containers before a look at the young ones (Python's own: 700). More than the unacknowledged batches hold, some
hundred records of a dozen containers each, so that a look finds the batches of before gone; and still a few MiB."""
_TURN_SECONDS = 0.0002
"""How long a thread that wants a turn lets another go on (Python's own: 0.005). A write of 600 records waits for some
thirty: at 1 ms it took 19 ms of which it worked 9, at 0.2 ms 12; shorter turns cost more in changing than they gain."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on uvloop's event loop, which reads the browser driver's pipe and a server's sockets at half the
    cost; on asyncio's own where there is none."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415  not there on every platform
    except ImportError:
        new_event_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def tune_interpreter() -> None:
    """From now on. What was imported by now stays, and is not looked at again by the collector."""
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    sys.setswitchinterval(_TURN_SECONDS)
