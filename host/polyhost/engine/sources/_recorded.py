"""Runs that are replayed from a recording, or recorded into one: connectors wrapped around the page connector.

Owns: what makes a replay fail (an unrecorded request), and when a recording is finished. Must not know: HAR, scrubbing,
what a run does with its records.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

from playwright.async_api import BrowserContext

from polyhost.browser.bridge.tab import Launcher
from polyhost.browser.launch import BrowserOptions, launch
from polyhost.browser.recordings.credentials import answered
from polyhost.browser.recordings.fixture import Scenario
from polyhost.browser.recordings.record import Recorder
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.replay import Replayer
from polyhost.connectors.base import Connector, ConnectorSession, HostCalls
from polyhost.connectors.page import PageConnector, PagePolyfill, PageSession
from polyhost.engine.sources._recorded_session import Heard, HeardCalls, HeardSession, ToldCalls, ToldSession
from polyhost.errors import ErrorCode, PolyhostError, RunFailedError

__all__ = ["RecordedConnector", "ReplayConnector"]


class ReplayConnector(Connector):
    """A polyfill in a real browser that reaches nothing but the recording. A request not in it fails the run."""

    def __init__(
        self,
        polyfill: PagePolyfill,
        scenario: Scenario,
        rules: RecordingRules,
        browser: BrowserOptions | None = None,
        launcher: Launcher = launch,
        heard: Heard | None = None,
    ) -> None:
        self._heard = heard
        self._replayer = Replayer(scenario.recording, rules, on_unrecorded=self._unrecorded)
        self._session: PageSession | None = None
        self._earlier: Mapping[str, Any] = scenario.given.get("earlier", {})
        self._inner = PageConnector(
            polyfill,
            browser=browser or BrowserOptions(offline=True),
            storage_state=scenario.storage_state,
            pace=False,
            prepare=self._replayer.install,
            launcher=launcher,
        )

    @property
    def bindings(self) -> Mapping[str, Any]:
        return self._inner.bindings

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        return self._open(calls)

    @asynccontextmanager
    async def _open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        try:
            async with self._inner.open(ToldCalls(calls, self._earlier) if self._earlier else calls) as session:
                self._session = session if isinstance(session, PageSession) else None
                if self._replayer.unrecorded:
                    self._unrecorded(self._replayer.unrecorded[0])
                told = ToldSession(session, self._earlier) if self._earlier else session
                yield told if self._heard is None else HeardSession(told, self._heard)
        except PolyhostError:
            if self._session is None and self._replayer.unrecorded:  # not even its page is in it
                raise _not_recorded(self._replayer.unrecorded[0]) from None
            raise
        finally:
            await self._replayer.uninstall()  # the browser may be kept for another recording

    def _unrecorded(self, name: str) -> None:
        if self._session is not None:
            self._session.fail(_not_recorded(name))


def _not_recorded(name: str) -> RunFailedError:
    return RunFailedError(
        f"a request is not in the recording: {name}",
        "Record the scenario again, or correct the polyfill.",
        code=ErrorCode.UNRECORDED_REQUEST,
    )


class RecordedConnector(Connector):
    """A live page connector whose traffic is recorded. After the run, `raw` has it, to be scrubbed."""

    def __init__(
        self,
        polyfill: PagePolyfill,
        rules: RecordingRules,
        heard: Heard,
        **options: Any,
    ) -> None:
        self._recorder = Recorder(rules)
        self._page = polyfill.page
        self._site = polyfill.site
        self._named = [{"host": host.host, "why": host.why} for host in polyfill.named]
        self._heard = heard
        self._inner = PageConnector(polyfill, prepare=self._start, **options)

    @property
    def bindings(self) -> Mapping[str, Any]:
        return self._inner.bindings

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        return self._open(calls)

    def brought(self, records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Of stored records, in the form of expected.jsonl, those that this run brought, as it alone stores them."""
        return [self._heard.alone(record) for record in records if self._heard.brought(record)]

    def raw(
        self,
        expected: Iterable[Mapping[str, Any]],
        resources: Mapping[str, Sequence[str]] | None = None,
        streams: Sequence[str] = (),
    ) -> Scenario:
        """The recording before scrubbing. `resources`, `streams`: what the run was narrowed to."""
        heard = self._heard
        for answer in heard.answers:
            self._recorder.knows(answered(answer["data"], frozenset(heard.offered)))
        narrowed = {stream: list(names) for stream, names in (resources or {}).items()}
        given = {
            "page": self._page,
            "site": self._site,
            "named": self._named,
            "resources": narrowed,
            "streams": [*streams],
            "answers": heard.answers,
            "earlier": heard.earlier,
        }
        return replace(self._recorder.raw(expected), given={name: value for name, value in given.items() if value})

    async def _start(self, context: BrowserContext) -> None:
        await self._recorder.start(context)

    @asynccontextmanager
    async def _open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        async with self._inner.open(HeardCalls(calls, self._heard)) as session:
            try:
                yield HeardSession(session, self._heard)
            finally:
                await self._recorder.stop()
