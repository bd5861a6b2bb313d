"""A run with the owner's session: looked at before and after, renewed in the middle, kept better than it was.

Wraps a page connector. Owns: when the site is asked whether the owner is in; the pause while the owner signs in again,
and going on where the polyfill was; and that only a session which the site still takes, of the same account, replaces
the saved one. Must not know: what is collected, how a page works, which surface the owner is at.

    open        opened with the saved session, probed; signed out: the owner is asked, or the run needs them
    in between  the page or the polyfill says signed out: what came before is handed on, the owner is asked, the page is
                opened anew with the session there is then, and the engine sends START again
    finish      probed once more; in: the refreshed session is saved, unless somebody saved another one meanwhile
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Error, Page

from polyhost.browser.display import has_display
from polyhost.browser.signed_in import read_state
from polyhost.browser.site_access import SiteAccess
from polyhost.browser.storage import kept_state
from polyhost.connectors.base import (
    Batch,
    Connector,
    ConnectorExited,
    ConnectorSession,
    HostCalls,
    Restarted,
    Traffic,
)
from polyhost.connectors.page import PageConnector, PageSession
from polyhost.engine.clock import Clock
from polyhost.engine.events import Answer, Noticed, OwnerAsked, Watcher
from polyhost.engine.sessions.account import place_of, same_account
from polyhost.engine.sessions.saved import SavedSession, load_saved, profile_folder, refresh_session
from polyhost.engine.sessions.sign_in import Site, enter_visibly, report_for_workspace
from polyhost.errors import ErrorCode, NeedsOwnerError, PolyhostError, RefusedError
from polyhost.instants import iso_from_seconds

__all__ = ["SessionConnector", "SessionInUse"]

MAX_RENEWALS = 3
"""A session that ends this often in one run is being ended by somebody."""
LOOK_SECONDS = 20.0
"""Seconds for looking at the session and reading it, when all else is done."""

MakeConnector = Callable[[Mapping[str, Any], Traffic], PageConnector]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInUse:
    """The saved session of a connection, and how its owner is reached. `account`: whose the connection is, as far as it
    is known; `learn` keeps what becomes known of it. `wait_seconds`: how long the owner has to sign in again before the
    run ends without them."""

    home: Path
    connection: str
    source: str
    site: Site
    saved: SavedSession
    account: Mapping[str, Any]
    learn: Callable[[Mapping[str, Any]], Awaitable[None]]
    answer: Answer
    watch: Watcher
    clock: Clock
    wait_seconds: float

    @property
    def how_to_renew(self) -> str:
        return f"polyhost connect {self.source} --name {self.connection} --renew"


class SessionConnector(Connector):
    """`make` gives a page connector for a session; it is called again when the session is renewed."""

    def __init__(self, make: MakeConnector, use: SessionInUse) -> None:
        self._make = make
        self._use = use

    @property
    def bindings(self) -> Mapping[str, Any]:
        return self._make(self._use.saved.state, Traffic()).bindings

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        return self._open(calls)

    @asynccontextmanager
    async def _open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        session = _OwnersSession(self._make, self._use, calls)
        try:
            await session.start()
            yield session
        finally:
            await session.close()


class _OwnersSession(ConnectorSession):
    """One run, through as many sessions of the owner as it takes."""

    def __init__(self, make: MakeConnector, use: SessionInUse, calls: HostCalls) -> None:
        self.traffic = Traffic()
        self._make = make
        self._use = use
        self._calls = calls
        self._saved = use.saved
        self._account = use.account
        self._opened = AsyncExitStack()
        self._inner: PageSession | None = None
        self._ended = asyncio.Event()
        self._succeeded = False
        self._renewals = 0

    async def start(self) -> None:
        """Open the page; where the owner is signed out, only once they are in again."""
        if self._saved.note:
            self._use.watch(Noticed(self._saved.note))
        while True:
            try:
                await self._enter()
                return
            except NeedsOwnerError as error:
                await self.close()
                if error.code != ErrorCode.SIGNED_OUT or not await self._signed_in_again():
                    raise self._told(error) from None

    async def close(self) -> None:
        """Let go of the page there is."""
        opened, self._opened, self._inner = self._opened, AsyncExitStack(), None
        await opened.aclose()

    async def process_id(self) -> int | None:
        return None if self._inner is None else await self._inner.process_id()

    async def site_access(self) -> SiteAccess | None:
        return None if self._inner is None else await self._inner.site_access()

    async def send(self, message: Mapping[str, Any]) -> None:
        if self._inner is not None:
            await self._inner.send(message)

    async def acknowledge(self, batch: Batch) -> None:
        if self._inner is not None:
            await self._inner.acknowledge(batch)

    async def events(self) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        while self._inner is not None:
            lost: NeedsOwnerError | Batch | None = None
            try:
                async for event in self._inner.events():
                    if isinstance(event, Batch) and self._says_signed_out(event):
                        lost = event
                        break
                    yield event
                    if isinstance(event, ConnectorExited):
                        return
            except NeedsOwnerError as error:
                if error.code != ErrorCode.SIGNED_OUT:
                    raise
                lost = error
            async for event in self._lost(lost):
                yield event

    async def finish(self) -> ConnectorExited:
        """NeedsOwnerError where the session was lost while collecting, which can look like an empty site."""
        inner = self._inner
        if inner is None:
            return ConnectorExited()
        if self._succeeded:
            await self._look_after(inner)
        return await inner.finish()

    async def terminate(self) -> None:
        self._ended.set()
        if self._inner is not None:
            await self._inner.terminate()

    async def _enter(self) -> None:
        connector = self._make(self._saved.state, self.traffic)
        session = await self._opened.enter_async_context(connector.open(self._calls))
        assert isinstance(session, PageSession)  # noqa: S101  what a page connector opens
        self._inner = session
        page = session.tab.page
        if page is not None:
            await self._check(page)

    async def _check(self, page: Page) -> None:
        """NeedsOwnerError where nobody is in, or somebody else than the connection is of. Who it is, is asked only
        where the session is another than before, or its owner is not known yet."""
        identity = self._renewals > 0 or "id" not in self._account
        report = await self._use.site.signs.look(page, identity=identity)
        if report.signed_in is False:
            raise self._signed_out()
        if not identity or report.account is None:
            return
        try:
            account = same_account(self._use.connection, self._account, report)
        except RefusedError as error:
            if error.code != ErrorCode.OTHER_ACCOUNT:
                return  # it could not be told, as before
            raise NeedsOwnerError(error.reason, code=error.code) from None
        if account != self._account:
            self._account = account
            await self._use.learn(account)

    def _says_signed_out(self, batch: Batch) -> bool:
        """DONE is the last thing a polyfill says; one that gave up for want of a session says so there."""
        last = batch.messages[-1] if batch.messages else None
        if not isinstance(last, dict) or last.get("type") != "DONE":
            return False
        self._succeeded = last.get("status") == "succeeded"
        error = last.get("error")
        return isinstance(error, dict) and error.get("code") == ErrorCode.SIGNED_OUT

    async def _lost(self, lost: NeedsOwnerError | Batch | None) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        """What was read goes on at once; then the owner is asked, and the run waits. That they were signed out stays
        known however that ends, until they are in again."""
        self.traffic.signed_out = True
        if isinstance(lost, Batch) and len(lost.messages) > 1:
            yield Batch(lost.number, lost.messages[:-1], lost.size)
        if self._ended.is_set():
            yield ConnectorExited(detail="ended by the host")
            return
        held = self._inner
        if await self._signed_in_again():
            await self.close()
            await self.start()
            self.traffic.signed_out = False
            yield Restarted("signed in again", self._renewals)
        elif self._ended.is_set():
            await self.close()
            yield ConnectorExited(detail="ended by the host")
        elif isinstance(lost, Batch) and held is not None:
            yield Batch(lost.number, lost.messages[-1:], 0)
        else:
            raise self._told(lost if isinstance(lost, NeedsOwnerError) else self._signed_out())

    async def _signed_in_again(self) -> bool:
        """Whether there is another session now. The owner may have made it anywhere; with a screen, a window opens."""
        while self._renewals < MAX_RENEWALS and not self._ended.is_set():
            self._renewals += 1
            if not await self._answered():
                return False
            if self._take_newer() or (has_display() and await self._in_a_window()):
                return True
        return False

    def _take_newer(self) -> bool:
        newer = load_saved(self._use.home, self._use.connection)
        if newer is None or newer.version == self._saved.version:
            return False
        self._saved = newer.of(self._use.site.signs.hosts)
        return True

    async def _in_a_window(self) -> bool:
        use = self._use
        try:
            entered = await enter_visibly(
                use.site,
                profile_folder(use.home, use.connection),
                wait_seconds=use.wait_seconds,
                cancelled=self._ended,
                state=self._saved.state,
            )
            entered = await report_for_workspace(use.site, place_of(self._account), entered)
            same_account(use.connection, self._account, entered.report)
        except PolyhostError as error:
            use.watch(Noticed(str(error)))
            return False
        refresh_session(use.home, use.connection, entered.state, since=self._saved.version)
        return self._take_newer()

    async def _answered(self) -> bool:
        """The owner says that they are ready; False where nobody does, or the run is ended meanwhile."""
        how = self._use.how_to_renew
        here = (
            f"Confirm, and a window opens here in which you sign in; or sign in elsewhere first: {how}."
            if has_display()
            else f"Sign in elsewhere, then confirm: {how} (with --cdp, --cookies-from, --cookies or --storage-state)."
        )
        asked = OwnerAsked(
            f"sign-in-{secrets.token_hex(6)}",
            "manual_action",
            f"{self._use.site.name} has signed you out; the run waits, and goes on where it was. {here}",
            None,
            iso_from_seconds(self._use.clock.now() + self._use.wait_seconds),
        )
        async with self._calls.asking():  # whoever hears of the question finds its run
            self._use.watch(asked)
            status, _ = await _first_of(self._use.answer(asked), self._ended, self._use.wait_seconds)
        return status == "success"

    async def _look_after(self, inner: PageSession) -> None:
        page = inner.tab.page
        if page is None:
            return
        with suppress(Error, TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                report = await self._use.site.signs.look(page)
                if report.signed_in is False:
                    raise self._signed_out()
                if report.signed_in:
                    self._keep(await read_state(page, self._use.site.signs))

    def _keep(self, state: dict[str, Any]) -> None:
        """What the site has renewed while it was used. Storage of origins that were not open is kept as it was."""
        seen = {origin["origin"] for origin in state["origins"]}
        before = [origin for origin in self._saved.state.get("origins", ()) if origin["origin"] not in seen]
        whole = {"cookies": state["cookies"], "origins": [*before, *state["origins"]]}
        kept = kept_state(whole, self._use.site.signs.hosts)
        refresh_session(self._use.home, self._use.connection, kept, since=self._saved.version)

    def _signed_out(self) -> NeedsOwnerError:
        return NeedsOwnerError(f"You are signed out of {self._use.site.name}", code=ErrorCode.SIGNED_OUT)

    def _told(self, error: NeedsOwnerError) -> NeedsOwnerError:
        instruction = f"Sign in again: {self._use.how_to_renew}. What was collected stays."
        return NeedsOwnerError(error.reason, instruction, code=error.code)


async def _first_of(answer: Awaitable[tuple[str, Any]], ended: asyncio.Event, seconds: float) -> tuple[str, Any]:
    """The answer; ("cancelled", None) where the run ends first, ("timeout", None) where nobody answers."""

    async def wait_for_answer() -> tuple[str, Any]:
        return await answer

    async with asyncio.TaskGroup() as tasks:
        answering, ending = tasks.create_task(wait_for_answer()), tasks.create_task(ended.wait())
        done, pending = await asyncio.wait({answering, ending}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
    if answering in done:
        return answering.result()
    return ("cancelled" if ending in done else "timeout"), None
