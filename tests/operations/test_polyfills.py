"""A polyfill that is run again while its author changes it, in a real browser (HO-6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fakes.site import SiteHost, Sites, serve_sites
from polyhost.browser.recordings.fixture import Redactions, Scenario, write_scenario
from polyhost.browser.recordings.har import Entry, Recording
from polyhost.engine.development.check_folder import check_folder
from polyhost.engine.development.report import Answer
from polyhost.engine.events import MessageSeen, OwnerAsked
from polyhost.errors import RefusedError
from polyhost.operations import fixtures
from polyhost.operations.connect import ConnectRequest, connect
from polyhost.operations.context import Context, nobody
from polyhost.operations.fixtures import FixtureRecordRequest
from polyhost.operations.operation import Result
from polyhost.operations.polyfills import DevRequest, dev
from polyhost.testing.replaying import replay

pytestmark = pytest.mark.requirement("HO-6")

PATIENCE = 60.0
"""Seconds a browser may take on a busy machine."""


@pytest.fixture
async def sites() -> AsyncIterator[Sites]:
    async with serve_sites() as running:
        yield running


class Author:
    """Writes a polyfill's folder, runs it, and sees what passes."""

    def __init__(self, folder: Path, sites: Sites, site: SiteHost) -> None:
        self.folder = folder
        self.site = site
        self.context = Context(home=folder.parent / "home", inspect=self._see)
        self.seen: list[MessageSeen] = []
        self._sites = sites
        self._more = asyncio.Event()
        folder.mkdir()
        schema = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
        self.manifest: dict[str, Any] = {
            "protocol_version": "0.1.0",
            "connector_id": "https://example.org/polyfills/notes",
            "version": "1.0.0",
            "display_name": "Notes",
            "polyfill": {"script": "polyfill.js", "page": site.url(), "hosts": [site.name]},
            "streams": [{"name": "notes", "schema": schema, "primary_key": ["id"]}],
        }
        self.declare()

    def declare(self, text: str | None = None) -> None:
        (self.folder / "manifest.json").write_text(json.dumps(self.manifest) if text is None else text)

    def write(self, body: str) -> None:
        (self.folder / "polyfill.js").write_text(f"polyfill(async (host) => {{\n{body}\n}});")

    async def dev(self, **more: Any) -> Result:
        async with asyncio.timeout(PATIENCE):
            return await dev(self.context, DevRequest(polyfill=str(self.folder), map_host=self.mapped, **more))

    @property
    def mapped(self) -> tuple[str, ...]:
        return (f"*.localhost=127.0.0.1:{self._sites.port}",)

    async def until(self, kind: str, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.of(kind)) < times:
                self._more.clear()
                await self._more.wait()

    def of(self, kind: str) -> list[MessageSeen]:
        return [seen for seen in self.seen if seen.kind == kind]

    def _see(self, seen: MessageSeen) -> None:
        self.seen.append(seen)
        self._more.set()


@pytest.fixture
def author(tmp_path: Path, sites: Sites) -> Author:
    site = sites.new()
    site.page()
    return Author(tmp_path / "notes", sites, site)


def emit(key: str) -> str:
    return f"await host.emit({{stream: 'notes', key: '{key}', data: {{id: '{key}'}}}});"


async def test_every_message_is_shown_with_kind_stream_key_and_size_and_no_content(author: Author):
    author.write(emit("n1"))
    done = await author.dev(once=True)
    assert (done.exit_code, done.value["last"]["status"]) == (0, "complete")
    (record,) = author.of("RECORD")
    assert (record.way, record.stream, record.key, record.data) == ("from", "notes", "n1", None)
    assert record.size is not None
    assert [seen.way for seen in author.of("START")] == ["to"]
    assert author.of("(acknowledged)")
    assert not author.context.home.exists()


async def test_content_is_shown_where_it_is_asked_for(author: Author):
    author.write(emit("n1"))
    await author.dev(once=True, show_data=True)
    assert [seen.data for seen in author.of("RECORD")] == [{"id": "n1"}]


async def test_a_run_after_a_recorded_one_begins_with_what_that_one_leaves(author: Author, tmp_path: Path):
    """Its records, its cursor; and each time anew, with the script as it is."""
    html = (("content-type", "text/html"),)
    page = Entry(method="GET", url=author.manifest["polyfill"]["page"], response_headers=html, body=b"<!doctype html>")
    empty = {"cookies": [], "origins": []}
    write_scenario(tmp_path / "first", Scenario(Recording((page,)), empty, (), Redactions()))
    author.write(
        "const seen = host.start.state?.notes?.seen ?? 0;"
        "await host.emit({stream: 'notes', key: `n${seen}`, data: {id: `n${seen}`}});"
        "await host.state('notes', {seen: seen + 1});"
    )
    assert (await author.dev(once=True)).exit_code == 0
    author.context.cancelled.clear()
    assert (await author.dev(once=True, after=str(tmp_path / "first"))).exit_code == 0
    assert [seen.key for seen in author.of("RECORD")] == ["n0", "n1"]
    author.context.cancelled.clear()
    author.write("throw new Error('no');")
    broken = await author.dev(once=True, after=str(tmp_path / "first"))
    assert "The scenario before it, first, ends failed" in broken.value["last"]["error"]["reason"]


