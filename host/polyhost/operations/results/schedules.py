"""When a connection collects by itself, and how its owner is told."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from polyhost.engine.schedules import Mode
from polyhost.operations.results.common import Failure


class Schedule(TypedDict):
    connection: str
    status: str
    reason: str
    message: str
    mode: Mode
    policy: Literal["manual", "automatic"]
    every_seconds: int | None
    recommended_seconds: int | None
    least_seconds: int | None
    background_safe: bool
    interaction: str | None
    quiet_hours: str | None
    time_zone: str
    paused: bool
    paused_until: str | None
    next_due: str | None
    failures: int
    served: bool
    changed_at: str | None


class Schedules(TypedDict):
    connections: list[Schedule]


class TriedWay(TypedDict):
    way: str
    problem: Failure | None


class Notified(TypedDict):
    ways: list[TriedWay]
