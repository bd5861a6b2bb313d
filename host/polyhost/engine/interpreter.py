"""How often Python looks for garbage in a process that moves records.

Owns: that one setting. Must not know: what is moved. Called once by whoever owns the process: a command, a benchmark.

A record is a dozen dicts and lists that live for some milliseconds between the page and the store, and refer to nothing
that refers back: counting references frees them. At Python's own threshold the collector looks every fifty records,
finds nothing, and takes a quarter of the run's time.
"""

from __future__ import annotations

import gc

__all__ = ["collect_garbage_seldom"]

_YOUNG_OBJECTS = 20_000
"""New containers before a look at the young ones (Python's own: 700). More than the unacknowledged batches hold, some
hundred records of a dozen containers each, so that a look finds the batches of before gone; and still a few MiB."""


def collect_garbage_seldom() -> None:
    """From now on. What was imported by now stays, and is not looked at again."""
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
