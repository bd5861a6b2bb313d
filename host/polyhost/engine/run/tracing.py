"""What passed between a connector and its host, without what it said: for an author who looks, and for a failed run.

Owns: which facts of a message are told (its kind, stream, size, a record's key), and the trace of a run as a file. Must
not know: what messages mean, who is watching.

A trace holds no content and no key: records are counted by stream, other messages are named. It is held in memory,
bounded, and written only when somebody wants it, so a run that goes well pays next to nothing.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from polyhost.connectors.base import (
    Batch,
    Connector,
    ConnectorExited,
    ConnectorSession,
    HostCalls,
    Malformed,
    Restarted,
)
from polyhost.connectors.passed_on import PassedOnSession
from polyhost.engine.events import MessageSeen

__all__ = ["FOLDER", "Trace", "TracedConnector", "keep_trace"]

FOLDER = "traces"
"""Where a home keeps the traces of runs that failed."""
KEPT_TRACES = 20
"""Older ones go: whoever looks, looks at the last few."""
FIRST_LINES, LAST_LINES = 500, 5_000
"""How a run began and how it ended is what tells; what lies between is counted."""
_TRACED = frozenset({"failed", "needs_owner"})
"""How a run ends whose trace is kept unasked."""
_PLACE = re.compile(r"\(([\w./-]+:\d+:\d+)\)\s*$")
"""Where in a script an error arose, as the SDK writes it at the end; what stands before may quote content."""


Tell = Callable[[MessageSeen], None]


class Trace:
    """Lines of one run. Bounded; `save` puts them in a file that only its owner can read."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: list[dict[str, Any]] = []
        self._last: deque[dict[str, Any]] = deque(maxlen=LAST_LINES)
        self._lines = 0

    def add(self, what: str, **facts: Any) -> None:
        self._lines += 1
        line = {"t": round(time.monotonic() - self._began, 3), "what": what, **facts}
        if len(self._first) < FIRST_LINES:
            self._first.append(line)
        else:
            self._last.append(line)

    def save(self, folder: Path, run_id: str) -> Path:
        """Written whole; the oldest of many go. OSError where it cannot be."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        left_out = self._lines - len(self._first) - len(self._last)
        middle = [{"what": "left_out", "lines": left_out}] if left_out else []
        path = folder / f"{run_id}.jsonl"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            for line in (*self._first, *middle, *self._last):
                file.write(orjson.dumps(line, default=str) + b"\n")
        for old in _by_age(folder, path)[:-KEPT_TRACES]:
            old.unlink(missing_ok=True)
        return path


def _by_age(folder: Path, newest: Path) -> list[Path]:
    """Every trace there, oldest first. `newest` gets a time after those of all others where it has an earlier one: the
    clock may have been ahead when those were written, or stand back now."""
    times = {path: path.stat().st_mtime_ns for path in folder.glob("run_*.jsonl") if path != newest}
    after = max(times.values(), default=0) + 1_000_000
    if newest.stat().st_mtime_ns < after:
        os.utime(newest, ns=(after, after))
    return [*sorted(times, key=lambda path: (times[path], path.name)), newest]


def keep_trace(trace: Trace, result: Mapping[str, Any], home: Path, wanted: Path | None) -> Path | None:
    """Where the trace of this run is, if it was wanted or the run did not go well. A trace that cannot be written is
    not worth failing a run for."""
    if wanted is None and result["status"] not in _TRACED:
        return None
    try:
        return trace.save(wanted or home / FOLDER, str(result["run_id"]))
    except OSError:
        return None


class TracedConnector(Connector):
    """Any connector, watched. `tell` hears of every single message; without it only the trace is kept."""

    def __init__(self, inner: Connector, trace: Trace, tell: Tell | None = None, *, with_data: bool = False) -> None:
        self._inner = inner
        self._trace = trace
        self._tell = tell
        self._with_data = with_data

    @property
    def bindings(self) -> Mapping[str, Any]:
        return self._inner.bindings

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        return self._open(calls)

    @asynccontextmanager
    async def _open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        self._trace.add("opening")
        async with self._inner.open(_TracedCalls(calls, self._trace, self._tell)) as session:
            self._trace.add("opened")
            yield _TracedSession(session, self._trace, self._tell, with_data=self._with_data)


class _TracedSession(PassedOnSession):
    def __init__(self, inner: ConnectorSession, trace: Trace, tell: Tell | None, *, with_data: bool) -> None:
        super().__init__(inner)
        self._trace = trace
        self._tell = tell
        self._with_data = with_data

    async def send(self, message: Mapping[str, Any]) -> None:
        kind = str(message.get("type"))
        self._trace.add("sent", kind=kind)
        self._say(MessageSeen(way="to", kind=kind))
        await self._inner.send(message)

    async def events(self) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        async for event in self._inner.events():
            match event:
                case Batch():
                    self._batch(event)
                case Restarted():
                    self._trace.add("restarted", reason=event.reason, attempt=event.attempt)
                    self._say(MessageSeen(way="from", kind="(page lost)", detail=event.reason))
                case ConnectorExited():
                    self._trace.add("exited", status=event.status, unread=event.unread)
                    self._say(MessageSeen(way="from", kind="(exited)", detail=event.detail))
            yield event

    async def acknowledge(self, batch: Batch) -> None:
        await self._inner.acknowledge(batch)
        self._trace.add("acknowledged", batch=batch.number)
        self._say(MessageSeen(way="to", kind="(acknowledged)", detail=f"batch {batch.number}"))

    async def finish(self) -> ConnectorExited:
        self._trace.add("finishing", requests=self.traffic.requests)
        return await self._inner.finish()

    def _batch(self, batch: Batch) -> None:
        others = [message for message in batch.messages if not _is_record(message)]
        self._trace.add(
            "batch",
            batch=batch.number,
            bytes=batch.size,
            records=len(batch.messages) - len(others),
            requests=self.traffic.requests,
        )
        for message in others:
            self._trace.add("message", **_facts(message))
        if self._tell is not None:
            for message in batch.messages:
                self._tell(_seen(message, with_data=self._with_data))

    def _say(self, seen: MessageSeen) -> None:
        if self._tell is not None:
            self._tell(seen)


class _TracedCalls(HostCalls):
    """The connector's questions, and how much was answered."""

    def __init__(self, inner: HostCalls, trace: Trace, tell: Tell | None) -> None:
        self._inner = inner
        self._trace = trace
        self._tell = tell

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        answer = await self._inner.windows(stream, partition)
        purposes = dict(Counter(str(window.get("purpose")) for window in answer))
        self._trace.add("windows", stream=stream, purposes=purposes)
        told = ", ".join(f"{count} {purpose}" for purpose, count in purposes.items()) or "nothing is wanted"
        self._say(MessageSeen(way="asks", kind="windows", stream=stream, key=partition, detail=told))
        return answer

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        answer = await self._inner.groups(stream, partition, ids)
        self._trace.add("groups", stream=stream, asked=len(ids))
        self._say(MessageSeen(way="asks", kind="groups", stream=stream, key=partition, detail=f"{len(ids)} asked"))
        return answer

    async def arrivals(self, stream: str, partition: str | None) -> str | None:
        answer = await self._inner.arrivals(stream, partition)
        self._trace.add("arrivals", stream=stream, known=answer is not None)
        told = "from the token that was kept" if answer is not None else "no token is kept"
        self._say(MessageSeen(way="asks", kind="arrivals", stream=stream, key=partition, detail=told))
        return answer

    async def due_exceptions(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
        answer = await self._inner.due_exceptions(stream, partition)
        self._trace.add("exceptions", stream=stream, due=len(answer))
        self._say(MessageSeen(way="asks", kind="exceptions", stream=stream, key=partition, detail=f"{len(answer)} due"))
        return answer

    async def unpaused(self) -> None:
        await self._inner.unpaused()

    def asking(self) -> AbstractAsyncContextManager[None]:
        return self._inner.asking()

    def _say(self, seen: MessageSeen) -> None:
        if self._tell is not None:
            self._tell(seen)


def _is_record(message: Mapping[str, Any] | Malformed) -> bool:
    return not isinstance(message, Malformed) and message.get("type") == "RECORD"


def _facts(message: Mapping[str, Any] | Malformed) -> dict[str, Any]:
    """What may be kept of a message that is not a record: its kind, its stream, how it ended."""
    if isinstance(message, Malformed):
        return {"kind": "malformed", "rule": message.rule, "bytes": message.length}
    facts: dict[str, Any] = {"kind": _word(message.get("type"))}
    if "stream" in message:
        facts["stream"] = _word(message["stream"])
    if message.get("type") == "DONE":
        facts["status"] = _word(message.get("status"))
        error: Any = message.get("error")
        if isinstance(error, Mapping):
            facts |= {"code": _word(error.get("code")), "place": _place(error.get("message"))}
    return facts


def _seen(message: Mapping[str, Any] | Malformed, *, with_data: bool) -> MessageSeen:
    facts = _facts(message)
    if isinstance(message, Malformed):
        return MessageSeen(way="from", kind="malformed", size=message.length, detail=message.rule)
    key: Any = message.get("key", message.get("partition"))
    return MessageSeen(
        way="from",
        kind=str(facts["kind"]),
        stream=facts.get("stream"),
        key=None if key is None else str(key),
        size=len(orjson.dumps(message, default=str)),
        detail=_detail(message),
        data=message.get("data") if with_data else None,
    )


def _detail(message: Mapping[str, Any]) -> str:
    """What an author wants to know of a message besides its key; never a record's content."""
    match message.get("type"):
        case "PARTITION_INVENTORY":
            whole = "all there are" if message.get("complete") else "there may be more"
            return f"{len(message.get('partitions') or ())} partitions, {whole}"
        case "PARTITION_COVERAGE" | "PARTITION_HIDDEN":
            return f"{message.get('since') or 'the beginning'} … {message.get('until') or 'the end'}"
        case "PROGRESS" | "SKIP_RESULT":
            return str(message.get("message") or message.get("reason") or "")
        case "DONE":
            error: Any = message.get("error")
            told = f": {error.get('code')}: {error.get('message')}" if isinstance(error, Mapping) else ""
            return f"{message.get('status')}, {message.get('records_emitted')} records{told}"
        case "RECORD" if message.get("op") == "delete":
            return "deleted"
        case _:
            return ""


def _word(value: Any) -> str:
    """A name of the protocol. What is none was made up by the connector, and could be anything."""
    text = str(value)
    return text if re.fullmatch(r"[\w.-]{1,64}", text) else "(not a name)"


def _place(message: Any) -> str | None:
    found = _PLACE.search(str(message or ""))
    return found[1] if found else None
