"""The edge shared by recording and replaying: every request of a browser, stopped on its way to the network.

Owns: one DevTools session on the browser itself, with its Fetch domain. Not Playwright's `route`: that one never sees
the second hop of a redirect; and not a page's session: that one misses a popup's first request and those of workers.
The browser's own session is the last before the network, so what another part of the host blocks never arrives here.
Must not know: recordings, rules.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from playwright.async_api import BrowserContext, CDPSession
from playwright.async_api import Error as PlaywrightError

from polyhost.browser.recordings.har import Headers
from polyhost.errors import RunFailedError

__all__ = ["Interceptor", "Paused", "request_body"]

Paused = dict[str, Any]
"""A Fetch.requestPaused event, as the browser sends it."""
Stage = Literal["Request", "Response"]


class Interceptor:
    """Stops requests at the given stages and hands each to `handle`, which answers it exactly once.

    A request that is gone before it is answered (page closed, navigation) is nobody's error: answers to it are dropped.
    """

    def __init__(self, handle: Callable[[Paused], Awaitable[None]], stages: Sequence[Stage]) -> None:
        self._handle = handle
        self._stages = stages
        self._session: CDPSession | None = None
        self.opened = 0

    async def open(self, context: BrowserContext) -> None:
        await self.close()  # a run may need a second browser
        browser = context.browser
        if browser is None:
            raise RunFailedError(
                "This browser context cannot be recorded or replayed", "Start it fresh, with Chromium."
            )
        self._session = await browser.new_browser_cdp_session()
        self.opened += 1
        self._session.on("Fetch.requestPaused", self._handle)
        patterns = [
            {"urlPattern": f"{scheme}://*", "requestStage": stage}
            for scheme in ("http", "https")
            for stage in self._stages
        ]
        await self._session.send("Fetch.enable", {"patterns": patterns})

    async def close(self) -> None:
        """Let go: what is stopped now goes on, and later requests pass unseen."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            await session.send("Fetch.disable")
            await session.detach()
        except PlaywrightError:
            return  # the browser went first

    async def go_on(self, event: Paused) -> None:
        await self._send("Fetch.continueRequest", event)

    async def fail(self, event: Paused, reason: str) -> None:
        await self._send("Fetch.failRequest", event, errorReason=reason)

    async def fulfill(self, event: Paused, status: int, headers: Headers = (), body: bytes = b"") -> None:
        """Answer. The page applies CORS, cookies and redirects to this as to any answer."""
        wire = [{"name": name, "value": value} for name, value in headers]
        await self._send(
            "Fetch.fulfillRequest",
            event,
            responseCode=status,
            responseHeaders=wire,
            body=base64.b64encode(body).decode(),
        )

    async def response_body(self, event: Paused) -> bytes:
        """The whole body of a response that is stopped: the page cannot go on, so nothing is lost."""
        result = await self._send("Fetch.getResponseBody", event)
        body = result.get("body", "")
        return base64.b64decode(body) if result.get("base64Encoded") else body.encode()

    async def _send(self, method: str, event: Paused, **params: Any) -> dict[str, Any]:
        if self._session is None:
            return {}
        try:
            return await self._session.send(method, {"requestId": event["requestId"], **params})
        except PlaywrightError:
            return {}


def request_body(event: Paused) -> bytes | None:
    """The body of a stopped request. Files and blobs are not in it: a browser does not show them here."""
    entries = event["request"].get("postDataEntries")
    if entries is None:
        text = event["request"].get("postData")
        return None if text is None else text.encode()
    return b"".join(base64.b64decode(part.get("bytes", "")) for part in entries)
