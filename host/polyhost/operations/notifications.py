"""Trying out how the owner is notified.

Must not know: how any notification is sent, or when they are otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, ExitStatus, Failure, PolyhostError, RefusedError
from polyhost.operations.operation import Group, Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.engine.notices.channels import Channel
    from polyhost.operations.context import Context

__all__ = ["Notified", "NotifyTestRequest", "TriedWay", "test"]

_GROUP = Group("notify", "Being told when you are needed.", Section.UPKEEP)


class TriedWay(TypedDict):
    """One way of telling the owner; `problem` null: it got there."""

    way: str
    problem: Failure | None


class Notified(TypedDict):
    """Every way that is set, tried."""

    ways: list[TriedWay]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyTestRequest:
    pass


@operation(
    "test",
    "Send a notification the way the settings say, to see whether it arrives.",
    group=_GROUP,
    examples=("polyhost notify test",),
    routes=(Route("POST", "/v1/notifications/test"),),
    refusals=(ErrorCode.NO_NOTIFICATIONS,),
)
async def test(context: Context, request: NotifyTestRequest) -> Result[Notified]:
    """Send one by every way that is set. Fails where one of them did not get there."""
    from polyhost.engine.notices.channels import channels
    from polyhost.engine.settings.config import load_config

    del request
    ways = channels(load_config(context.home).notify)
    if not ways:
        raise RefusedError(
            "no way to notify you is configured",
            'Set desktop = true or webhook = "https://ntfy.sh/TOPIC" in [notify]; polyhost config path says where.',
            code=ErrorCode.NO_NOTIFICATIONS,
        )
    tried = [TriedWay(way=way.name, problem=await _try(way)) for way in ways]
    failed = any(each["problem"] for each in tried)
    return Result(Notified(ways=tried), ExitStatus.FAILED if failed else ExitStatus.COMPLETE)


async def _try(way: Channel) -> Failure | None:
    from polyhost.engine.notices.channels import Notice

    try:
        await way.send(Notice(title="polyhost: a test", text="This is how you are told when a connection needs you."))
    except PolyhostError as error:
        return error.as_json()
    return None
