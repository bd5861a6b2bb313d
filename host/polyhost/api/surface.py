"""What the server's handlers share: the home, its open store, the runs, the door, the counters.

Must not know: any one route.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyhost.api.gate import Gate
from polyhost.api.metrics import Metrics
from polyhost.engine.clock import Clock
from polyhost.engine.hosting.run_host import OpenQuestion, RunHost
from polyhost.engine.imports.uploads import Uploads
from polyhost.operations.catalog import OPERATIONS
from polyhost.operations.context import Context
from polyhost.store.base import Store

__all__ = ["Surface"]


@dataclass(slots=True, kw_only=True)
class Surface:
    """One server's. `hosts`: what a Host header may say, e.g. 127.0.0.1:8787."""

    home: Path
    store: Store
    runs: RunHost
    gate: Gate
    hosts: frozenset[str]
    uploads: Uploads
    clock: Clock = field(default_factory=Clock)
    metrics: Metrics = field(default_factory=Metrics)

    def context(self) -> Context:
        """An operation's surroundings in this process."""
        return Context(home=self.home, clock=self.clock, shared=self.store, host=self.runs, uploads=self.uploads)

    async def operate(self, name: str, request: Any) -> Any:
        """Perform the operation of this name as its route does, and return its value."""
        found = next(operation for operation in OPERATIONS if operation.name == name)
        route = next((route for route in found.routes if route.method == "GET" and route.request is None), None)
        return (await found.load(route)(self.context(), request)).value

    def questions(self) -> Sequence[OpenQuestion]:
        """What runs ask their owner now."""
        return self.runs.questions()
