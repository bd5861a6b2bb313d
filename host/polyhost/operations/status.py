"""How connections are: evidence gathered, projected, handed on as it is.

Must not know: what any of it means (`coverage` judges), how it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from polyhost.coverage.evidence import Hold, Policy
from polyhost.coverage.extent import Extent
from polyhost.coverage.signals import Axis, By, SignalSeverity
from polyhost.coverage.verdict import Verdict
from polyhost.operations.coverage import StreamSummary
from polyhost.operations.fields import Names, argument
from polyhost.operations.operation import Result, Route, Section, operation
from polyhost.operations.shared_results import Nature, RunState

if TYPE_CHECKING:
    from polyhost.operations.context import Context
    from polyhost.store.base import ConnectionRow, Store

__all__ = ["AllHealth", "Health", "StatusRequest", "status"]


class Action(TypedDict):
    """Something the owner can type, and why. `since`: since when without a break; null where that cannot be told."""

    reason: str
    message: str
    sentence: str
    command: str
    since: str | None


class _LastEnded(TypedDict):
    id: str | None
    receipt: str | None


class CollectionEvidence(_LastEnded, total=False):
    """The last run or import that ended, and the sentence of its receipt. Null, and no more, where there was none."""

    status: RunState
    ended_at: str | None


class CollectionAxis(TypedDict):
    """Whether runs work."""

    status: Literal["needs_owner", "failing", "interrupted", "ok", "unknown"]
    evidence: CollectionEvidence
    since: str | None


class CoverageEvidence(TypedDict, total=False):
    """Partitions of all streams, by how far they are covered; nothing where no stream has partitions."""

    partitions: int
    missing: int
    untouched: int
    partial: int
    imported: int
    limited: int
    complete: int
    retired: int


class CoverageAxis(TypedDict):
    """How much is covered. `since`: when it was last looked at."""

    status: Literal["partial", "unproven", "limited", "complete"]
    evidence: CoverageEvidence
    since: str | None


class FreshnessEvidence(TypedDict):
    """As of when the data is known, when that goes stale, and whether it is known from files alone."""

    as_of: str | None
    stale_at: str | None
    from_files: bool
    maximum_staleness_seconds: int | None


class FreshnessAxis(TypedDict):
    """How fresh it is."""

    status: Literal["stale", "fresh", "unknown"]
    evidence: FreshnessEvidence
    since: str | None


class ScheduleEvidence(TypedDict):
    """When the next run starts by itself. `hold`: what it waits for; `failures`: how many in a row."""

    policy: Policy
    every_seconds: int | None
    paused: bool
    paused_until: str | None
    next_due: str | None
    hold: Hold | None
    failures: int


class ScheduleAxis(TypedDict):
    """Who starts runs. `since`: when its present plan was made."""

    status: Literal["paused", "waiting", "off", "automatic", "manual"]
    evidence: ScheduleEvidence
    since: str | None


class CredentialsEvidence(TypedDict):
    """When the session was saved, and when the source last took it."""

    session_saved_at: str | None
    last_contact: str | None


class CredentialsAxis(TypedDict):
    """Whether the source accepts its owner."""

    status: Literal["disconnected", "needs_owner", "ok", "unknown"]
    evidence: CredentialsEvidence
    since: str | None


class RuntimeEvidence(TypedDict):
    """The last run or import that ended, and the code of the error it ended with."""

    id: str | None
    error_code: str | None


class RuntimeAxis(TypedDict):
    """Whether it runs on this machine."""

    status: Literal["failing", "ok", "unknown"]
    evidence: RuntimeEvidence
    since: str | None


class Axes(TypedDict):
    """What is judged apart: each with its status, the facts it was judged by, and since when it is so."""

    collection: CollectionAxis
    coverage: CoverageAxis
    freshness: FreshnessAxis
    schedule: ScheduleAxis
    credentials: CredentialsAxis
    runtime: RuntimeAxis


class Remediation(TypedDict):
    """Who can mend it, and by what. `command` null: no command does."""

    by: By
    sentence: str
    command: str | None


class Condition(TypedDict):
    """A claim that holds, does not, or cannot be told. `reason` says why, by a stable code, `message` in words;
    docs/health.md has the table."""

    axis: Axis
    type: Literal["collected", "covered", "fresh", "scheduled", "signed_in", "runtime_ready"]
    status: Literal["true", "false", "unknown"]
    severity: SignalSeverity
    reason: str
    message: str
    origin: str
    observed_at: str | None
    stream: str | None
    count: int | None
    code: str | None
    remediation: Remediation | None


class PartitionReach(TypedDict):
    """How far one partition reaches. `covered_through` null: nothing of it, or its positions are no times."""

    key: str
    extent: Extent
    covered_through: str | None


class StreamHealth(TypedDict):
    """One stream. `partitions` null: it has none. `reach`: the partitions to look at first; coverage has them all."""

    records: int
    deleted: int
    partitions: StreamSummary | None
    covered_through: str | None
    reach: list[PartitionReach]


class Running(TypedDict):
    """The run that goes on. `paused`: its owner lets it wait; `asked_since`: since when it waits for their answer."""

    run_id: str
    paused: bool
    asked_since: str | None


class Health(TypedDict):
    """How a connection is. `next_actions`: what only its owner can do, each command once; `needs_you` is their number.
    `suggestions`: what would help and can wait. `running`: the run that goes on now. A surface shows
    all of it as it is."""

    connection: str
    source: str
    nature: Nature
    verdict: Verdict
    summary: str
    covered_through: str | None
    needs_you: int
    next_actions: list[Action]
    suggestions: list[Action]
    axes: Axes
    conditions: list[Condition]
    running: Running | None
    streams: dict[str, StreamHealth]


class AllHealth(TypedDict):
    """The health of every connection."""

    connections: list[Health]


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
        Route("GET", "/v1/connections/{name}/health", result=Health),
    ),
)
async def status(context: Context, request: StatusRequest) -> Result[Health | AllHealth]:
    """The named connection's health; without a name, everyone's. Being unwell is a finding, not a failed command."""
    if request.name is None and not context.has_store:
        return Result(AllHealth(connections=[]))
    async with context.store(create=False) as store:
        if request.name is not None:
            return Result(await _health(context, store, await context.connection(store, request.name)))
        rows = await store.connections.all()
        return Result(AllHealth(connections=[await _health(context, store, row) for row in rows]))


async def _health(context: Context, store: Store, row: ConnectionRow) -> Health:
    from polyhost.coverage.health import project
    from polyhost.engine.health.connection_history import ConnectionHistory
    from polyhost.engine.health.evidence import gather
    from polyhost.engine.schedule.schedules import current_outlook

    history = ConnectionHistory(store, row, context.home)
    schedule = (await current_outlook(history, context.clock.moment())).as_evidence()
    evidence = await gather(history, schedule)
    return Health(**project(evidence, context.clock.iso()).as_json())
