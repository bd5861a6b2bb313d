"""Record what a browser and a site say to each other, and keep only what is scrubbed.

Owns: the listener, what of an exchange is worth keeping, and that nothing raw ever reaches a disk: bodies are read from
requests stopped in the browser (so they are complete, whatever the page does next) and stay in memory until scrubbed.
Must not know: runs, how a recording is replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from polyhost.browser.recordings._intercept import Interceptor, Paused, request_body
from polyhost.browser.recordings.credentials import sent, stored
from polyhost.browser.recordings.fixture import Redactions, Scenario, write_scenario
from polyhost.browser.recordings.har import Entry, Headers, Recording
from polyhost.browser.recordings.match import without_query
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.replay import is_browsers_own
from polyhost.browser.recordings.scrub import scrub_together
from polyhost.browser.recordings.verify import verify_scenario
from polyhost.browser.recordings.waivers import Waiver
from polyhost.errors import ErrorCode, RunFailedError

__all__ = ["MAX_RECORDED_BYTES", "Recorder", "cleaned"]

MAX_RECORDED_BYTES = 256 * 1024 * 1024
"""Bodies held in memory while recording. A scenario is a thousandth of this; more is a mistake, not a test."""

MOST_NAMED = 12
"""Places that are named where a recording is not kept: enough to mend them at once."""

_KEPT_REQUEST_HEADERS = frozenset({"content-type"})
"""The one request header a match needs. All others tell about the owner's machine or session."""

_KEPT_RESPONSE_HEADERS = frozenset(
    {
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "content-disposition",
        "content-security-policy",
        "content-type",
        "cross-origin-opener-policy",
        "link",
        "location",
        "retry-after",
        "set-cookie",
        "www-authenticate",
    }
)
"""Response headers that change what a page or a polyfill does. Dates and servers' names would change every diff."""

_ENDLESS = ("text/event-stream",)
"""Answers that never end: waiting for their bodies would stop the page for good."""


