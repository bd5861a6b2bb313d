"""Answer a browser from a recording, and from nothing else.

Owns: which entry answers which request, what happens to a request that was never recorded, and that nothing passes.
Entries of one match key are used in order, once each, so that polling and retries replay as they went. Must not know:
runs (it names what is missing, the caller fails), how recordings are made.

Requests are stopped in the browser; what a browser does below them (preconnect, name resolution) is stopped by starting
it with BrowserOptions(offline=True).
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence

from playwright.async_api import BrowserContext, WebSocketRoute

from polyhost.browser.recordings._intercept import Interceptor, Paused, request_body
from polyhost.browser.recordings.har import Entry, Headers, Recording, header
from polyhost.browser.recordings.match import MatchKey, match_key, request_name
from polyhost.browser.recordings.recording_rules import RecordingRules

__all__ = ["MAX_UNRECORDED", "Replayer"]

MAX_UNRECORDED = 50
"""Unrecorded requests kept by name; the rest is counted. The same bound as a diagnostic's keys."""

_DROPPED_HEADERS = frozenset(
    {
        "content-encoding",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "trailer",
        "upgrade",
    }
)
"""Headers about the transfer of the recorded bytes. Bodies are kept decoded, and there is no connection."""

_GOING_AWAY = 1001
"""WebSocket close code: no recording holds sockets, and a site falls back or does without."""


class Replayer:
    """One replay of one recording. Make a new one for the next: entries are used up.

    `on_unrecorded` is called with the name of each request of the site that the recording does not hold; the request
    itself is failed. Requests to other hosts are failed too, but only counted: a recording leaves them out.
    """

    def __init__(
        self, recording: Recording, rules: RecordingRules, *, on_unrecorded: Callable[[str], None] | None = None
    ) -> None:
        self._rules = rules
        self._on_unrecorded = on_unrecorded
        self._queues: defaultdict[MatchKey, deque[Entry]] = defaultdict(deque)
        for entry in recording.entries:
            self._queues[self._entry_key(entry)].append(entry)
        self._recorded = {key: len(queue) for key, queue in self._queues.items()}
        self._interceptor = Interceptor(self._answer, ["Request"])
        self._unrecorded: list[str] = []
        self.unrecorded_total = 0
        self.elsewhere_total = 0
        self.answered_total = 0

    async def install(self, context: BrowserContext) -> None:
        """From here on the whole browser of this context is answered from the recording."""
        await self._interceptor.open(context)
        await context.route_web_socket("**/*", _refuse_socket)

    async def uninstall(self) -> None:
        await self._interceptor.close()

    @property
    def unrecorded(self) -> Sequence[str]:
        """Names of requests that were asked for and not in the recording, first to last, at most MAX_UNRECORDED."""
        return tuple(self._unrecorded)

    @property
    def unused(self) -> Sequence[str]:
        """Names of entries nobody asked for: information, not a fault."""
        left = Counter({request_name(key, self._rules): len(queue) for key, queue in self._queues.items() if queue})
        return tuple(f"{name} (×{count})" if count > 1 else name for name, count in left.items())

    async def _answer(self, event: Paused) -> None:
        request = event["request"]
        url, method = request["url"], request["method"]
        content_type = next((value for name, value in request["headers"].items() if name.lower() == "content-type"), "")
        key = match_key(method, url, content_type, request_body(event), self._rules)
        entry = self._take(key)
        if entry is not None:
            await self._replay(event, entry)
        elif method == "OPTIONS" and _asks_preflight(event):
            await self._interceptor.fulfill(event, 204, _allow_everything(event))
        elif is_browsers_own(event) or self._rules.is_ignored(url):
            await self._interceptor.fulfill(event, 404)
        else:
            self._remember(key, url)
            await self._interceptor.fail(event, "Aborted")

    def _take(self, key: MatchKey) -> Entry | None:
        queue = self._queues.get(key)
        if not queue:
            return None
        self.answered_total += 1
        # A browser keeps a preflight's answer as long as it likes, so how often it asks is not part of the traffic.
        return queue[0] if key.method == "OPTIONS" else queue.popleft()

    async def _replay(self, event: Paused, entry: Entry) -> None:
        if entry.error is not None:
            await self._interceptor.fail(event, entry.error)
            return
        headers = tuple(pair for pair in entry.response_headers if pair[0].lower() not in _DROPPED_HEADERS)
        await self._interceptor.fulfill(event, entry.status, headers, entry.body)

    def _remember(self, key: MatchKey, url: str) -> None:
        if not self._rules.is_site(url):
            self.elsewhere_total += 1
            return
        times = self._recorded.get(key, 0)
        name = request_name(key, self._rules) + (f" (recorded {times}×, asked once more)" if times else "")
        self.unrecorded_total += 1
        if len(self._unrecorded) < MAX_UNRECORDED:
            self._unrecorded.append(name)
        if self._on_unrecorded is not None:
            self._on_unrecorded(name)

    def _entry_key(self, entry: Entry) -> MatchKey:
        content_type = header(entry.request_headers, "content-type")
        return match_key(entry.method, entry.url, content_type, entry.request_body, self._rules)


def is_browsers_own(event: Paused) -> bool:
    """Whether the browser asks of its own accord (a tab's icon): no script sees the answer, and when it asks varies."""
    accept = next((value for name, value in event["request"]["headers"].items() if name.lower() == "accept"), "")
    return event.get("resourceType") == "Other" and accept.startswith("image/")


def _asks_preflight(event: Paused) -> bool:
    return any(name.lower() == "access-control-request-method" for name in event["request"]["headers"])


def _allow_everything(event: Paused) -> Headers:
    """The preflight of a recording that has none: the request itself still has to be recorded."""
    asked = {name.lower(): value for name, value in event["request"]["headers"].items()}
    return (
        ("Access-Control-Allow-Origin", asked.get("origin", "*")),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Methods", asked.get("access-control-request-method", "*")),
        ("Access-Control-Allow-Headers", asked.get("access-control-request-headers", "")),
    )


async def _refuse_socket(socket: WebSocketRoute) -> None:
    await socket.close(code=_GOING_AWAY, reason="not recorded")
