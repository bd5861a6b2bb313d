"""Connections as this server takes them: the library's, with nothing of a client in a log, an answer or an error.

Owns: what the library does below every middleware (malformed requests, deadlines, errors that nobody caught), done here
instead. Must not know: routes, whose a request is, what is wrong with one (`malformed`), who may stay (`connections`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from aiohttp.web import AppRunner, BaseRequest, Request, RequestHandler, RequestPayloadError, Server, StreamResponse

from polyhost.api.guards import ADMIT
from polyhost.server.connections import Connections
from polyhost.server.malformed import Kind, MalformedError, StrictParser, answer_to, broken

__all__ = ["HEAD_SECONDS", "DoorRunner"]

_log = logging.getLogger(__name__)

HEAD_SECONDS = 15.0
"""From a connection's beginning, or its last answer, to the end of a request's head: slower ones are closed."""
LINGER_SECONDS = 2.0
"""How long the body of a request is read that was answered without it."""


class Door(RequestHandler):
    """One connection."""

    __slots__ = ("_connections", "_strict")

    def __init__(self, server: DoorServer, connections: Connections, **settings: Any) -> None:
        super().__init__(server, **settings)
        self._connections = connections
        self._strict = StrictParser(self._parser, heard=self._heard, spoiled=self._spoiled)
        self._parser = cast("Any", self._strict)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From now on a stranger's."""
        super().connection_made(transport)
        self._connections.arrived(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is gone."""
        self._connections.left(self)
        if self._strict.begun:
            self._connections.note(Kind.UNFINISHED)
        super().connection_lost(exc)

    def drop(self) -> None:
        """End it now."""
        if self.transport is not None:
            self.transport.abort()

    def admit(self) -> None:
        """It is the owner's."""
        self._connections.admitted(self)

    async def finish_response(
        self, request: BaseRequest, resp: StreamResponse, start_time: float | None
    ) -> tuple[StreamResponse, bool]:
        """Send it; then wait for the next request."""
        sent = await super().finish_response(request, resp, start_time)
        if self.transport is not None and not self._messages:
            self._connections.rests(self)
        return sent

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> StreamResponse:
        """Answer what is no request; and what broke, without a word of what it was about."""
        del message
        if isinstance(exc, MalformedError):
            self._connections.note(exc.kind)
            return answer_to(exc.kind)
        if isinstance(exc, RequestPayloadError):
            return answer_to(Kind.BODY)
        self.log_exception("", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was begun, and cannot be finished")
        return broken(status)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Where it broke, and nothing else."""
        del args
        error = kw.get("exc_info")
        if not isinstance(error, RequestPayloadError):  # that was noted as it came
            _log.error("an answer failed in a way that is a bug", exc_info=error)

    def _heard(self) -> None:
        self._connections.works(self)

    def _spoiled(self, kind: Kind) -> None:
        self._connections.note(Kind.BODY if kind is Kind.MESSAGE else kind)
        self.close()


class DoorServer(Server):
    """Makes a Door of each connection."""

    def __init__(self, made: Server, connections: Connections, **settings: Any) -> None:
        super().__init__(self._handle, request_factory=made.request_factory, handler_cancellation=True, **settings)
        self._answer = made.request_handler
        self._ours = connections
        self._settings = settings

    def __call__(self) -> RequestHandler:
        """One connection."""
        return Door(self, self._ours, loop=asyncio.get_running_loop(), **self._settings)

    async def _handle(self, request: BaseRequest) -> StreamResponse:
        request = cast("Request", request)
        request[ADMIT] = cast("Door", request.protocol).admit
        return await self._answer(request)


class DoorRunner(AppRunner):
    """Runs an application behind such doors. `head`: HEAD_SECONDS, or what a test waits for."""

    def __init__(self, app: Any, *, connections: Connections, head: float, shutdown_timeout: float) -> None:
        super().__init__(app, access_log=None, handle_signals=False, shutdown_timeout=shutdown_timeout)
        self._behind = connections
        self._head = head

    async def _make_server(self) -> Server:
        made = await super()._make_server()
        return DoorServer(
            made,
            self._behind,
            access_log=None,
            keepalive_timeout=self._head,
            lingering_time=LINGER_SECONDS,
            auto_decompress=False,
        )
