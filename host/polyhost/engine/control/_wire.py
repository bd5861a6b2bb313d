"""What is said over a run's socket: one JSON object a line.

From the run: `{"run_id", "connection"}` first; then `{"seq", "event", "data"}`, `{"settled": request_id}`,
`{"paused": bool}` as it happens, and `{"reply": number, "done": bool}`.
To the run: `{"do": "cancel" | "pause" | "resume" | "answer", "number", ...}`; of an answer also `request_id`, `status`
and `data`.

Owns: these lines. Must not know: what carries them: a socket of this machine, or something that leads to another one.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from polyhost.engine import events
from polyhost.engine.control.run_control import RunControl
from polyhost.engine.events import RunEvent

__all__ = ["MAX_LINE_BYTES", "act", "event_line", "line", "read_event"]

MAX_LINE_BYTES = 2 * 1024 * 1024
"""A run's result, with its receipt and diagnostics, is kilobytes."""
_KINDS: dict[str, type[RunEvent]] = {kind.__name__: kind for kind in events.RunEvent.__args__}


def line(value: dict[str, Any]) -> bytes:
    """One line."""
    return orjson.dumps(value) + b"\n"


def event_line(number: int, event: RunEvent) -> bytes:
    """An event, by the name of its type."""
    return line({"seq": number, "event": type(event).__name__, "data": asdict(event)})


def read_event(told: dict[str, Any]) -> RunEvent:
    """KeyError, TypeError where it is of another version."""
    return _KINDS[told["event"]](**told["data"])


async def act(run: RunControl, given: dict[str, Any]) -> bool:
    """Do to the run what a line asks for; False where that came to nothing."""
    match given.get("do"):
        case "cancel":
            return await run.cancel()
        case "pause":
            return await run.pause()
        case "resume":
            return await run.resume()
        case "answer":
            return await run.answer(str(given.get("request_id")), str(given.get("status")), given.get("data"))
        case _:
            return False
