"""A run that goes on, in whatever process: cancelled, paused, resumed.

Owns: these acts of the owner. Must not know: how a run is reached, what it does about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations import shared_fields as common
from polyhost.operations.operation import Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.engine.control.run_control import RunControl
    from polyhost.operations.context import Context

__all__ = [
    "CancelRequest",
    "Cancelling",
    "PauseRequest",
    "Pausing",
    "ResumeRequest",
    "Resuming",
    "cancel",
    "pause",
    "resume",
]


class Cancelling(TypedDict):
    """`cancelling`: it was asked to stop, and keeps what it has read."""

    run_id: str
    cancelling: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    run: str = common.going_run()


@operation(
    "cancel",
    "Ask a run in another process to stop and keep what it has read.",
    section=Section.UPKEEP,
    details="The run stops taking more, keeps what it has read, and says so in its receipt.",
    examples=("polyhost cancel slack", "polyhost cancel run_019a…"),
    routes=(Route("POST", "/v1/runs/{run}/cancel", 202),),
    refusals=(ErrorCode.NOT_RUNNING, ErrorCode.RUN_SILENT),
)
async def cancel(context: Context, request: CancelRequest) -> Result[Cancelling]:
    """Ask a run to stop, in whatever process it goes on; what it has read is kept."""
    from polyhost.operations.other_processes import reached

    async with reached(context, request.run) as run:
        _done(await run.cancel(), run)
    return Result(Cancelling(run_id=run.run_id, cancelling=True))


class Pausing(TypedDict):
    """`pausing`: it was asked to wait; its events tell of it, and its details."""

    run_id: str
    pausing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequest:
    run: str = common.going_run()


@operation(
    "pause",
    "Let a run wait: nothing more is asked of the site until it is resumed.",
    section=Section.UPKEEP,
    details="What is under way is finished and kept; then the run waits, with its browser open and its connection "
    "held. It can be cancelled all the while; after an hour it is "
    "ended as if it had been. A question it asked keeps its deadline. To start no runs at all: schedule pause.",
    examples=("polyhost pause slack", "polyhost pause run_019a…"),
    routes=(Route("POST", "/v1/runs/{run}/pause", 202),),
    refusals=(ErrorCode.NOT_RUNNING, ErrorCode.RUN_SILENT),
)
async def pause(context: Context, request: PauseRequest) -> Result[Pausing]:
    """From the answer on no permit is given. One that is paused already stays so."""
    from polyhost.operations.other_processes import reached

    async with reached(context, request.run) as run:
        _done(await run.pause(), run)
    return Result(Pausing(run_id=run.run_id, pausing=True))


class Resuming(TypedDict):
    """`resuming`: it was asked to go on where it was."""

    run_id: str
    resuming: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    run: str = common.going_run()


@operation(
    "resume",
    "Let a run that is paused go on exactly where it was.",
    section=Section.UPKEEP,
    examples=("polyhost resume slack", "polyhost resume run_019a…"),
    routes=(Route("POST", "/v1/runs/{run}/resume", 202),),
    refusals=(ErrorCode.NOT_RUNNING, ErrorCode.RUN_SILENT),
)
async def resume(context: Context, request: ResumeRequest) -> Result[Resuming]:
    """One that is not paused goes on as it did."""
    from polyhost.operations.other_processes import reached

    async with reached(context, request.run) as run:
        _done(await run.resume(), run)
    return Result(Resuming(run_id=run.run_id, resuming=True))


def _done(done: bool, run: RunControl) -> None:
    if done:
        return
    from polyhost.operations.other_processes import silent

    if run.is_alive:
        raise silent(run.run_id)
    raise RefusedError(f"run {run.run_id!r} has just ended", "See: polyhost runs NAME", code=ErrorCode.NOT_RUNNING)
