"""What operations on connections answer with."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from polyhost.operations.shared_results import Nature, RunState


class LastRun(TypedDict):
    """The newest run of a connection."""

    run_id: str
    status: RunState
    started_at: str


class Connection(TypedDict):
    """One source with one account. `disconnected_at`: since when its session is forgotten and its data kept;
    null where it is connected. `records`: how many it holds. `watches`: the folder whose files it imports."""

    name: str
    source: str
    nature: Nature
    disconnected_at: str | None
    created_at: str
    records: int
    watches: str | None
    last_run: LastRun | None


class Connections(TypedDict):
    """Everything that is connected, or was and is kept."""

    connections: list[Connection]


class Disconnected(TypedDict):
    """What became of a connection's data; `records`: how many it held."""

    connection: str
    data: Literal["kept", "deleted"]
    records: int


class Renamed(TypedDict):
    """The new name, the old one, and what could not go along."""

    connection: str
    was: str
    notes: list[str]
