"""What signs the owner in is useless elsewhere: to other ports, other names, other sites, other users (SE-5).

In a real browser, that is signed in to the dashboard, while it visits what else there is on this machine.
"""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from api.serving import TOKEN, Client, connect_process, served
from polyhost.server.listening import answering, listening
from web.serving import launched

pytestmark = pytest.mark.requirement("SE-5")

READ = "/v1/connections"
CHANGE = "/v1/connections/work/schedule/pause"
ASK = """
async ([origin, read, change]) => {
  const told = {};
  const attempt = async (name, does) => {
    try { told[name] = await does(); } catch (error) { told[name] = "refused"; }
  };
  const reading = (options) => async () => {
    const answer = await fetch(origin + read, options);
    return answer.type === "opaque" ? "opaque" : await answer.text();
  };
  const changing = (headers) => async () => {
    const answer = await fetch(origin + change, { method: "POST", credentials: "include", headers, body: "{}" });
    return answer.status;
  };
  const loading = (kind, path) => () => new Promise((done) => {
    const made = document.createElement(kind);
    made.onload = () => done("loaded");
    made.onerror = () => done("refused");
    made.src = origin + path;
    document.body.append(made);
  });
  await attempt("fetch", reading({ credentials: "include" }));
  await attempt("fetch without cors", reading({ credentials: "include", mode: "no-cors" }));
  await attempt("post", changing({ "Content-Type": "application/json", "X-Polyhost": "1" }));
  await attempt("post as a form", changing({ "Content-Type": "text/plain" }));
  await attempt("image", loading("img", "/static/icon.svg"));
  await attempt("script", loading("script", read));
  await attempt("socket", () => new Promise((done) => {
    const socket = new WebSocket(origin.replace("http", "ws") + read);
    socket.onopen = () => done("opened");
    socket.onerror = () => done("refused");
  }));
  await attempt("events", () => new Promise((done) => {
    const events = new EventSource(origin + "/v1/runs/x/events", { withCredentials: true });
    events.onopen = () => done("opened");
    events.onerror = () => { events.close(); done("refused"); };
  }));
  return told;
}
"""
NOTHING = {
    "fetch": "refused",
    "fetch without cors": "refused",
    "post": "refused",
    "post as a form": "refused",
    "image": "refused",
    "script": "refused",
    "socket": "refused",
    "events": "refused",
}


@dataclass(slots=True)
class Neighbour:
    """Another server of this machine, which keeps all it is sent."""

    port: int
    heard: list[dict[str, str]] = field(default_factory=list)

    def origin(self, name: str) -> str:
        return f"http://{name}:{self.port}"


@asynccontextmanager
async def neighbour() -> AsyncGenerator[Neighbour]:
    async def page(request: web.Request) -> web.Response:
        one.heard.append(dict(request.headers))
        return web.Response(text="<!doctype html><title>next door</title><body></body>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    with listening(0) as at:
        one = Neighbour(at.port)
        async with answering(app, at, close=0.1):
            yield one


@dataclass(slots=True)
class SignedIn:
    client: Client
    page: Page
    base: str

    async def is_paused(self) -> bool:
        return (await self.client.get("/v1/connections/work/schedule"))["paused_until"] is not None


@asynccontextmanager
async def signed_in(home: Path, browser: Browser) -> AsyncGenerator[SignedIn]:
    """A browser that has used its link; the dashboard itself can do what nothing else can."""
    await connect_process(home)
    async with served(home) as client:
        context = await browser.new_context()
        page = await context.new_page()
        link = client.server.link()
        await page.goto(link)
        base = link.partition("/login")[0]
        told = await page.evaluate(ASK, [base, READ, "/v1/connections/nobody/schedule/pause"])
        assert json.loads(told["fetch"])["connections"][0]["name"] == "work"
        assert (told["post"], told["image"]) == (404, "loaded")
        yield SignedIn(client, page, base)
        await page.goto(base)
        assert await page.get_by_role("link", name="work").count() > 0, "it is signed in still"
        await context.close()


@pytest.fixture(scope="module")
async def chromium() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright, launched(playwright) as one:
        yield one


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "evil.localhost"])
async def test_a_page_of_another_port_or_name_gets_no_cookie_reads_nothing_and_changes_nothing(
    home: Path, chromium: Browser, name: str
):
    async with signed_in(home, chromium) as owner, neighbour() as there:
        await owner.page.goto(there.origin(name))
        for target in (owner.base, owner.client.origin, owner.client.origin.replace("127.0.0.1", "localhost")):
            assert await owner.page.evaluate(ASK, [target, READ, CHANGE]) == NOTHING, target
        assert await form_is_refused(owner.page, owner.base + CHANGE)
        assert there.heard
        assert [headers for headers in there.heard if "Cookie" in headers] == []
        assert not await owner.is_paused()


