"""The isolated world of one page: SDK and polyfill go in, payloads come out, answers go back.

Owns: which execution context is ours, the binding, the order of what is posted. Must not know: what a payload says,
when to start again, polyfills' manifests beyond their hosts.

Why nothing of the page can reach it: the world's name is random per run; the binding exists in worlds of that name
only; a call counts only when it comes from the one context the browser said is of that name, in the top frame, on a
declared host. The page's scripts live in another JavaScript realm: they share the document, and no object.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from playwright.async_api import CDPSession, Error, Page

from polyhost.browser.bridge.scripts import SCHEME, PageScript
from polyhost.browser.bridge.wire import expression
from polyhost.errors import RefusedError
from polyhost.protocol.host_patterns import allows_url

__all__ = ["Hung", "Lost", "Navigated", "Payload", "World", "WorldEvent"]

_BINDING = "__polyhost_send"
_MAX_ERROR_CHARACTERS = 200
HEARTBEAT = 30.0
"""Seconds of nothing to deliver after which the page is asked whether it still answers."""
PATIENCE = 60.0
"""Seconds a page has to take what it is handed. The polyfill shares its thread with the site, which may be busy."""
IN_FLIGHT = 4
"""Deliveries that may be unanswered. An answer queues behind everything the page has
sent: waiting for each would have the page stand still while the host works, and the host while the page does."""


@dataclass(frozen=True, slots=True)
class Payload:
    """The world of this generation said something."""

    generation: int
    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The context of this generation is gone."""

    generation: int


@dataclass(frozen=True, slots=True)
class Navigated:
    """The page's top frame is at this address now, or at the error page that stands for it."""

    url: str


@dataclass(frozen=True, slots=True)
class Hung:
    """The page took nothing for as long as we have patience."""


WorldEvent = Payload | Lost | Navigated | Hung


@dataclass(frozen=True, slots=True)
class _Context:
    generation: int
    number: int
    unique: str


