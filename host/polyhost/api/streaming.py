"""A run's events as server-sent events: numbered, resumable, with a sign of life while nothing happens.

Owns: their names and fields on the wire, and that a slow reader delays nobody. Must not know: what they mean.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict

import orjson
from aiohttp import web
from aiohttp_sse import EventSourceResponse

from polyhost.api.guards import SIGN_IN
from polyhost.api.surface import Surface
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations import events, hosted
from polyhost.operations.events import RunEvent
from polyhost.operations.runs import RunDetailsRequest, follow

__all__ = ["event_name", "stream_events"]

HEARTBEAT_SECONDS = 15.0
"""Between two signs of life: proxies and browsers give a silent connection up after 30 to 60 s."""
SEND_SECONDS = 30.0
"""A reader that takes nothing for so long has gone."""
LEAST_SECONDS = 0.1
"""Between two bursts to one reader. What comes meanwhile is there in its newest form: a fast run does not drown a
page."""
MOST_STREAMS = 2_000
"""Event streams at once: each holds a socket."""
LOOK_SECONDS = 10.0
"""Between two looks whether a sign-in has expired. One that is ended is told at once."""
RETRY_MILLISECONDS = 2_000
NO_MORE = 204
"""Tells an EventSource not to come back."""
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def event_name(kind: type[RunEvent]) -> str:
    """RunStarted is run_started."""
    return _CAPITAL.sub("_", kind.__name__).lower()


async def stream_events(surface: Surface, request: web.Request, asked: RunDetailsRequest) -> web.StreamResponse:
    """From the event after Last-Event-ID on, to the run's last one. A run that is known by nobody any more has one:
    how it ended."""
    after = _after(request)
    timeline = await hosted.timeline(surface.context(), asked.run)
    if timeline is None:
        ended = (await follow(surface.context(), asked)).value
        if after:
            return web.Response(status=NO_MORE)
        return await _tell_end(request, ended["result"])
    if timeline.over and after >= timeline.last:
        return web.Response(status=NO_MORE)
    if surface.metrics.open_streams >= MOST_STREAMS:
        raise RefusedError(
            "too many event streams are open", "Close some, or come back.", code=ErrorCode.TOO_MANY_STREAMS
        )
    with surface.metrics.streaming():
        async with _opened(request) as response, _while_signed_in(surface, request):
            async for number, event in timeline.follow(after if after <= timeline.last else 0):
                await response.send(_data(event), id=str(number), event=event_name(type(event)))
                if number == timeline.last and not timeline.over:
                    await asyncio.sleep(LEAST_SECONDS)
        return response


async def _tell_end(request: web.Request, result: object) -> web.StreamResponse:
    async with _opened(request) as response:
        data = orjson.dumps({"result": result}).decode()
        await response.send(data, id="1", event=event_name(events.RunFinished))
    return response


class _opened:  # noqa: N801  a context manager with no name of its own outside this file
    """An event stream that is open inside the block."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response = EventSourceResponse(send_timeout=SEND_SECONDS, ping_interval=HEARTBEAT_SECONDS)

    async def __aenter__(self) -> EventSourceResponse:
        await self._response.prepare(self._request)
        await self._response.write(f"retry: {RETRY_MILLISECONDS}\r\n\r\n".encode())
        return self._response

    async def __aexit__(self, *failure: object) -> None:
        self._response.stop_streaming()
        await self._response.wait()


@asynccontextmanager
async def _while_signed_in(surface: Surface, request: web.Request) -> AsyncGenerator[None]:
    """The block is left as soon as the sign-in has ended, whichever way, that the request came with. One that came with
    the token is not: another token is that of another process."""
    sign_in = request.get(SIGN_IN)
    if sign_in is None:
        yield
        return
    loop, sign_ins, scope = asyncio.get_running_loop(), surface.gate.sign_ins, asyncio.timeout(None)

    def look() -> None:
        if not sign_ins.lasts(sign_in) and scope.when() is None:
            scope.reschedule(loop.time())

    def look_and_again() -> None:
        nonlocal timer
        look()
        timer = loop.call_later(LOOK_SECONDS, look_and_again)

    timer = loop.call_later(LOOK_SECONDS, look_and_again)
    sign_ins.watchers.add(look)
    try:
        async with scope:
            look()
            yield
    except TimeoutError:
        if not scope.expired():
            raise
    finally:
        sign_ins.watchers.discard(look)
        timer.cancel()


def _data(event: RunEvent) -> str:
    return orjson.dumps(asdict(event)).decode()


def _after(request: web.Request) -> int:
    text = request.headers.get("Last-Event-ID", "0")
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise RefusedError("Last-Event-ID is not a number that was sent", "Leave it out.", code=ErrorCode.BAD_REQUEST)
    return int(text)
