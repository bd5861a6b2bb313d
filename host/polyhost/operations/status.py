"""How connections are: evidence gathered, projected, handed on as it is.

Must not know: what any of it means (`coverage` judges), how it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.coverage.health_json import HealthJson
from polyhost.operations.fields import Names, argument
from polyhost.operations.operation import Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.operations.context import Context
    from polyhost.store.base import ConnectionRow, Store

__all__ = ["AllHealth", "StatusRequest", "status"]


class AllHealth(TypedDict):
    """The health of every connection."""

    connections: list[HealthJson]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    name: str | None = argument(
        "The connection. Default: every one.", metavar="[NAME]", default=None, names=Names.CONNECTION
    )


@operation(
    "status",
    "Show how each connection is: what works, how far it reaches, and what only you can do.",
    section=Section.FIRST_STEPS,
    details="Six things are judged apart: whether runs work, how much is covered, how fresh that is, when runs start, "
    "whether the site accepts you, and whether it runs on this machine. Only what needs you is listed as such, with "
    "the command to type.",
    examples=("polyhost status", "polyhost status slack", "polyhost status slack --json | jq .next_actions"),
    routes=(
        Route("GET", "/v1/health", hidden=("name",), result=AllHealth),
        Route("GET", "/v1/connections/{name}/health", result=HealthJson),
    ),
)
async def status(context: Context, request: StatusRequest) -> Result[HealthJson | AllHealth]:
    """The named connection's health; without a name, everyone's. Being unwell is a finding, not a failed command."""
    if request.name is None and not context.has_store:
        return Result(AllHealth(connections=[]))
    async with context.store(create=False) as store:
        if request.name is not None:
            return Result(await _health(context, store, await context.connection(store, request.name)))
        rows = await store.connections.all()
        return Result(AllHealth(connections=[await _health(context, store, row) for row in rows]))


async def _health(context: Context, store: Store, row: ConnectionRow) -> HealthJson:
    from polyhost.coverage.health import project
    from polyhost.engine.health.connection_history import ConnectionHistory
    from polyhost.engine.health.evidence import gather
    from polyhost.engine.schedule.schedules import current_outlook

    history = ConnectionHistory(store, row, context.home)
    schedule = (await current_outlook(history, context.clock.moment())).as_evidence()
    evidence = await gather(history, schedule)
    return project(evidence, context.clock.iso()).as_json()
