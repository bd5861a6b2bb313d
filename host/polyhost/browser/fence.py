"""The fence: a polyfill's page reaches only the hosts its manifest declares (HO-5), and loads nothing nobody reads.

Owns: what is blocked inside the page, and the count of what was. Must not know: polyfills, runs, the bridge.

Two layers, neither of which touches allowed traffic:

1. `--host-resolver-rules` (hosts.py, set when the browser starts): every other name and address resolves to nothing,
   for the whole browser and for every channel: frames, workers, service workers, sockets, prefetches.
2. `Network.setBlockedURLs` with an allow list, in the page. It does not know sockets and workers; it is there for a
   browser that somebody else started, and fails a request before a name is looked up at all.

WebRTC, shared workers and WebTransport are told of by no request of a page. The first two are shut in the polyfill's
own world (polyfills/sdk/polyfill.js), where a try is reported; the last one has an event of its own. What the site's
own scripts try that way gets as far, which is nowhere, and is not reported. Nor are hints that send nothing
(preconnect, dns-prefetch): their names lead nowhere.

Images, fonts and media are paused by type (`Fetch.enable`) and failed. Documents are paused too, for the second layer
does not hold for navigations: a script could carry data out in an address. Nothing else is paused, so no request of a
polyfill waits for the host; that a page's requests are told of at all costs 2 ms for 120 kB (docs/benchmarks.md).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, CDPSession, Error, Page, Request, WebSocket

from polyhost.browser.hosts import allows, blocked_url_patterns

__all__ = ["KINDS", "Fence"]

KINDS = ("images", "fonts", "media")
"""What is not loaded unless it is asked for."""
_TYPES = {"images": "Image", "fonts": "Font", "media": "Media"}
"""Their names in the browser's protocol."""
_LABEL = re.compile(r"[A-Za-z0-9._:-]{1,253}|\(webrtc\)|\(shared worker\)")
"""What a polyfill may call the host of an attempt: a host, or why there is none. Anything else could be content."""
_MAX_REPORTED_HOSTS = 100
_OTHERS = "(other)"
_NETWORK_SCHEMES = frozenset({"http", "https", "ws", "wss"})


class Fence:
    """Blocks and reports for one run; `blocked` (host -> count) is the caller's and is filled in place."""

    def __init__(self, allow: Sequence[str], blocked: dict[str, int], *, load: Collection[str] = ()) -> None:
        self._allow = tuple(allow)
        self._blocked = blocked
        self._stopped = ("Document", *(name for kind, name in _TYPES.items() if kind not in load))
        self._answers: set[asyncio.Future[Any]] = set()

    def watch(self, context: BrowserContext) -> None:
        """Count what is blocked, in every page and worker of this context. Costs nothing until a request fails."""
        context.on("requestfailed", self._failed)
        context.on("page", self._watch_page)

    async def close_page(self, session: CDPSession) -> None:
        """Block inside this page, before it goes anywhere."""

        def paused(event: dict[str, Any]) -> None:
            self._decide(session, event)

        session.on("Fetch.requestPaused", paused)
        session.on("Network.webTransportCreated", self._created)
        await session.send("Network.enable", {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0})
        await session.send(
            "Fetch.enable",
            {"patterns": [{"urlPattern": "*", "resourceType": kind} for kind in self._stopped]},
        )
        with suppress(
            Error
        ):  # the allow list is newer than the oldest browser we take; the resolver rules hold without it
            await session.send("Network.setBlockedURLs", {"urlPatterns": blocked_url_patterns(self._allow)})

    def refuse(self, host: str) -> bool:
        """True, and counted, where a request to this host may not even be tried."""
        if allows(self._allow, host):
            return False
        self._count(host)
        return True

    def note(self, host: str) -> None:
        """An attempt through a channel that only the page itself can tell of."""
        if not allows(self._allow, host):
            self._count(host if _LABEL.fullmatch(host) else _OTHERS)

    def _watch_page(self, page: Page) -> None:
        page.on("websocket", self._opened)

    def _failed(self, request: Request) -> None:
        self._report(request.url)

    def _opened(self, socket: WebSocket) -> None:
        self._report(socket.url)

    def _created(self, transport: dict[str, Any]) -> None:
        self._report(transport["url"])

    def _report(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in _NETWORK_SCHEMES and parts.hostname:
            self.refuse(parts.hostname)

    def _count(self, host: str) -> None:
        name = host if host in self._blocked or len(self._blocked) < _MAX_REPORTED_HOSTS else _OTHERS
        self._blocked[name] = self._blocked.get(name, 0) + 1

    def _decide(self, session: CDPSession, event: dict[str, Any]) -> None:
        allowed = event["resourceType"] == "Document" and allows(
            self._allow, urlsplit(event["request"]["url"]).hostname or ""
        )
        request = {"requestId": event["requestId"]}
        if allowed:
            answer = asyncio.ensure_future(session.send("Fetch.continueRequest", request))
        else:
            answer = asyncio.ensure_future(
                session.send("Fetch.failRequest", {**request, "errorReason": "BlockedByClient"})
            )
        self._answers.add(answer)
        answer.add_done_callback(self._settle)

    def _settle(self, answer: asyncio.Future[Any]) -> None:
        self._answers.discard(answer)
        if not answer.cancelled():
            answer.exception()  # the page may be gone by now; then the request is too