@pytest.mark.requirement("SE-3")
async def test_a_run_that_asks_its_owner_is_recorded_checked_and_replayed_without_a_word_of_the_answer(
    author: Author, tmp_path: Path
):
    """The site gives what it holds for the code alone; the stand-in of the code opens the recording as well."""

    async def notes(request: web.Request) -> web.Response:
        return web.json_response({"ids": ["n1", "n2"] if request.query["code"] == "swordfish-9" else []})

    async def answer(_asked: OwnerAsked) -> tuple[str, Any]:
        return "success", {"code": "swordfish-9"}

    author.site.route("/notes", notes)
    author.manifest["polyfill"]["session"] = {"signed_in": [".*"]}
    author.declare()
    author.write(
        "const { data } = await host.ask({kind: 'otp', message: 'Code?'});"
        "const { json } = await host.request(`/notes?code=${encodeURIComponent(data.code)}`, {endpoint: 'notes'});"
        "for (const id of json.ids) await host.emit({stream: 'notes', key: id, data: {id}});"
    )
    state = tmp_path / "state.json"
    cookie = {"name": "s", "value": "abcdefgh12345", "domain": author.site.name, "path": "/"}
    state.write_text(json.dumps({"cookies": [cookie], "origins": []}))
    context = Context(home=tmp_path / "home", answer=answer)
    await connect(
        context,
        ConnectRequest(source=str(author.folder), storage_state=str(state), map_host=author.mapped, name="notes"),
    )
    asked = FixtureRecordRequest(name="notes", to_folder=str(tmp_path / "first"))
    assert (await fixtures.record(context, asked)).value["status"] == "complete"
    kept = {file.name: file.read_text() for file in (tmp_path / "first").iterdir()}
    assert [name for name, text in kept.items() if "swordfish" in text] == []
    assert json.loads(kept["given.json"])["answers"][0]["status"] == "success"
    report = await check_folder(author.folder, [tmp_path / "first"], answer=nobody)
    found = {check.name: check.answer for check in report.checks}
    assert {found[name] for name in ("run", "records", "expected", "idempotence", "resume")} == {Answer.OK}
    replayed = await replay(author.folder, tmp_path / "first", home=tmp_path / "replayed")
    assert (len(replayed.records), replayed.records) == (2, replayed.expected)


async def test_an_error_names_the_authors_own_file_and_line(author: Author):
    author.write("const nothing = null;\nnothing.at(0);")
    done = await author.dev(once=True)
    assert done.exit_code == 1
    (ended,) = author.of("DONE")
    assert "notes/polyfill.js:3:" in ended.detail


async def test_a_change_runs_it_again_with_the_login_it_had_also_in_the_middle_of_a_run(author: Author, sites: Sites):
    """What the site has set as a cookie in the first run comes with the second."""
    cookies: list[str | None] = []
    site = sites.new("login")
    author.manifest["polyfill"] |= {"page": site.url(), "hosts": [site.name]}
    author.declare()

    async def page(request: web.Request) -> web.Response:
        cookies.append(request.cookies.get("session"))
        answer = web.Response(text="<p>", content_type="text/html")
        answer.set_cookie("session", "s1", max_age=1000)
        return answer

    site.route("/", page)
    author.write(emit("first"))
    async with asyncio.TaskGroup() as tasks:
        developing = tasks.create_task(author.dev())
        await author.until("waiting")
        author.write(emit("second"))
        await author.until("waiting", 2)
        author.write("await host.sleep(600_000);")
        await author.until("START", 3)
        author.write(emit("third"))
        await author.until("RECORD", 3)
        author.context.cancelled.set()
    assert [seen.key for seen in author.of("RECORD")] == ["first", "second", "third"]
    assert cookies[0] is None
    assert set(cookies[1:]) == {"s1"}
    assert developing.result().value["runs"] == 4
    assert {seen.detail for seen in author.of("changed")} == {"polyfill.js"}


async def test_a_folder_that_is_broken_for_a_while_is_told_and_ends_nothing(author: Author):
    author.write(emit("n1"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(author.dev())
        await author.until("waiting")
        author.declare("{")
        await author.until("failed")
        author.declare()
        await author.until("RECORD", 2)
        author.context.cancelled.set()


async def test_what_does_not_run_in_a_page_is_refused(tmp_path: Path):
    context = Context(home=tmp_path / "home")
    with pytest.raises(RefusedError) as refused:
        await dev(context, DevRequest(polyfill="whatsapp"))
    assert refused.value.code == "no_polyfill"
