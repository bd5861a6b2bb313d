"""What operations on connections answer with."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from polyhost.operations.results.common import Nature, RunState


class LastRun(TypedDict):
    run_id: str
    status: RunState
    started_at: str


class Connection(TypedDict):
    name: str
    source: str
    nature: Nature
    disconnected_at: str | None
    created_at: str
    records: int
    last_run: LastRun | None


class Connections(TypedDict):
    connections: list[Connection]


class Disconnected(TypedDict):
    connection: str
    data: Literal["kept", "deleted"]
    records: int


class Renamed(TypedDict):
    connection: str
    was: str
    notes: list[str]
