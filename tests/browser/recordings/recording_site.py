"""A small site over plain HTTP, and a Chromium to talk to it; both end with the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from playwright.async_api import BrowserContext, Playwright

from polyhost.browser.launch import BrowserOptions
from polyhost.browser.recordings.recording_rules import RecordingRules

CHROMIUM = "/usr/bin/chromium"
TOKEN = "xoxc-111-222-333-abcdef0123456789"

RULES = RecordingRules.declared(
    {
        "ignore_query": ["_x_id"],
        "match_body": ["channel", "cursor"],
        "redact": {
            "secret": ["token", "teams.*.token", "api_token"],
            "name": ["real_name", "display_name"],
            "email": ["email"],
            "text": ["text", "topic"],
            "id": ["user", "channel"],
        },
    },
    ["127.0.0.1"],
)


@dataclass
class Site:
    """What it was asked, and its counters: it answers like a workspace in miniature."""

    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    polls: int = 0
    limited: int = 0
    base: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        handler: Callable[[web.Request], object] = getattr(self, "on" + request.path.replace("/", "_"), self.on_page)
        return await handler(request)

    async def on_page(self, request: web.Request) -> web.Response:
        page = f'<title>Acme</title><script>var boot = {{"api_token":"{TOKEN}"}};</script><p>Anna Smith</p>'
        return web.Response(text=page, content_type="text/html")

    async def on_old(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/client")

    async def on_api_hop(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/api/landed")

    async def on_api_landed(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "landed": True})

    async def on_api_history(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.tokens.append(str(form["token"]))
        message = {
            "ts": "1700000000.000100",
            "user": "U024BE7LH",
            "text": f"Lunch with <@U024BE7LH> in {form['channel']}?",
        }
        member = {"id": "U024BE7LH", "real_name": "Anna Smith", "email": "anna.smith@acme.test"}
        return web.json_response({"ok": True, "channel": form["channel"], "messages": [message], "members": [member]})

    async def on_api_poll(self, request: web.Request) -> web.Response:
        self.polls += 1
        return web.json_response({"ok": True, "n": self.polls}, headers={"Date": f"day {self.polls}"})

    async def on_api_limited(self, request: web.Request) -> web.Response:
        self.limited += 1
        if self.limited == 1:
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "7"})
        return web.json_response({"ok": True})


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[Site]:
    started = Site()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", started.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", port)
    await listener.start()
    started.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield started
    finally:
        await runner.cleanup()


@asynccontextmanager
async def chromium(playwright: Playwright, *, offline: bool = False) -> AsyncIterator[BrowserContext]:
    args = ["--no-sandbox", *(BrowserOptions(offline=True).flags(None) if offline else ())]
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    try:
        yield await browser.new_context()
    finally:
        await browser.close()


CALLS = """async (token) => {
  const say = async (path, body) => {
    const answer = await fetch(path, {method: 'POST', body: body && new URLSearchParams(body)});
    const out = await answer.json();
    return [answer.status, answer.redirected, answer.headers.get('retry-after'), out];
  };
  const results = [];
  for (let i = 0; i < 3; i++) results.push(await say('/api/poll?_x_id=' + Math.random()));
  results.push(await say('/api/limited'), await say('/api/limited'));
  results.push(await say('/api/history', {token, channel: window.channel || 'C012AB3CD', limit: 200}));
  results.push(await say('/api/hop'));
  return results;
}"""


async def visit(context: BrowserContext, base: str, token: str, channel: str = "C012AB3CD") -> list[object]:
    page = await context.new_page()
    await page.goto(f"{base}/old")
    assert page.url == f"{base}/client"
    # An isolated world, as a polyfill has it: its fetches are recorded and replayed like the page's own.
    session = await context.new_cdp_session(page)
    frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    world = await session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "polyfill"})
    answer = await session.send(
        "Runtime.evaluate",
        {
            "expression": f"window.channel = {channel!r}; ({CALLS})({token!r})",
            "contextId": world["executionContextId"],
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    assert "exceptionDetails" not in answer, answer
    return answer["result"]["value"]
