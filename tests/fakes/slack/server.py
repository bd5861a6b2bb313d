"""The fake Slack on a loopback port: TLS, routing by Host, and the handle a test holds.

    async with FakeSlack(scenarios.small()) as slack:
        browser = await chromium.launch(args=slack.chromium_args)
        context = await browser.new_context(storage_state=slack.storage_state(), ignore_https_errors=True)

Must not know: what any method answers.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from email.utils import formatdate
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from fakes.slack import ts as timestamps
from fakes.slack.api import Api, ApiRequest, Reply
from fakes.slack.behaviour import Behaviour
from fakes.slack.control import CONTROL_PATH, answer_control
from fakes.slack.cors import api_headers
from fakes.slack.faults import Action, Drop, Fault, Faults, Hold, Slow
from fakes.slack.file_host import FileHost
from fakes.slack.log import RequestLog, Seen
from fakes.slack.pages import Pages
from fakes.slack.session import COOKIE_LIFE, Session
from fakes.slack.sign_in import IDENTITY_HOST, Door
from fakes.slack.views import Page
from fakes.slack.world import Workspace

__all__ = ["FakeSlack", "serving", "usual_port"]

LOOPBACK = "127.0.0.1"
CLIENT_HOST, FILE_HOST, SIGN_IN_HOST = "app.slack.com", "files.slack.com", "slack.com"
NAMES = ("slack.com", "*.slack.com", "app.slack.com", "files.slack.com", IDENTITY_HOST)
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
BODY_LIMIT = 4 * 1024 * 1024  # bytes; no client sends more, and nobody fills the memory
BROKEN_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/js"  # a head that never ends: no browser retries this by itself
)


@cache
def usual_port() -> int:
    """One port for all fakes of this process that follow one another, so that a browser kept between tests finds each
    of them where it was told."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        return free.getsockname()[1]


