"""When connections run by themselves: shown, chosen, paused.

Owns: what an owner may choose, and refusing what the source does not allow. Must not know: how what is due is decided,
who starts it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from polyhost.engine.schedule.mode import Mode
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.fields import Names, argument, flag, option
from polyhost.operations.operation import Group, Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.engine.schedule.schedules import Choice, Outlook
    from polyhost.operations.context import Context
    from polyhost.store.base import ConnectionRow, Store

__all__ = [
    "Schedule",
    "SchedulePauseRequest",
    "ScheduleResumeRequest",
    "ScheduleSetRequest",
    "ScheduleShowRequest",
    "Schedules",
    "pause",
    "resume",
    "set_schedule",
    "show",
]

_GROUP = Group("schedule", "When connections run by themselves, while polyhost serve runs.", Section.UPKEEP)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleShowRequest:
    name: str | None = argument(
        "The connection. Default: every one.", metavar="[NAME]", default=None, names=Names.CONNECTION
    )


@operation(
    "show",
    "Show when each connection runs by itself, and what it waits for.",
    group=_GROUP,
    examples=("polyhost schedule show", "polyhost schedule show slack --json"),
    routes=(
        Route("GET", "/v1/schedules", hidden=("name",), result=Schedules),
        Route("GET", "/v1/connections/{name}/schedule", result=Schedule),
    ),
)
async def show(context: Context, request: ScheduleShowRequest) -> Result[Schedule | Schedules]:
    """One connection's schedule, or everyone's."""
    if request.name is None and not context.has_store:
        return Result(Schedules(connections=[]))
    async with context.store(create=False) as store:
        if request.name is not None:
            return Result(await _schedule(context, store, await context.connection(store, request.name)))
        rows = await store.connections.all()
        return Result(Schedules(connections=[await _schedule(context, store, row) for row in rows]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSetRequest:
    name: str = argument("The connection.", names=Names.CONNECTION)
    every: str | None = option("Run by itself this often: 90m, 6h, 1d.", metavar="TIME")
    manual: bool = flag("Run only when you start it.")
    default: bool = flag("Run as the source recommends, with the quiet hours of the settings.")
    quiet_hours: str | None = option(
        "When it never starts by itself, in your time zone; or none.", metavar="HH:MM-HH:MM"
    )


@operation(
    "set",
    "Choose how often a connection runs by itself, and when never.",
    group=_GROUP,
    examples=(
        "polyhost schedule set slack --every 6h",
        "polyhost schedule set slack --quiet-hours 22:00-07:00",
        "polyhost schedule set slack --manual",
    ),
    routes=(Route("PUT", "/v1/connections/{name}/schedule"),),
    refusals=(ErrorCode.TOO_OFTEN, ErrorCode.NOTHING_TO_SCHEDULE),
)
async def set_schedule(context: Context, request: ScheduleSetRequest) -> Result[Schedule]:
    """Let it run at an interval, only by hand, or as the source recommends; and when never."""
    from polyhost.engine.health.connection_history import ConnectionHistory
    from polyhost.engine.schedule.schedules import current_outlook, save_choice

    _check_choice(request)
    quiet = None if request.quiet_hours is None else _quiet_hours(request.quiet_hours)
    async with context.store(create=False) as store:
        row = await context.connection(store, request.name)
        history = ConnectionHistory(store, row, context.home)
        choice = _chosen(await current_outlook(history, context.clock.moment()), request, row)
        if quiet is not None:
            choice = replace(choice, quiet_hours=quiet)
        await save_choice(store, row, replace(choice, changed_at=context.clock.iso()))
        return Result(await _schedule(context, store, row))


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePauseRequest:
    name: str = argument("The connection.", names=Names.CONNECTION)
    until: str | None = option("Until then (ISO 8601), or for so long (3d). Default: until resumed.", metavar="TIME")


@operation(
    "pause",
    "Start no run of a connection by itself, until a time or until it is resumed.",
    group=_GROUP,
    examples=("polyhost schedule pause slack", "polyhost schedule pause slack --until 3d"),
    routes=(Route("POST", "/v1/connections/{name}/schedule/pause"),),
    refusals=(ErrorCode.BAD_TIME,),
)
async def pause(context: Context, request: SchedulePauseRequest) -> Result[Schedule]:
    """No run starts by itself until that time, or until it is resumed. Runs the owner starts are not touched."""
    until, lasts = (None, None) if request.until is None else _moment(request.until, context)
    return Result(await _set_paused(context, request.name, paused=True, until=until, lasts=lasts))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleResumeRequest:
    name: str = argument("The connection.", names=Names.CONNECTION)


@operation(
    "resume",
    "Take a pause back.",
    group=_GROUP,
    examples=("polyhost schedule resume slack",),
    routes=(Route("POST", "/v1/connections/{name}/schedule/resume"),),
)
async def resume(context: Context, request: ScheduleResumeRequest) -> Result[Schedule]:
    """Take a pause back. What was due meanwhile comes to one run."""
    return Result(await _set_paused(context, request.name, paused=False))


async def _set_paused(
    context: Context, name: str, *, paused: bool, until: str | None = None, lasts: float | None = None
) -> Schedule:
    from polyhost.engine.schedule.schedules import load_choice, save_choice
    from polyhost.instants import iso_from_seconds

    async with context.store(create=False) as store:
        row = await context.connection(store, name)
        choice = await load_choice(store, row)
        now = context.clock.moment()
        changed = replace(
            choice,
            paused=paused,
            paused_until=until,
            paused_for=lasts,
            changed_at=iso_from_seconds(now.wall),
            boot=now.boot,
            changed_up=now.up,
        )
        await save_choice(store, row, changed)
        return await _schedule(context, store, row)


async def _schedule(context: Context, store: Store, row: ConnectionRow) -> Schedule:
    from polyhost.coverage.access import of_schedule
    from polyhost.coverage.conditions import Raising
    from polyhost.engine.health.connection_history import ConnectionHistory
    from polyhost.engine.schedule.schedules import current_outlook

    outlook = await current_outlook(ConnectionHistory(store, row, context.home), context.clock.moment())
    evidence, recommended = outlook.as_evidence(), outlook.recommended
    condition = of_schedule(evidence, Raising(row.name, row.source))
    return Schedule(
        connection=row.name,
        status=condition.rule.status,
        reason=condition.rule.reason,
        message=condition.message,
        mode=outlook.choice.mode,
        policy=evidence.policy.value,
        every_seconds=evidence.every_seconds,
        recommended_seconds=recommended.every_seconds if recommended.possible else None,
        least_seconds=recommended.least_seconds if recommended.possible else None,
        background_safe=recommended.background_safe,
        interaction=recommended.interaction,
        quiet_hours=None if outlook.plan.quiet is None else str(outlook.plan.quiet),
        time_zone=str(outlook.plan.zone),
        paused=evidence.paused,
        paused_until=evidence.paused_until,
        next_due=evidence.next_due,
        failures=evidence.failures,
        served=outlook.served,
        changed_at=outlook.choice.changed_at,
    )


def _check_choice(request: ScheduleSetRequest) -> None:
    given = [name for name in ("every", "manual", "default") if getattr(request, name)]
    if len(given) > 1:
        both = " and ".join(f"--{name}" for name in given)
        raise RefusedError(f"{both} exclude each other", "Say one of them.", code=ErrorCode.BAD_REQUEST)
    if not given and request.quiet_hours is None:
        raise RefusedError(
            "no change was given",
            "Give --every 6h, --manual, --default or --quiet-hours.",
            code=ErrorCode.BAD_REQUEST,
        )


def _chosen(outlook: Outlook, request: ScheduleSetRequest, row: ConnectionRow) -> Choice:
    if request.default:
        return replace(outlook.choice, mode=Mode.DEFAULT, every_seconds=None, quiet_hours=None)
    if request.manual:
        return replace(outlook.choice, mode=Mode.MANUAL, every_seconds=None)
    if request.every is None:
        return outlook.choice
    return replace(outlook.choice, mode=Mode.AUTOMATIC, every_seconds=_interval(outlook, request.every, row))


def _interval(outlook: Outlook, text: str, row: ConnectionRow) -> int:
    from polyhost.humanize import every
    from polyhost.operations.parsing import duration

    if not outlook.recommended.possible:
        raise RefusedError(
            f"{row.name} cannot run by itself: there is no site it is collected from",
            "Its files are imported as they come, with connect --watch.",
            code=ErrorCode.NOTHING_TO_SCHEDULE,
        )
    seconds, least = duration(text), outlook.recommended.least_seconds
    if seconds < least:
        raise RefusedError(
            f"{row.source} is not to be collected more often than {every(least)}",
            f"Say at least --every {least}s.",
            code=ErrorCode.TOO_OFTEN,
        )
    return seconds


def _quiet_hours(text: str) -> str:
    from polyhost.engine.schedule.schedules import NO_QUIET_HOURS
    from polyhost.engine.settings.quiet_hours import read_quiet_hours

    return NO_QUIET_HOURS if text.strip() == NO_QUIET_HOURS else str(read_quiet_hours(text))


def _moment(text: str, context: Context) -> tuple[str, float | None]:
    """Until when, and how many seconds that is where the owner said it so."""
    from polyhost.instants import is_past, later, utc
    from polyhost.operations.parsing import duration

    now = context.clock.iso()
    lasts = None if utc(text) is not None else duration(text)
    until = later(text, 0) if lasts is None else later(now, lasts)
    if until is None or not is_past(now, until):
        raise RefusedError(
            f"{text!r} is not in the future",
            "Give a time as 2026-12-24T18:00, a date, or how long: 3d.",
            code=ErrorCode.BAD_TIME,
        )
    return until, lasts
