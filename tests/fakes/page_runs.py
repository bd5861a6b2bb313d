"""Running a polyfill in a test: one browser for the whole session, and a collector that plays the engine's part."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from fakes.site import SiteHost, Sites
from polyhost.browser.launch import BrowserOptions, LaunchedBrowser
from polyhost.connectors.base import Batch, ConnectorExited, ConnectorSession, HostCalls, Restarted, Traffic
from polyhost.connectors.page import PageConnector, PagePolyfill

SAY = "const say = (data) => host.emit({stream: 'm', key: 'k', data});"


class QuietCalls(HostCalls):
    """A ledger that wants everything and holds nothing."""

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        return [{"since": None, "until": None, "purpose": "new", "deep": True, "when": "due"}]

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {group: {"count": len(group), "latest": None} for group in ids}

    async def unpaused(self) -> None:
        pass


@dataclass(slots=True)
class Collected:
    """What came out of a run."""

    traffic: Traffic
    messages: list[dict[str, Any]] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    restarts: list[Restarted] = field(default_factory=list)
    exited: ConnectorExited | None = None

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    @property
    def done(self) -> dict[str, Any]:
        return self.messages[-1]

    @property
    def data(self) -> list[Any]:
        return [message["data"] for message in self.of("RECORD")]


def start_message(**more: Any) -> dict[str, Any]:
    scope = {"streams": [{"name": "messages"}]}
    return {
        "type": "START",
        "run_id": "r1",
        "collection_mode": "incremental",
        "scope": scope,
        "state": None,
        "bindings": {},
        **more,
    }


async def collect(session: ConnectorSession, each: Callable[[Batch], None] = lambda _: None) -> Collected:
    """START, acknowledge everything, START again after a restart with the count so far, finish after DONE."""
    got = Collected(session.traffic)
    await session.send(start_message())
    async for event in session.events():
        match event:
            case Batch():
                got.batches.append(event)
                got.messages.extend(message for message in event.messages if isinstance(message, dict))
                each(event)
                await session.acknowledge(event)
                if got.messages[-1]["type"] == "DONE":
                    got.exited = await session.finish()
            case Restarted():
                got.restarts.append(event)
                await session.send(start_message(resume={"records_emitted": len(got.of("RECORD"))}))
            case ConnectorExited():
                got.exited = event
    return got


@dataclass(slots=True)
class PageRuns:
    """Makes connectors for the sites of one server, all in one browser."""

    sites: Sites
    browser: LaunchedBrowser

    @property
    def page(self) -> Page:
        """The page that is open now, in the one context that is."""
        return self.browser.contexts[-1].pages[-1]

    @asynccontextmanager
    async def launcher(self, _options: BrowserOptions) -> AsyncGenerator[LaunchedBrowser]:
        yield self.browser

    def options(self, **more: Any) -> BrowserOptions:
        return BrowserOptions(map_hosts=self.sites.mapping, **more)

    def connector(
        self,
        site: SiteHost,
        script: str,
        *,
        own_browser: bool = False,
        executable: Path | None = None,
        polyfill: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> PageConnector:
        facts: dict[str, Any] = {
            "page": site.url(),
            "hosts": (site.name,),
            "script": script,
            "script_name": "fake/polyfill.js",
            **(polyfill or {}),
        }
        if not own_browser:
            more["launcher"] = self.launcher
        return PageConnector(PagePolyfill(**facts), browser=self.options(executable=executable), **more)

    async def run(self, site: SiteHost, body: str, **more: Any) -> Collected:
        """Run this body of a polyfill to its end. In it, `say(data)` emits a record."""
        async with self.connector(site, f"polyfill(async (host) => {{ {SAY} {body} }});", **more).open(
            QuietCalls()
        ) as session:
            return await collect(session)