class FakeSlack:
    """One or more workspaces behind app.slack.com and <domain>.slack.com. The first is the one the client opens."""

    def __init__(
        self, *worlds: Workspace, port: int = 0, behaviour: Behaviour | None = None, faults: tuple[Fault, ...] = ()
    ) -> None:
        if not worlds:
            raise ValueError("a fake Slack needs at least one workspace")
        self.world = worlds[0]
        self.port = port
        self.behaviour = behaviour or Behaviour()
        self.faults = Faults(*faults)
        self.log = RequestLog()
        self.files = FileHost()
        self.session = Session(worlds)
        self._api = Api(self.session, self.behaviour, self.faults, self.log)
        self.door = Door()
        self.extra_cookies: dict[str, str] = {}
        """Set with every page: cookies a site hands out while it is used."""
        self._pages = Pages(self.session, self.behaviour, self.door)
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self._authority = trustme.CA()

    # life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._handle)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*NAMES).configure_cert(context)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self.port, ssl_context=context)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # what a test needs to reach it

    @property
    def map_host(self) -> list[str]:
        """For `--map-host`, one per option."""
        return [f"*.slack.com={LOOPBACK}:{self.port}", f"slack.com={LOOPBACK}:{self.port}"]

    @property
    def map_identity(self) -> str:
        """For `--map-host`: the identity provider of single sign-on, a host that is not Slack's."""
        return f"{IDENTITY_HOST}={LOOPBACK}:{self.port}"

    @property
    def chromium_args(self) -> list[str]:
        rules = f"MAP slack.com {LOOPBACK}:{self.port}, MAP *.slack.com {LOOPBACK}:{self.port}"
        return [f"--host-resolver-rules={rules}", "--ignore-certificate-errors"]

    def client_session(self, *, signed_in: bool = True) -> aiohttp.ClientSession:
        """A client that finds every slack.com host here, and trusts its certificate."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        connector = aiohttp.TCPConnector(resolver=_HereResolver(self.port), ssl=context)
        headers = {"Cookie": f"d={self.session.cookie}"} if signed_in else {}
        return aiohttp.ClientSession(connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar())

    def storage_state(self, domain: str | None = None) -> dict[str, Any]:
        return self.session.storage_state(domain)

    def write_storage_state(self, path: Path, domain: str | None = None) -> Path:
        path.write_text(json.dumps(self.storage_state(domain), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return path

    # what a test asks afterwards

    def requests(self, method: str | None = None, **params: str) -> list[Seen]:
        return self.log.requests(method, **params)

    @property
    def violations(self) -> list[str]:
        """What no collector may do: mark as read, send Authorization or unknown parameters, put a token in a URL."""
        return self.log.violations

    def sign_out_elsewhere(self) -> None:
        """Whoever is signed in is so no more; who signs in again gets a new session."""
        self.session.expire()

    def sign_out(self) -> None:
        for world in self.session.worlds.values():
            world.signed_in = False

    # requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0].lower()
        if host == LOOPBACK and request.path.startswith(CONTROL_PATH):
            return await answer_control(self.faults, request)
        headers = {
            "Date": formatdate(self.world.now // timestamps.MICRO, usegmt=True),
            "Server": "Apache",
            "x-slack-req-id": f"{next(self._numbers):032x}",
        }
        if request.path.startswith("/api/") and self._has_api(host):
            return await self._handle_api(request, host, headers)
        if host == FILE_HOST and (answer := await self._file(request)) is not None:
            return answer
        page = await self._page(request, host)
        self.log.pages.append(f"{request.method} https://{host}{request.path}")
        body = page.body.encode() if isinstance(page.body, str) else page.body
        response = web.Response(body=body, status=page.status, headers=headers | dict(page.headers))
        for name, value in self.extra_cookies.items():
            response.set_cookie(name, value, domain=".slack.com", secure=True, max_age=COOKIE_LIFE)
        return response

    def _has_api(self, host: str) -> bool:
        if host == CLIENT_HOST:
            return self.behaviour.same_origin_api
        return self.behaviour.workspace_api and host.removesuffix(".slack.com") in self.session.worlds

    async def _file(self, request: web.Request) -> web.StreamResponse | None:
        self.log.files.append(dict(request.headers))
        file = self._pages.file_of(request.path, request.cookies)
        return None if file is None else await self.files.answer(request, file)

    async def _page(self, request: web.Request, host: str) -> Page:
        posted = await request.post() if request.method == "POST" else None
        form = None if posted is None else {name: str(value) for name, value in posted.items()}
        if host == IDENTITY_HOST:
            return self._pages.sign_in.identity(request.query, form)
        if host == CLIENT_HOST:
            return self._pages.client_host(request.path, request.query, request.cookies, form)
        if host == FILE_HOST:
            return self._pages.no_file()
        if host == SIGN_IN_HOST:
            return self._pages.sign_in.front(request.path, request.query, form)
        domain = host.removesuffix(".slack.com")
        return self._pages.workspace_host(domain, request.path, request.query, request.cookies, form)

    async def _handle_api(self, request: web.Request, host: str, headers: dict[str, str]) -> web.StreamResponse:
        cors = api_headers(self.behaviour, origin=request.headers.get("Origin"), query=request.query)
        if request.method == "OPTIONS":
            return web.Response(status=200, headers=headers | cors)
        asked = await _read(request, host)
        faults = self._api.fault(asked)
        if faults and await self._delayed(faults[0].action):
            self.log.add(host, asked.method, asked.fields, "dropped")
            return _drop(request)
        return _response(self._api.answer(asked, faults), headers | cors)

    async def _delayed(self, fault: Action) -> bool:
        """Wait where the fault is a wait; True where the connection is to be cut."""
        match fault:
            case Slow(seconds=seconds):
                await asyncio.sleep(seconds)
            case Hold(gate=gate):
                await gate.pass_through()
            case Drop():
                return True
            case _:
                pass
        return False


async def _read(request: web.Request, host: str) -> ApiRequest:
    is_post = request.method == "POST"
    is_form = not is_post or request.content_type in FORMS
    form = await request.post() if is_post and is_form else {}
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    plain = {name: value for name, value in request.query.items() if name != "token"}
    return ApiRequest(
        host=host,
        method=request.path.removeprefix("/api/"),
        fields={**plain, **fields},
        query=request.query,
        cookies=request.cookies,
        workspace=None if host == CLIENT_HOST else host.removesuffix(".slack.com"),
        authorization="Authorization" in request.headers,
        is_form=is_form,
        is_post=is_post,
    )


def _response(reply: Reply, headers: dict[str, str]) -> web.Response:
    if isinstance(reply.body, str):
        merged = {"Content-Type": "text/plain; charset=utf-8"} | headers | dict(reply.headers)
        return web.Response(body=reply.body.encode(), status=reply.status, headers=merged)
    merged = {"Content-Type": "application/json; charset=utf-8"} | headers | dict(reply.headers)
    return web.Response(body=json.dumps(reply.body, ensure_ascii=False).encode(), status=reply.status, headers=merged)


def _drop(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.write(BROKEN_HEAD)
        request.transport.close()
    return web.Response(status=200)


class _HereResolver(AbstractResolver):
    """Every name leads to the fake."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=LOOPBACK,
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        return None


@contextmanager
def serving(slack: FakeSlack) -> Generator[FakeSlack]:
    """Serve from a thread of its own, for tests that are not async. Change the world only while nothing is asking."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fake-slack", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(slack.start(), loop).result(timeout=10)
        yield slack
    finally:
        asyncio.run_coroutine_threadsafe(slack.stop(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
