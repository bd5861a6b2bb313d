"""When a connection collects by itself, and how its owner is told."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from polyhost.engine.schedule.schedules import Mode
from polyhost.operations.results.common import Failure


class Schedule(TypedDict):
    """When a connection runs by itself. `status`, `reason` and `message` are those of its health. `recommended_seconds`
    and `least_seconds`: what its source says; null where there is no site. `served`: a `polyhost serve` is running."""

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
    """The schedule of every connection."""

    connections: list[Schedule]


class TriedWay(TypedDict):
    """One way of telling the owner; `problem` null: it got there."""

    way: str
    problem: Failure | None


class Notified(TypedDict):
    """Every way that is set, tried."""

    ways: list[TriedWay]
