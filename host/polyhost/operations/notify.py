"""Trying out notifications.

Must not know: how any of them is sent, or when they are otherwise.
"""

from __future__ import annotations

from typing import Any

from polyhost.engine.notices.channels import Channel, Notice, channels
from polyhost.engine.settings.config import load_config
from polyhost.errors import ErrorCode, PolyhostError, RefusedError
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.requests import NotifyTestRequest

__all__ = ["test"]

FAILED = 1
_NOTICE = Notice(title="polyhost: a test", text="This is how you are told when a connection needs you.")


async def test(context: Context, request: NotifyTestRequest) -> Result[Any]:
    """Send one by every way that is set. Fails where one of them did not get there."""
    del request
    ways = channels(load_config(context.home).notify)
    if not ways:
        raise RefusedError(
            "no way to notify you is set",
            'Set desktop = true or webhook = "https://ntfy.sh/TOPIC" in [notify]; polyhost config path says where.',
            code=ErrorCode.NO_NOTIFICATIONS,
        )
    tried = [{"way": way.name, "problem": await _try(way)} for way in ways]
    return Result({"ways": tried}, exit_code=FAILED if any(each["problem"] for each in tried) else 0)


async def _try(way: Channel) -> dict[str, Any] | None:
    try:
        await way.send(_NOTICE)
    except PolyhostError as error:
        return {"code": error.code, "reason": error.reason, "instruction": error.instruction}
    return None