async def form_is_refused(page: Page, action: str) -> bool:
    """A form of another site, sent there by its own script; the page is at the answer when this returns."""
    sending = """(action) => {
      const form = document.createElement("form");
      form.method = "post"; form.action = action; form.enctype = "text/plain";
      document.body.append(form); form.submit();
    }"""
    async with page.expect_navigation(url=action) as answered:
        await page.evaluate(sending, action)
    answer = await answered.value
    return answer is not None and answer.status == 403


async def test_even_a_page_that_knows_the_name_reads_and_changes_nothing_at_the_dashboards_port(
    home: Path, chromium: Browser
):
    """The name is what a neighbour must not know: under it a browser counts all ports as one site."""
    async with signed_in(home, chromium) as owner, neighbour() as there:
        name = urlsplit(owner.base).hostname
        assert name is not None
        await owner.page.goto(there.origin(name))
        assert await owner.page.evaluate(ASK, [owner.base, READ, CHANGE]) == NOTHING
        assert not await owner.is_paused()


async def test_a_cookie_counts_under_the_name_it_was_given_for_only(home: Path, chromium: Browser):
    async with signed_in(home, chromium) as owner:
        [cookie] = await owner.page.context.cookies()
        assert cookie["domain"] == urlsplit(owner.base).hostname, "a leading dot would be for names below it, too"
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
        place = urlsplit(owner.base).netloc
        for host, status in ((place, 200), (None, 401), ("rebound.example:80", 403), (f"x.{place}", 403)):
            sent = {"Cookie": f"polyhost={cookie['value']}; polyhost_{place.rpartition(':')[2]}={cookie['value']}"}
            answer = await owner.client("GET", READ, headers=sent | ({} if host is None else {"Host": host}))
            assert answer.status == status, host


async def test_a_rebinding_name_is_no_name_of_this_server_whatever_comes_with_it(home: Path, chromium: Browser):
    """The page of a site whose name was made to point here is of the same origin as this server, for the browser."""
    async with signed_in(home, chromium) as owner:
        port = urlsplit(owner.base).port
        for host in (
            "rebound.example",
            f"rebound.example:{port}",
            f"127.0.0.1.rebound.example:{port}",
            f"[::1]:{port}",
        ):
            for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}):
                answer = await owner.client("GET", READ, headers={"Host": host} | headers)
                assert (answer.status, answer.value["code"]) == (403, "bad_host")


PEEK = """
import json, os, sys, urllib.error, urllib.request
origin, folder = sys.argv[1:]
told = {"uid": os.getuid()}
for name in ("beside", "home/token", "home/config.toml", "home/store.db"):
    try:
        open(os.path.join(folder, name), "rb").read(); told[name] = "read"
    except OSError as error:
        told[name] = type(error).__name__
try:
    told["api"] = urllib.request.urlopen(origin + "/v1/connections").status
except urllib.error.HTTPError as error:
    told["api"] = error.code
print(json.dumps(told))
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can be another user for a moment"
)
async def test_another_user_of_the_machine_can_knock_and_gets_nothing(passable: Path):
    """What lies beside the home, and is everybody's, is read: it is the home that keeps its files."""
    home = passable / "home"
    await connect_process(home)
    async with served(home) as client:
        (home / "token").write_text(TOKEN, encoding="ascii")
        (home / "token").chmod(0o600)
        told = await as_nobody(client.origin, passable)
    assert told == {
        "uid": 65534,
        "beside": "read",
        "home/token": "PermissionError",
        "home/config.toml": "PermissionError",
        "home/store.db": "PermissionError",
        "api": 401,
    }


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that everybody can enter, as `tmp_path` is not, with a file that everybody can read."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        beside = folder / "beside"
        beside.write_text("anybody's", encoding="utf-8")
        beside.chmod(0o644)
        yield folder


async def as_nobody(origin: str, folder: Path) -> Any:
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    child = await asyncio.create_subprocess_exec(
        *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", python, "-c", PEEK, origin, str(folder)),
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
    )
    out, _ = await child.communicate()
    assert child.returncode == 0
    return json.loads(out)
