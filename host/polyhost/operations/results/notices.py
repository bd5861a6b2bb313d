"""How the owner is told."""

from __future__ import annotations

from typing_extensions import TypedDict

from polyhost.operations.results.common import Failure


class TriedWay(TypedDict):
    """One way of telling the owner; `problem` null: it got there."""

    way: str
    problem: Failure | None


class Notified(TypedDict):
    """Every way that is set, tried."""

    ways: list[TriedWay]
