"""A connector whose messages are looked at on their way to the host, and which can be killed in the middle.

Owns: what a connector really said, judged by itself and not by what the host made of it. Must not know: stores, runs,
what a report says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

from polyhost.connectors.base import Batch, Connector, ConnectorExited, ConnectorSession, HostCalls, Restarted
from polyhost.connectors.passed_on import PassedOnSession
from polyhost.protocol.keys import KeyRuleError, canonical_key
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.scope import Rejected, Scope

__all__ = ["Observed"]


class Observed(Connector):
    """`records`: RECORD messages by stream. `strays`: those outside the scope, by stream and rule. `asked`: kinds of
    questions. `kill_after`: the number of records after which the connector is killed."""

    def __init__(self, inner: Connector, manifest: Manifest, scope: Scope, *, kill_after: int | None = None) -> None:
        self.records: Counter[str] = Counter()
        self.strays: Counter[tuple[str, str]] = Counter()
        self.asked: Counter[str] = Counter()
        self.killed = False
        self._inner = inner
        self._manifest = manifest
        self._scope = scope
        self._kill_after = kill_after

    @property
    def bindings(self) -> Mapping[str, Any]:
        return self._inner.bindings

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        return self._open(calls)

    @asynccontextmanager
    async def _open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        async with self._inner.open(calls) as session:
            yield _ObservedSession(session, self)

    def look(self, batch: Batch) -> Batch:
        """The batch as it goes on: whole, or up to where the connector dies."""
        for index, message in enumerate(batch.messages):
            if not isinstance(message, dict):
                continue
            if message.get("type") == "INTERACTION":
                self.asked[str(message.get("kind"))] += 1
            if message.get("type") == "RECORD":
                self._look_at_record(message)
                if self._kill_after is not None and self.records.total() >= self._kill_after:
                    self.killed = True
                    return replace(batch, messages=batch.messages[: index + 1])
        return batch

    def _look_at_record(self, message: Mapping[str, Any]) -> None:
        """A message that breaks the protocol is the host's to refuse, and counts for nothing here."""
        name, data = message.get("stream"), message.get("data")
        if not isinstance(name, str):
            return
        self.records[name] += 1
        declared, scoped = self._manifest.stream(name), self._scope.stream(name)
        if declared is None or scoped is None:
            self.strays[name if declared is not None else "(undeclared)", "stream"] += 1
            return
        try:
            key = canonical_key(message.get("key"), len(declared.primary_key))
        except KeyRuleError:
            return
        if message.get("op", "upsert") == "upsert" and isinstance(data, dict):
            verdict = scoped.judge(key, data)
            if isinstance(verdict, Rejected):
                self.strays[name, verdict.rule] += 1


class _ObservedSession(PassedOnSession):
    def __init__(self, inner: ConnectorSession, seen: Observed) -> None:
        super().__init__(inner)
        self._seen = seen

    async def events(self) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        async for event in self._inner.events():
            if not isinstance(event, Batch):
                yield event
                continue
            yield self._seen.look(event)
            if self._seen.killed:
                await self._inner.terminate()
                yield ConnectorExited(detail="It was killed by the check.")
                return
