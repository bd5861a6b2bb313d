"""The fence: a polyfill's page reaches only the hosts its manifest declares (HO-5), and loads nothing nobody reads.

Owns: what is blocked inside the page, and the count of what was. Must not know: polyfills, runs, the bridge.

What holds everything back is the proxy that the browser has instead of a network (hosts.py, set when it starts): every
other name and address is refused there, for the whole browser and for every channel: navigations, frames, workers,
service workers, sockets, prefetches. Here is what names the attempts, and two things more:

- Images, fonts and media are paused by type (`Fetch.enable`) and failed. Nothing else is paused, but the browser then
  passes every answer through one process more (docs/benchmarks.md); where all three are loaded, nothing is asked for.
- Where something answers requests before they leave, a replayer or a recorder, the proxy is never asked.
  There, and only there, the page has an allow list (`Network.setBlockedURLs`), and documents, for which that list does
  not hold, are paused and failed by name.

WebRTC, WebTransport and shared workers are told of by no request of a page. They are shut in the polyfill's own world
(polyfills/sdk/polyfill.js), where a try is reported. What the site's own scripts try that way gets as far, which is
nowhere: what of it is TCP is reported by the proxy, a datagram by nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, CDPSession, Error, Page, Request, WebSocket

from polyhost.bounds import DEFAULT_BOUNDS
from polyhost.browser.hosts import blocked_url_patterns, is_of_the_browser
from polyhost.protocol.host_patterns import allows_name, allows_url
from polyhost.proxy import Attempt, Verdict

__all__ = ["KINDS", "Fence"]

KINDS = ("images", "fonts", "media")
"""What is not loaded unless it is asked for."""
_TYPES = {"images": "Image", "fonts": "Font", "media": "Media"}
"""Their names in the browser's protocol."""
_LABEL = re.compile(r"[A-Za-z0-9._:-]{1,253}|\((?:webrtc|webtransport|shared worker)\)")
"""What a polyfill may call the host of an attempt: a host, or why there is none. Anything else could be content."""
_MAX_REPORTED_HOSTS = 100
_OTHERS = "(other)"
_AT_HOME = "(private address)"
"""Beside a host that is declared, where its address is one of a private network or of this machine and that is not."""
_WHY = {
    Verdict.UNDECLARED: "{} is not a host that this run may reach",
    Verdict.PRIVATE: "{} has an address of a private network or of this machine, which its manifest does not declare",
    Verdict.EXPOSED: "{} has an address of the internet, and what goes there would not be encrypted; use https",
    Verdict.UNTRUSTED: "{} has a certificate that is not for it, or of an authority that does not count there",
    Verdict.UNRESOLVED: "the name {} has no address",
    Verdict.UNREACHABLE: "nobody answers at {}",
}
_NETWORK_SCHEMES = frozenset({"http", "https", "ws", "wss"})