class World:
    """Attach to a page that has gone nowhere yet; `tell` is called in the order things happen, and never awaits.
    `noise` is called for each line on the page's console, and each error that nobody caught."""

    def __init__(
        self,
        name: str,
        hosts: Sequence[str],
        generations: Iterator[int],
        tell: Callable[[WorldEvent], None],
        *,
        noise: Callable[[], None] = lambda: None,
    ) -> None:
        self._noise = noise
        self._name = name
        self._hosts = tuple(hosts)
        self._generations = generations
        self._tell = tell
        self._context: _Context | None = None
        self._main_frame = ""
        self._outbox: list[Mapping[str, Any]] = []
        self._posted = asyncio.Event()
        self._session: CDPSession | None = None

    async def attach(self, page: Page, scripts: Sequence[PageScript]) -> CDPSession:
        """Install the scripts for every document to come. RefusedError names a script that does not parse."""
        session = self._session = await page.context.new_cdp_session(page)
        session.on("Runtime.executionContextCreated", self._created)
        session.on("Runtime.executionContextDestroyed", self._destroyed)
        session.on("Runtime.executionContextsCleared", self._cleared)
        session.on("Runtime.bindingCalled", self._called)
        session.on("Runtime.exceptionThrown", self._thrown)
        session.on("Runtime.consoleAPICalled", self._console)
        session.on("Page.frameNavigated", self._navigated)
        session.on("Page.navigatedWithinDocument", self._moved)
        await session.send("Page.enable")
        tree = await session.send("Page.getFrameTree")
        self._main_frame = tree["frameTree"]["frame"]["id"]
        await session.send("Runtime.enable")
        for script in scripts:
            await _check_syntax(session, script)
        await session.send("Runtime.addBinding", {"name": _BINDING, "executionContextName": self._name})
        for script in scripts:
            await session.send(
                "Page.addScriptToEvaluateOnNewDocument", {"source": script.source, "worldName": self._name}
            )
        return session

    def post(self, generation: int, item: Mapping[str, Any]) -> None:
        """Hand something to the SDK of this generation; dropped where that context is gone."""
        if self._context is not None and self._context.generation == generation:
            self._outbox.append(item)
            self._posted.set()

    async def pump(self, *, heartbeat: float = HEARTBEAT, patience: float = PATIENCE) -> None:
        """Deliver what is posted, in order, as much as there is in one go; now and then nothing, to see that it can."""
        free = asyncio.Semaphore(IN_FLIGHT)
        try:
            async with asyncio.TaskGroup() as deliveries:
                while True:
                    await free.acquire()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._posted.wait(), heartbeat)
                    delivery = deliveries.create_task(self._deliver(patience))
                    delivery.add_done_callback(lambda _: free.release())
                    await asyncio.sleep(0)  # one turn: it takes what is there and is on its way, before the next
        except* TimeoutError:
            self._tell(Hung())

    async def _deliver(self, patience: float) -> None:
        """Everything that waits. TimeoutError where the page does not take it."""
        self._posted.clear()
        context, items = self._context, self._outbox
        self._outbox = []
        if context is None or self._session is None:
            return
        handed = {"expression": expression(items), "uniqueContextId": context.unique, "silent": True}
        with suppress(Error):  # the context went away meanwhile; Lost says so
            async with asyncio.timeout(patience):
                await self._session.send("Runtime.evaluate", handed)

    async def address(self) -> str:
        """Where the top frame is, or wanted to be where it could not be reached."""
        assert self._session is not None  # noqa: S101  attach came first
        frame = (await self._session.send("Page.getFrameTree"))["frameTree"]["frame"]
        return frame.get("unreachableUrl") or frame["url"]

    def _created(self, event: dict[str, Any]) -> None:
        context = event["context"]
        if context.get("name") != self._name or context.get("auxData", {}).get("frameId") != self._main_frame:
            return
        if not allows_url(self._hosts, context["origin"]):
            return
        self._forget()
        self._context = _Context(next(self._generations), context["id"], context["uniqueId"])

    def _destroyed(self, event: dict[str, Any]) -> None:
        if self._context is not None and event.get("executionContextUniqueId") == self._context.unique:
            self._forget()

    def _cleared(self, _event: dict[str, Any]) -> None:
        self._forget()

    def _forget(self) -> None:
        if self._context is not None:
            lost, self._context = self._context, None
            self._outbox = []
            self._tell(Lost(lost.generation))

    def _called(self, event: dict[str, Any]) -> None:
        context = self._context
        if context is not None and event["name"] == _BINDING and event["executionContextId"] == context.number:
            self._tell(Payload(context.generation, event["payload"]))

    def _console(self, _event: dict[str, Any]) -> None:
        self._noise()

    def _thrown(self, event: dict[str, Any]) -> None:
        self._noise()
        details = event["exceptionDetails"]
        if self._context is not None and details.get("executionContextId") == self._context.number:
            self.post(self._context.generation, {"uncaught": _describe(details)})

    def _navigated(self, event: dict[str, Any]) -> None:
        frame = event["frame"]
        if "parentId" not in frame:
            self._main_frame = frame["id"]
            self._tell(Navigated(frame.get("unreachableUrl") or frame["url"]))

    def _moved(self, event: dict[str, Any]) -> None:
        if event["frameId"] == self._main_frame:
            self._tell(Navigated(event["url"]))


async def _check_syntax(session: CDPSession, script: PageScript) -> None:
    answer = await session.send(
        "Runtime.compileScript", {"expression": script.text, "sourceURL": script.url, "persistScript": False}
    )
    details = answer.get("exceptionDetails")
    if details:
        what = details.get("exception", {}).get("description", details["text"]).split("\n")[0]
        place = f"{script.name}:{details['lineNumber'] + 1}:{details['columnNumber'] + 1}"
        raise RefusedError(f"{place}: {what[:_MAX_ERROR_CHARACTERS]}", "Correct the script.")


def _describe(details: dict[str, Any]) -> str:
    """Name, bounded first line and place of an error nobody caught; a SyntaxError's text quotes data, so not that."""
    description = details.get("exception", {}).get("description", details["text"]).split("\n")[0]
    if description.startswith("SyntaxError"):
        description = "SyntaxError"
    frames = details.get("stackTrace", {}).get("callFrames", []) or [details]
    for frame in frames:
        if frame.get("url", "").startswith(SCHEME) and not frame["url"].startswith(f"{SCHEME}sdk/"):
            place = f"{frame['url'].removeprefix(SCHEME)}:{frame['lineNumber'] + 1}:{frame['columnNumber'] + 1}"
            return f"{description[:_MAX_ERROR_CHARACTERS]} ({place})"
    return description[:_MAX_ERROR_CHARACTERS]
