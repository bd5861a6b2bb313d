"""A run that is paused in a real Chromium: the site is left alone until it is resumed, and then nothing is missing."""

from __future__ import annotations

import asyncio

from aiohttp import web

from engine.rig import StillClock, unanswered
from fakes.page_runs import PageRuns
from fakes.site import SiteHost
from playbooks import AT, manifest, stream
from polyhost.engine.events import RunEvent, RunPaused
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.run.pause import Pause
from polyhost.protocol.scope_request import resolve_request
from polyhost.store.memory import MemoryStore

NOTES = manifest(stream("notes"))
PAGES = 4
SCRIPT = f"""polyfill(async (host) => {{
    for (let page = 1; page <= {PAGES}; page++) {{
        const answer = host.request("/api/" + page, {{endpoint: "list"}});
        await host.windows("notes", "any").catch(() => 0);
        await fetch("/asked/" + page);
        const {{json}} = await answer;
        await host.emit({{stream: "notes", key: json.id, data: json}});
    }}
}});"""
"""Asks for a permit, then for something that the host answers after it, and then tells the site that it has asked."""


async def test_no_request_arrives_while_a_run_is_paused_and_after_it_everything_is_there(
    pages: PageRuns, site: SiteHost
) -> None:
    """The answer to the second request comes while it is paused: it was under way. The third is not sent."""
    under_way, let_go, told, held = (asyncio.Event() for _ in range(4))

    def answering(page: int) -> None:
        async def answer(_request: web.Request) -> web.Response:
            if page == 2:
                under_way.set()
                await let_go.wait()
            return web.json_response({"id": f"n{page}"})

        async def so_far(_request: web.Request) -> web.Response:
            if page == 3:
                held.set()
            return web.Response()

        site.route(f"/api/{page}", answer)
        site.route(f"/asked/{page}", so_far)

    for page in range(1, PAGES + 1):
        answering(page)

    def watch(event: RunEvent) -> None:
        if isinstance(event, RunPaused):
            told.set()

    def asked() -> list[str]:
        return [path for path in site.seen if path.startswith("/api")]

    pause, store = Pause(), MemoryStore()
    row = await store.connections.create(name="work", source="t", nature="live", options={}, account={}, at=AT)
    connector = pages.connector(site, SCRIPT)
    what = Collection(connection=row, manifest=NOTES, scope=resolve_request(NOTES, {}), connector=connector)
    around = RunContext(store=store, clock=StillClock(), watch=watch, answer=unanswered, pause=pause)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(collect(what, around))
        await under_way.wait()
        pause.begin()
        await told.wait()
        let_go.set()
        await held.wait()  # it has the second answer, and has asked for the third permit
        assert asked() == ["/api/1", "/api/2"]
        assert "n2" not in [record.key for record in (await store.records.page(row.id, "notes")).records]
        pause.end()
        result = await running
    assert asked() == [f"/api/{page}" for page in range(1, PAGES + 1)]
    assert [record.key for record in (await store.records.page(row.id, "notes")).records] == ["n1", "n2", "n3", "n4"]
    assert (result["status"], result["requests"], result["traffic"]["waited_seconds"]) == ("complete", PAGES, 0)
