"""What the handlers of one server are handed: surroundings for operations, the door, the counters.

Must not know: any one route, what is behind an operation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from polyhost.api.gate import Gate
from polyhost.api.metrics import Metrics
from polyhost.api.names import Names
from polyhost.operations.context import Context

__all__ = ["Surface"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """`context`: an operation's surroundings in this process. `names`: what a Host header may say."""

    context: Callable[[], Context]
    gate: Gate
    names: Names
    metrics: Metrics = field(default_factory=Metrics)
