"""What passes between a run and a connector that is recorded: what its owner answered, which records it brought, and
what it was told of runs before it.

Owns: hearing all three, and saying it again in a replay. Must not know: browsers, recordings, scrubbing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from polyhost.connectors.base import Batch, ConnectorExited, ConnectorSession, HostCalls, Restarted
from polyhost.connectors.passed_on import PassedOnSession
from polyhost.protocol.keys import KeyRuleError, canonical_key

__all__ = ["Heard", "HeardCalls", "HeardSession", "ToldCalls", "ToldSession"]


@dataclass(slots=True)
class Heard:
    """`key_parts` of each stream. `answers`: what the owner answered, in order. `offered`: what a question gave to
    choose from. `emitted`: every record by stream and key, with what is volatile. `earlier`: what the connector was
    told of runs before, where there were any: `state`, and the answers to its questions in the order in which it asked
    each."""

    key_parts: Mapping[str, int]
    has_earlier: bool = False
    volatile: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Fields of each stream that change by themselves: what was stored before stays in the store."""
    earlier: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    answers: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]], repr=False)
    offered: set[str] = field(default_factory=set[str], repr=False)
    emitted: dict[tuple[str, str], dict[str, Any]] = field(
        default_factory=dict[tuple[str, str], dict[str, Any]], repr=False
    )

    def batch(self, batch: Batch) -> None:
        for message in batch.messages:
            if isinstance(message, dict):
                self._message(message)

    def answer(self, message: Mapping[str, Any]) -> None:
        self.answers.append({"status": message.get("status"), "data": message.get("data")})

    def started(self, message: Mapping[str, Any]) -> None:
        if self.has_earlier:
            self.earlier = {"state": message.get("state") or {}, "told": {}}

    def told(self, question: str, answer: Any) -> None:
        if self.has_earlier:
            self.earlier.setdefault("told", {}).setdefault(question, []).append(answer)

    def _message(self, message: Mapping[str, Any]) -> None:
        if message.get("type") == "INTERACTION":
            self.offered.update(_choices(message.get("schema")))
        elif message.get("type") == "RECORD":
            stream = str(message.get("stream"))
            with suppress(KeyRuleError):  # such a message is the host's to refuse
                key = canonical_key(message.get("key"), self.key_parts.get(stream, 1))
                self.emitted[stream, key] = self._volatile(stream, message.get("data"))

    def _volatile(self, stream: str, data: Any) -> dict[str, Any]:
        if not self.has_earlier or not isinstance(data, dict):
            return {}
        said = cast("dict[str, Any]", data)
        return {name: said[name] for name in self.volatile.get(stream, ()) if name in said}

    def brought(self, record: Mapping[str, Any]) -> bool:
        """Whether a stored record, in the form of expected.jsonl, is of this run."""
        return (record["stream"], record["key"]) in self.emitted

    def alone(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Such a record as a store would have it that knows no earlier run: of what was deleted its key alone, and what
        changes by itself as it was said last."""
        if not self.earlier:
            return record
        if record["deleted"]:
            return {**record, "data": None, "partition": None}
        return {**record, "data": {**record["data"], **self.emitted[record["stream"], record["key"]]}}


def _choices(schema: Any) -> Iterator[str]:
    """Every value that a question's schema names."""
    if isinstance(schema, Mapping):
        for name, value in cast("Mapping[str, Any]", schema).items():
            if name == "enum" and isinstance(value, list):
                yield from (str(one) for one in cast("list[Any]", value))
            elif name in ("const", "default"):
                yield str(value)
            else:
                yield from _choices(value)
    elif isinstance(schema, list):
        for one in cast("list[Any]", schema):
            yield from _choices(one)


class HeardSession(PassedOnSession):
    """A session that is listened to."""

    def __init__(self, inner: ConnectorSession, heard: Heard) -> None:
        super().__init__(inner)
        self._heard = heard

    async def send(self, message: Mapping[str, Any]) -> None:
        if message.get("type") == "INTERACTION_RESPONSE":
            self._heard.answer(message)
        elif message.get("type") == "START":
            self._heard.started(message)
        await self._inner.send(message)

    async def events(self) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        async for event in self._inner.events():
            if isinstance(event, Batch):
                self._heard.batch(event)
            yield event


class ToldSession(PassedOnSession):
    """A session whose connector starts from the state that it was recorded with."""

    def __init__(self, inner: ConnectorSession, earlier: Mapping[str, Any]) -> None:
        super().__init__(inner)
        self._earlier = earlier

    async def send(self, message: Mapping[str, Any]) -> None:
        state = self._earlier.get("state")
        told = {**message, "state": state} if message.get("type") == "START" and state else message
        await self._inner.send(told)


class HeardCalls(HostCalls):
    """The connector's questions, and what it was told."""

    def __init__(self, inner: HostCalls, heard: Heard) -> None:
        self._inner = inner
        self._heard = heard

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        answer = await self._inner.windows(stream, partition)
        self._heard.told(_question("windows", stream, partition), answer)
        return answer

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        answer = await self._inner.groups(stream, partition, ids)
        self._heard.told(_question("groups", stream, partition), answer)
        return answer

    async def arrivals(self, stream: str, partition: str | None) -> str | None:
        answer = await self._inner.arrivals(stream, partition)
        self._heard.told(_question("arrivals", stream, partition), answer)
        return answer

    async def due_exceptions(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
        answer = await self._inner.due_exceptions(stream, partition)
        self._heard.told(_question("due_exceptions", stream, partition), answer)
        return answer

    async def unpaused(self) -> None:
        await self._inner.unpaused()

    def asking(self) -> AbstractAsyncContextManager[None]:
        return self._inner.asking()


class ToldCalls(HostCalls):
    """The connector's questions, answered as when it was recorded; one that was not asked then, by the run."""

    def __init__(self, inner: HostCalls, earlier: Mapping[str, Any]) -> None:
        self._inner = inner
        self._told = {question: deque(answers) for question, answers in earlier.get("told", {}).items()}

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        answer = self._next("windows", stream, partition)
        return await self._inner.windows(stream, partition) if answer is None else answer

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        answer = self._next("groups", stream, partition)
        return await self._inner.groups(stream, partition, ids) if answer is None else answer

    async def arrivals(self, stream: str, partition: str | None) -> str | None:
        asked = _question("arrivals", stream, partition)
        return self._told[asked].popleft() if self._told.get(asked) else await self._inner.arrivals(stream, partition)

    async def due_exceptions(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
        answer = self._next("due_exceptions", stream, partition)
        return await self._inner.due_exceptions(stream, partition) if answer is None else answer

    async def unpaused(self) -> None:
        await self._inner.unpaused()

    def asking(self) -> AbstractAsyncContextManager[None]:
        return self._inner.asking()

    def _next(self, method: str, stream: str, partition: str | None) -> Any:
        left = self._told.get(_question(method, stream, partition))
        return left.popleft() if left else None


def _question(method: str, stream: str, partition: str | None) -> str:
    return f"{method} {stream} {partition or ''}".rstrip()