class Recorder:
    """`start`, let the browser work, `stop`, then `save`. One recorder makes one recording."""

    def __init__(self, rules: RecordingRules) -> None:
        self._rules = rules
        self._kept_headers = _KEPT_RESPONSE_HEADERS | {name.lower() for name in rules.keep_headers}
        self._entries: dict[tuple[int, str], Entry] = {}  # by browser and its request id, in the order requests began
        self._size = 0
        self._session: Mapping[str, Any] = {}
        self._known: dict[str, str] = {}
        self._context: BrowserContext | None = None
        self._interceptor = Interceptor(self._pass, ["Request", "Response"])

    async def start(self, context: BrowserContext) -> None:
        """Begin, with the session as it is now: a replay starts from the same. Again, in a browser that took over."""
        self._session = self._session or await context.storage_state()
        self._context = context
        self.knows(stored(self._session))
        await self._interceptor.open(context)

    async def stop(self) -> None:
        """End. Requests still under way are recorded as aborted, which is how the page saw them."""
        if self._context is not None:
            with suppress(PlaywrightError):  # the browser went first
                self.knows(stored(await self._context.storage_state()))
        await self._interceptor.close()

    def knows(self, values: Iterable[tuple[str, str]]) -> None:
        """These are secrets wherever they stand, each with the rule that says so. They are in no file."""
        for value, rule in values:
            self._known.setdefault(value, rule)

    @property
    def recorded(self) -> int:
        return len(self._entries)

    def raw(self, expected: Iterable[Mapping[str, Any]] = ()) -> Scenario:
        """What was recorded, as it was: for `cleaned`, and for nothing else. RunFailedError where it is too large."""
        if self._size > MAX_RECORDED_BYTES:
            raise RunFailedError(
                f"The recording is larger than {MAX_RECORDED_BYTES // 2**20} MiB",
                "Record a smaller scope, a few partitions say.",
            )
        return Scenario(
            recording=Recording(tuple(self._entries.values())),
            storage_state=self._session,
            expected=tuple(expected),
            redactions=Redactions(),
            known=dict(self._known),
        )

    def scenario(self, expected: Iterable[Mapping[str, Any]] = ()) -> Scenario:
        """What was recorded, scrubbed and verified. RunFailedError names what the declared rules leave in it."""
        return cleaned([self.raw(expected)], self._rules)[0]

    def save(self, directory: Path, expected: Iterable[Mapping[str, Any]] = ()) -> Scenario:
        """Scrub, verify, and put the scenario in its place at once. Nothing is written where any of it fails."""
        scenario = self.scenario(expected)
        write_scenario(directory, scenario)
        return scenario

    async def _pass(self, event: Paused) -> None:
        url = event["request"]["url"]
        self.knows(sent(url, event["request"]["headers"], request_body(event)))
        if self._rules.is_site(url) and not self._rules.is_ignored(url) and not is_browsers_own(event):
            if "responseErrorReason" in event or "responseStatusCode" in event:
                await self._response_came(event)
            else:
                self._request_began(event)
        await self._interceptor.go_on(event)

    def _request_began(self, event: Paused) -> None:
        request = event["request"]
        headers = tuple((name.lower(), value) for name, value in request["headers"].items())
        self._entries[self._key(event)] = Entry(
            method=request["method"],
            url=without_query(request["url"], self._rules.ignore_query),
            request_headers=tuple(pair for pair in headers if pair[0] in _KEPT_REQUEST_HEADERS),
            request_body=request_body(event),
            status=0,
            error="Aborted",
        )

    async def _response_came(self, event: Paused) -> None:
        began = self._entries.get(self._key(event))
        if began is None:
            return
        error = event.get("responseErrorReason")
        status = event.get("responseStatusCode", 0)
        headers = self._kept(event.get("responseHeaders", []))
        body = b"" if error or _has_no_body(status, headers) else await self._interceptor.response_body(event)
        self._size += len(body)
        self._entries[self._key(event)] = Entry(
            method=began.method,
            url=began.url,
            request_headers=began.request_headers,
            request_body=began.request_body,
            status=0 if error else status,
            response_headers=headers,
            body=body if self._size <= MAX_RECORDED_BYTES else b"",
            error=error,
        )

    def _key(self, event: Paused) -> tuple[int, str]:
        return self._interceptor.opened, event["requestId"]

    def _kept(self, headers: Iterable[Mapping[str, str]]) -> Headers:
        # Sorted by name: servers and HTTP versions do not promise an order. Values of one name keep theirs.
        lower = [(item["name"].lower(), item["value"]) for item in headers]
        return tuple(sorted((pair for pair in lower if pair[0] in self._kept_headers), key=lambda pair: pair[0]))


def cleaned(raw: Sequence[Scenario], rules: RecordingRules, waived: Sequence[Waiver] = ()) -> list[Scenario]:
    """Raw scenarios that follow one another, scrubbed together and verified. RunFailedError names what the declared
    rules would leave in them, save in places that are `waived`."""
    reasons = {waiver.place: waiver.reason for waiver in waived}
    scenarios = [_waived(scenario, reasons) for scenario in scrub_together(raw, rules)]
    for scenario in scenarios:
        findings = verify_scenario(scenario, rules)
        if findings:
            named = "; ".join(f"{finding.place} {finding.rule}" for finding in findings[:MOST_NAMED])
            more = f"; and {len(findings) - MOST_NAMED} more" if len(findings) > MOST_NAMED else ""
            raise RunFailedError(
                f"The recording would still hold what must not be kept, so none was written: {named}{more}",
                "Declare each field under polyfill.recording.redact in the manifest, or let it stay with "
                "--waive 'PLACE=REASON', and record again.",
                code=ErrorCode.NOT_CLEAN,
            )
    return scenarios


def _waived(scenario: Scenario, reasons: Mapping[str, str]) -> Scenario:
    redactions = scenario.redactions
    return replace(scenario, redactions=replace(redactions, waived={**redactions.waived, **reasons}))


def _has_no_body(status: int, headers: Headers) -> bool:
    redirect = 300 <= status < 400 and any(name == "location" for name, _ in headers)
    return redirect or any(name == "content-type" and value.startswith(_ENDLESS) for name, value in headers)
