"""When connections are collected by themselves: shown, chosen, paused.

Owns: what an owner may choose, and refusing what the source does not allow. Must not know: how what is due is decided,
who starts it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from polyhost.coverage.access import of_schedule
from polyhost.coverage.conditions import Raising
from polyhost.engine.hosting.server_lock import is_on_duty
from polyhost.engine.schedule.schedules import NO_QUIET_HOURS, Choice, Mode, Outlook, load_choice, outlook, save_choice
from polyhost.engine.settings.config import load_config
from polyhost.engine.settings.quiet_hours import read_quiet_hours
from polyhost.errors import RefusedError
from polyhost.humanize import every
from polyhost.instants import is_past, later, utc
from polyhost.operations.context import Context
from polyhost.operations.parsing import duration
from polyhost.operations.registry import Result
from polyhost.operations.requests import (
    SchedulePauseRequest,
    ScheduleResumeRequest,
    ScheduleSetRequest,
    ScheduleShowRequest,
)
from polyhost.store.base import ConnectionRow, Store

__all__ = ["look", "pause", "resume", "set_schedule", "show"]


async def show(context: Context, request: ScheduleShowRequest) -> Result:
    """One connection's schedule, or everyone's."""
    if request.name is None and not context.has_store:
        return Result({"connections": []})
    async with context.store(create=False) as store:
        if request.name is not None:
            return Result(await _shown(context, store, await context.connection(store, request.name)))
        return Result({"connections": [await _shown(context, store, row) for row in await store.connections.all()]})


async def set_schedule(context: Context, request: ScheduleSetRequest) -> Result:
    """Let it run at an interval, only by hand, or as the source recommends; and when never."""
    chosen = [word for word, said in (("--every", request.every), ("--manual", request.manual)) if said]
    chosen += ["--default"] if request.default else []
    if len(chosen) > 1:
        raise RefusedError(f"{' and '.join(chosen)} exclude each other", "Say one of them.", code="bad_request")
    if not chosen and request.quiet_hours is None:
        raise RefusedError(
            "nothing was said to change", "Say --every 6h, --manual, --default or --quiet-hours.", code="bad_request"
        )
    quiet = None if request.quiet_hours is None else _quiet_hours(request.quiet_hours)
    async with context.store(create=False) as store:
        row = await context.connection(store, request.name)
        found = await look(context, store, row)
        choice = _mode(found, request, row)
        if quiet is not None:
            choice = replace(choice, quiet_hours=quiet)
        await save_choice(store, row, replace(choice, changed_at=context.clock.iso()))
        return Result(await _shown(context, store, row))


async def pause(context: Context, request: SchedulePauseRequest) -> Result:
    """No run starts by itself until that time, or until it is resumed. Runs the owner starts are no one else's."""
    until = None if request.until is None else _moment(request.until, context)
    async with context.store(create=False) as store:
        row = await context.connection(store, request.name)
        choice = await load_choice(store, row)
        changed = replace(choice, paused=True, paused_until=until, changed_at=context.clock.iso())
        await save_choice(store, row, changed)
        return Result(await _shown(context, store, row))


async def resume(context: Context, request: ScheduleResumeRequest) -> Result:
    """Take a pause back. What was due meanwhile comes to one run."""
    async with context.store(create=False) as store:
        row = await context.connection(store, request.name)
        choice = await load_choice(store, row)
        changed = replace(choice, paused=False, paused_until=None, changed_at=context.clock.iso())
        await save_choice(store, row, changed)
        return Result(await _shown(context, store, row))


async def look(context: Context, store: Store, row: ConnectionRow) -> Outlook:
    """The connection's schedule now."""
    settings = load_config(context.home).schedule
    served = is_on_duty(context.home)
    return await outlook(store, row, context.home, settings, now=context.clock.now(), served=served)


async def _shown(context: Context, store: Store, row: ConnectionRow) -> dict[str, Any]:
    found = await look(context, store, row)
    evidence = found.as_evidence()
    told = of_schedule(evidence, Raising(row.name, row.source))
    return {
        "connection": row.name,
        "status": told.rule.status,
        "reason": told.rule.reason,
        "message": told.message,
        "mode": str(found.choice.mode),
        "policy": str(evidence.policy),
        "every_seconds": evidence.every_seconds,
        "recommended_seconds": found.recommended.every_seconds if found.recommended.possible else None,
        "least_seconds": found.recommended.least_seconds if found.recommended.possible else None,
        "background_safe": found.recommended.background_safe,
        "interaction": found.recommended.interaction,
        "quiet_hours": None if found.plan.quiet is None else str(found.plan.quiet),
        "time_zone": str(found.plan.zone),
        "paused": evidence.paused,
        "paused_until": evidence.paused_until,
        "next_due": evidence.next_due,
        "failures": evidence.failures,
        "served": found.served,
        "changed_at": found.choice.changed_at,
    }


def _mode(found: Outlook, request: ScheduleSetRequest, row: ConnectionRow) -> Choice:
    if request.default:
        return replace(found.choice, mode=Mode.DEFAULT, every_seconds=None, quiet_hours=None)
    if request.manual:
        return replace(found.choice, mode=Mode.MANUAL, every_seconds=None)
    if request.every is None:
        return found.choice
    if not found.recommended.possible:
        raise RefusedError(
            f"{row.name} cannot run by itself: there is no site it is collected from",
            "Its files are imported as they come, with connect --watch.",
            code="nothing_to_schedule",
        )
    seconds, least = duration(request.every), found.recommended.least_seconds
    if seconds < least:
        raise RefusedError(
            f"{row.source} is not to be collected more often than {every(least)}",
            f"Say at least --every {least}s.",
            code="too_often",
        )
    return replace(found.choice, mode=Mode.AUTOMATIC, every_seconds=seconds)


def _quiet_hours(text: str) -> str:
    return NO_QUIET_HOURS if text.strip() == NO_QUIET_HOURS else str(read_quiet_hours(text))


def _moment(text: str, context: Context) -> str:
    now = context.clock.iso()
    until = later(text, 0) if utc(text) is not None else later(now, duration(text))
    if until is None or not is_past(now, until):
        raise RefusedError(
            f"{text!r} is no time to come", "Give one as 2026-12-24T18:00, a date, or how long: 3d.", code="bad_time"
        )
    return until
