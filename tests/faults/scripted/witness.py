"""Who watches the connector: of what it said, what was acknowledged, and so has to hold. Must not know: the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from faults.scripted.strikes import Struck
from faults.scripted.walker import Claim, Fact, Met, Walker
from polyhost.connectors.base import Batch, ConnectorSession, HostCalls
from polyhost.connectors.scripted import ScriptedConnector

__all__ = ["Witness"]


class Witness:
    """Of one run. What comes after a blow that ends it need not count."""

    def __init__(self, walker: Walker, state: Struck) -> None:
        self.claims: list[Claim] = []
        self.met: list[Met] = []
        self._walker = walker
        self._state = state
        self._passed: dict[int, list[Fact]] = {}

    def connector(self) -> type[ScriptedConnector]:
        """A class, as a rig takes one."""
        witness = self

        class Watched(ScriptedConnector):
            @asynccontextmanager
            async def open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:  # type: ignore[override]
                async with super().open(calls) as session:
                    witness._watch(session)
                    yield session

        return Watched

    def _counts(self, fact: Fact) -> bool:
        return isinstance(fact, asyncio.Event) or not self._state.ends_the_run

    def _watch(self, session: ConnectorSession) -> None:
        inner_events, inner_acknowledge = session.events, session.acknowledge

        async def events() -> AsyncIterator[Any]:
            async for event in inner_events():
                if isinstance(event, Batch):
                    told = (self._walker.told.get(id(message), []) for message in event.messages)
                    self._passed[event.number] = [fact for facts in told for fact in facts if self._counts(fact)]
                yield event

        async def acknowledge(batch: Batch) -> None:
            for fact in self._passed.pop(batch.number, ()):
                if isinstance(fact, Claim):
                    self.claims.append(fact)
                elif isinstance(fact, asyncio.Event):
                    fact.set()
                else:
                    self.met.append(fact)
            await inner_acknowledge(batch)

        session.events = events  # type: ignore[method-assign]
        session.acknowledge = acknowledge  # type: ignore[method-assign]