class Fence:
    """Blocks and reports for one run; `blocked` (host -> count) is the caller's and is filled in place.

    `spawn`: where the answers to paused requests are sent from, for as long as the run lasts. `intercepted`: requests
    are answered before they leave the browser, so its proxy never hears of them. `most`: how many failures
    are told of; after that nobody listens any more, and what is blocked is blocked in silence.
    """

    def __init__(
        self,
        allow: Sequence[str],
        blocked: dict[str, int],
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        load: Collection[str] = (),
        intercepted: bool = False,
        most: int = DEFAULT_BOUNDS.failed_requests,
    ) -> None:
        self._left = most
        self._stop_listening: Callable[[], None] = lambda: None
        self._allow = tuple(allow)
        self._blocked = blocked
        self._spawn = spawn
        self._intercepted = intercepted
        unwanted = [name for kind, name in _TYPES.items() if kind not in load]
        self._stopped = ["Document", *unwanted] if intercepted else unwanted
        self._refused: dict[str, Attempt] = {}
        """The last attempt of each host that came to nothing at the proxy, of the last hosts."""
        self._stranded = ""
        """The host at which the last document of a whole page failed: where redirects had led to."""
        self._told: Counter[str] = Counter()
        """What pages and workers told of, by host, as far as it is in `blocked`."""
        self._counted: Counter[str] = Counter()
        """Addresses that were failed here, and counted then: their page may be gone before it tells of the failure."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The declared ones, as they are declared."""
        return self._allow

    def watch(self, context: BrowserContext) -> None:
        """Count what is blocked, in every page and worker of this context. Costs nothing until a request fails."""
        context.on("requestfailed", self._failed)

        def stop() -> None:
            context.remove_listener("requestfailed", self._failed)

        self._stop_listening = stop
        context.on("page", self._watch_page)

    async def close_page(self, session: CDPSession) -> None:
        """Block inside this page, before it goes anywhere."""

        def paused(event: dict[str, Any]) -> None:
            self._decide(session, event)

        if self._stopped:
            session.on("Fetch.requestPaused", paused)
            patterns = [{"urlPattern": "*", "resourceType": kind} for kind in self._stopped]
            await session.send("Fetch.enable", {"patterns": patterns})
        if self._intercepted:
            await self._block_by_address(session)

    def refuse(self, host: str) -> bool:
        """True, and counted, where a request to this host may not even be tried."""
        if allows_name(self._allow, host):
            return False
        self._count(host)
        return True

    def hear(self, attempt: Attempt) -> None:
        """What the proxy refused. Of most of that the page has told, or will: that count stands. What is left is what
        no request of a page tells of: hints, and the site's own WebRTC."""
        if attempt.verdict is Verdict.ALLOWED:
            return
        self._remember(attempt)
        if is_of_the_browser(attempt.host):
            return
        if attempt.verdict is Verdict.PRIVATE:
            self._outside(f"{attempt.host} {_AT_HOME}")
        elif attempt.verdict is Verdict.UNDECLARED:
            self._outside(attempt.host.strip("[]"))

    def why(self, url: str) -> str | None:
        """What stopped a page on its way to this address, wherever that led to; None where the proxy did not."""
        refused = self._refused.get(self._stranded or urlsplit(url).hostname or "")
        return None if refused is None else _WHY[refused.verdict].format(refused.host)

    def note(self, host: str) -> None:
        """An attempt through a channel that only the page itself can tell of."""
        if not allows_name(self._allow, host):
            self._count(host if _LABEL.fullmatch(host) else _OTHERS)

    def _remember(self, attempt: Attempt) -> None:
        host = attempt.host.strip("[]")
        self._refused.pop(host, None)
        self._refused[host] = attempt
        if len(self._refused) > _MAX_REPORTED_HOSTS:
            del self._refused[next(iter(self._refused))]

    async def _block_by_address(self, session: CDPSession) -> None:
        await session.send("Network.enable", {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0})
        with suppress(Error):  # the oldest browser we take has no allow list; there the replayer decides
            await session.send("Network.setBlockedURLs", {"urlPatterns": blocked_url_patterns(self._allow)})

    def _watch_page(self, page: Page) -> None:
        page.on("websocket", self._opened)

    def _failed(self, request: Request) -> None:
        if _is_a_page(request):
            self._stranded = urlsplit(request.url).hostname or ""
        if not self._spend():
            return
        url = request.url.partition("#")[0]
        counted = self._counted.pop(url, 0)
        if not counted:
            self._report(url)
        elif counted > 1:
            self._counted[url] = counted - 1

    def _spend(self) -> bool:
        """One failure more is told of; False once there were too many: a flood costs no more than its beginning."""
        self._left -= 1
        if self._left == 0:
            self._stop_listening()
            self._counted.clear()
        return self._left > 0

    def _opened(self, socket: WebSocket) -> None:
        if self._spend():
            self._report(socket.url)

    def _report(self, url: str) -> bool:
        """True where this went, or tried to go, to a foreign host; then it is counted."""
        parts = urlsplit(url)
        if parts.scheme not in _NETWORK_SCHEMES or not parts.hostname or allows_url(self._allow, url):
            return False
        self._count(parts.hostname)
        return True

    def _count(self, host: str) -> None:
        name = self._bounded(host)
        self._told[name] += 1
        self._blocked[name] = self._told[name]

    def _outside(self, host: str) -> None:
        name = self._bounded(host)
        if not self._told[name]:
            self._blocked[name] = self._blocked.get(name, 0) + 1

    def _bounded(self, host: str) -> str:
        return host if host in self._blocked or len(self._blocked) < _MAX_REPORTED_HOSTS else _OTHERS

    def _decide(self, session: CDPSession, event: dict[str, Any]) -> None:
        url: str = event["request"]["url"]
        request = {"requestId": event["requestId"]}
        if event["resourceType"] == "Document" and allows_url(self._allow, url):
            self._spawn(_send(session, "Fetch.continueRequest", request))
            return
        if self._left > 0 and self._report(url):
            self._counted[url] += 1
        self._spawn(_send(session, "Fetch.failRequest", {**request, "errorReason": "BlockedByClient"}))


def _is_a_page(request: Request) -> bool:
    try:
        return request.is_navigation_request() and request.frame.parent_frame is None
    except Error:
        return False  # of a page that is gone, or not there yet


async def _send(session: CDPSession, method: str, params: dict[str, Any]) -> None:
    with suppress(Error):  # the page may be gone by now; then the request is too
        await session.send(method, params)
