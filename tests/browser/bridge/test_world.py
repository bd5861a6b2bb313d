"""The isolated world alone, on a bare page: which contexts are heard, what is lost, what hangs (docs/bridge.md)."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import Page

from background import background
from fakes.page_runs import PageRuns
from fakes.site import SiteHost
from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.bridge.world import IN_FLIGHT, Hung, Lost, Navigated, Payload, World, WorldEvent

SPEAK = PageScript(
    "fake/speak.js",
    "__polyhost_send(location.pathname); globalThis.__polyhost_receive = (m) => __polyhost_send(JSON.stringify(m));",
)


@dataclass
class Heard:
    page: Page
    world: World
    events: list[WorldEvent] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, count: int, kind: type[WorldEvent]) -> list[WorldEvent]:
        async with asyncio.timeout(5):
            while len(found := [event for event in self.events if isinstance(event, kind)]) < count:
                self.came.clear()
                await self.came.wait()
        return found


@pytest_asyncio.fixture
async def heard(pages: PageRuns, site: SiteHost) -> AsyncGenerator[Heard]:
    context = await pages.browser.new_context()
    page = await context.new_page()
    listener: Heard

    def tell(event: WorldEvent) -> None:
        listener.events.append(event)
        listener.came.set()

    world = World("polyhost-test", [site.name], itertools.count(1), tell)
    listener = Heard(page, world)
    await world.attach(page, [SPEAK])
    yield listener
    await context.close()


@pytest.mark.requirement("HO-1")
async def test_only_documents_on_a_declared_host_are_heard(heard: Heard, pages: PageRuns, site: SiteHost) -> None:
    other = pages.sites.new("other")
    other.page(path="/other")
    site.page(path="/second")
    await heard.page.goto(other.url("/other"))
    await heard.page.goto("data:text/html,data")
    await heard.page.goto(site.url("/second"))
    assert await heard.until(1, Payload) == [Payload(1, "/second")]


@pytest.mark.requirement("HO-1")
async def test_frames_are_not_heard_though_the_script_runs_in_them(heard: Heard, site: SiteHost) -> None:
    site.page("<iframe src='/frame'></iframe>")
    site.page("<p>frame</p>", path="/frame")
    await heard.page.goto(site.url())
    heard.world.post(1, {"ping": 1})
    async with background(heard.world.pump()):
        assert await heard.until(2, Payload) == [Payload(1, "/"), Payload(1, '[{"ping":1}]')]
    assert "/frame" in site.seen


async def test_a_navigation_loses_one_context_and_brings_the_next(heard: Heard, site: SiteHost) -> None:
    site.page(path="/next")
    await heard.page.goto(site.url())
    await heard.page.goto(site.url("/next"))
    await heard.until(2, Payload)
    kinds = [event for event in heard.events if not isinstance(event, Navigated)]
    assert kinds == [Payload(1, "/"), Lost(1), Payload(2, "/next")]
    assert [event.url for event in await heard.until(2, Navigated)] == [site.url(), site.url("/next")]


async def test_what_is_posted_to_a_context_that_is_gone_is_dropped(heard: Heard, site: SiteHost) -> None:
    await heard.page.goto(site.url())
    await heard.page.reload()
    await heard.until(2, Payload)
    heard.world.post(1, {"old": 1})
    heard.world.post(2, {"new": 1})
    async with background(heard.world.pump()):
        assert (await heard.until(3, Payload))[-1] == Payload(2, '[{"new":1}]')


async def test_what_is_posted_together_travels_together_in_order(heard: Heard, site: SiteHost) -> None:
    await heard.page.goto(site.url())
    await heard.until(1, Payload)
    for number in range(3):
        heard.world.post(1, {"n": number})
    async with background(heard.world.pump()):
        assert (await heard.until(2, Payload))[-1] == Payload(1, '[{"n":0},{"n":1},{"n":2}]')


async def test_what_is_posted_does_not_wait_for_the_answer_to_what_was_posted_before(
    heard: Heard, site: SiteHost
) -> None:
    """The page answers late: behind all it has sent. Only so many deliveries are unanswered; then the rest waits."""
    await heard.page.goto(site.url())
    await heard.until(1, Payload)
    busy = heard.page.evaluate("() => { for (const end = Date.now() + 3000; Date.now() < end; ); }")
    alone = [f'[{{"n":{number}}}]' for number in range(IN_FLIGHT)]
    together = f'[{{"n":{IN_FLIGHT}}},{{"n":{IN_FLIGHT + 1}}}]'
    async with background(heard.world.pump()), background(busy) as waiting:
        await asyncio.sleep(0)
        for number in range(IN_FLIGHT + 2):
            heard.world.post(1, {"n": number})
            await turns(5)
        await waiting
        assert [payload.text for payload in await heard.until(IN_FLIGHT + 2, Payload)][1:] == [*alone, together]


async def turns(count: int) -> None:
    """Let everything that can go on do so, so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_page_that_takes_nothing_any_more_is_said_to_hang(heard: Heard, site: SiteHost) -> None:
    """Without anything to deliver, too: the heartbeat finds out."""
    await heard.page.goto(site.url())
    await heard.until(1, Payload)

    async def loop_forever() -> None:
        with pytest.raises(Exception, match="closed"):
            await heard.page.evaluate("() => { while (true); }")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(loop_forever())
        await heard.world.pump(heartbeat=0.05, patience=0.3)
        assert heard.events[-1] == Hung()
        await heard.page.close()
