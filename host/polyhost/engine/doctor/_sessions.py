"""Each connection's session: what health knows of it, and with `--online` what its site says now.

Must not know: how a session is stored, what health judges of it (coverage judges), how a site tells who is signed in.

Without `--online` nothing is reached: a page that is opened counts as a visit of the owner's at the site. With it, the
page is opened by what a run opens it with and looked at by the same signs, so that both come to the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Error, Page, Response

from polyhost.browser.session import SessionReport, SessionSigns
from polyhost.browser.storage import kept_state
from polyhost.connectors.base import HostCalls
from polyhost.connectors.page import PageConnector, PageSession
from polyhost.coverage.health import project
from polyhost.coverage.health_json import CredentialsEvidence
from polyhost.coverage.signals import Axis
from polyhost.engine.clock import Clock
from polyhost.engine.doctor.finding import Finding, failed, ok, warning
from polyhost.engine.health.connection_history import ConnectionHistory
from polyhost.engine.health.evidence import gather
from polyhost.engine.sessions.reach import agreed_source
from polyhost.engine.sessions.saved import load_session
from polyhost.engine.sessions.sign_in import session_signs
from polyhost.engine.sessions.site_browser import for_site
from polyhost.engine.sources.connectors import browser_options, page_of, page_polyfill
from polyhost.engine.sources.lookup import Loaded, source_of
from polyhost.errors import ErrorCode, PolyhostError
from polyhost.humanize import rough_duration
from polyhost.store.base import ConnectionRow, Store

__all__ = ["check_session", "probe_session"]

_QUIET_MS = 10_000.0
"""A client that sends a signed-out owner away does so once its own scripts have asked; then the page is quiet."""
_JUST_NOW_SECONDS = 120
"""Seconds since a contact that are not worth counting."""
_SKEW_SECONDS = 60.0
"""Sites refuse times that are minutes off; their `Date` is whole seconds and as old as the answer took."""
_MOST_NAMED = 3
"""Workspaces in one line."""
_FOUND = {"ok": "accepted at the last contact", "unknown": "not tried yet"}


async def check_session(store: Store, row: ConnectionRow, home: Path, clock: Clock) -> list[Finding]:
    """From what is stored: how old the session is, and how the last contact went."""
    health = project(await gather(ConnectionHistory(store, row, home)), clock.iso())
    wrong = [
        failed(
            "source", f"{row.source} cannot be read: {condition.code}", "See: polyhost polyfill list", about=row.name
        )
        for condition in health.conditions
        if condition.rule.reason == "source_unreadable"
    ]
    axis = health.axes["credentials"]
    status = axis["status"]
    if wrong or row.nature not in {"live", "test"}:
        return wrong
    asked = [one for one in health.conditions if one.axis is Axis.CREDENTIALS and one.remediation is not None]
    told = _told(axis["evidence"], clock.now())
    for one in asked:
        mend = one.remediation
        if mend is not None and mend.command is not None:
            return [warning("session", f"{one.message.rstrip('.')}{told}", f"Type: {mend.command}", about=row.name)]
    return [ok("session", f"{_FOUND.get(status, status)}{told}", about=row.name)]


async def probe_session(store: Store, row: ConnectionRow, home: Path, clock: Clock) -> list[Finding]:
    """Open the site's page once as a run opens it, and ask what a run asks. Nothing is collected or saved."""
    try:
        source = await agreed_source(store, row, source_of(row, home))
        state = load_session(home, row.name)
        if source.manifest.polyfill is None or state is None or row.nature not in {"live", "test"}:
            return []
        return await _opened(row, source, kept_state(state, source.manifest.polyfill.hosts), home, clock)
    except PolyhostError as error:
        instruction = f"Type: {_renewal(row)}" if error.code == ErrorCode.SIGNED_OUT else error.instruction
        return [failed("online", error.reason, instruction, about=row.name)]


async def _opened(
    row: ConnectionRow, source: Loaded, state: Mapping[str, Any], home: Path, clock: Clock
) -> list[Finding]:
    hosts = dict(row.options.get("map_host", {})), bool(row.options.get("insecure_tls", False))
    browser = for_site(browser_options(home, hosts), source)
    polyfill = page_polyfill(source, browser, page=page_of(row))
    dates: list[str] = []

    async def listen(context: BrowserContext) -> None:
        context.on("response", lambda response: _note_date(response, dates))

    connector = PageConnector(polyfill, browser=browser, storage_state=state, prepare=listen)
    async with connector.open(_NothingAsked()) as session:
        assert isinstance(session, PageSession)  # noqa: S101  what a page connector opens
        signs = session_signs(source)
        report = await _look(session.tab.page, signs)
    return [_judged(row, report, signs), *_skew(dates, clock)]


class _NothingAsked(HostCalls):
    """A polyfill that is never sent START asks for nothing."""

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        del stream, partition
        return []

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        del stream, partition, ids
        return {}

    async def unpaused(self) -> None:
        """Nobody pauses it."""


async def _look(page: Page | None, signs: SessionSigns) -> SessionReport:
    """By the page's address and the manifest's probe, which is also asked for the workspaces."""
    if page is None:
        return SessionReport()
    with suppress(Error):  # a client that never falls quiet has not sent anybody away either
        await page.wait_for_load_state("networkidle", timeout=_QUIET_MS)
    return await signs.look(page, identity=True)


def _judged(row: ConnectionRow, report: SessionReport, signs: SessionSigns) -> Finding:
    """What cannot be told is never taken for signed out: a run goes on then, too."""
    if report.signed_in is False:
        return failed("online", "the site says that you are signed out", f"Type: {_renewal(row)}", about=row.name)
    if report.signed_in:
        return ok("online", f"the site takes the session{_where(row, report)}", about=row.name)
    if signs.probe:
        return warning(
            "online",
            "the page opens; whether you are signed in could not be told",
            "Look again later. A run would go on, and say what it meets.",
            about=row.name,
        )
    return ok("online", "the page opens, and does not send you to sign in", about=row.name)


def _renewal(row: ConnectionRow) -> str:
    return f"polyhost connect {row.source} --name {row.name} --renew"


def _where(row: ConnectionRow, report: SessionReport) -> str:
    """The connection's own workspace, or those that the session opens. Whose session it is is left out: what a doctor
    says gets passed on."""
    own = (row.account.get("workspace") or {}).get("id")
    places = [place for place in report.workspaces if place.id == own] or report.workspaces
    names = [place.name for place in places[:_MOST_NAMED]]
    more = [f"{len(places) - len(names)} more"] if len(places) > len(names) else []
    return f": {', '.join(names + more)}" if names else ""


def _note_date(response: Response, dates: list[str]) -> None:
    """When the site has answered the page itself."""
    if not dates and response.request.is_navigation_request() and (date := response.headers.get("date")):
        dates.append(date)


def _skew(dates: Sequence[str], clock: Clock) -> list[Finding]:
    """This clock against the site's."""
    if not dates:
        return []
    try:
        off = clock.now() - parsedate_to_datetime(dates[0]).timestamp()
    except ValueError:
        return []
    if abs(off) <= _SKEW_SECONDS:
        return []
    found = f"it is {abs(off):,.0f} seconds {'ahead of' if off > 0 else 'behind'} the site's"
    return [warning("clock", found, "Let the system set its clock (Linux: timedatectl set-ntp true).")]


def _told(evidence: CredentialsEvidence, now: float) -> str:
    """How old the session is, and how long ago the last contact was."""
    parts = [
        f"{words} {_ago(evidence[name], now)}"
        for name, words in (("session_saved_at", "saved"), ("last_contact", "last contact"))
        if evidence.get(name)
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _ago(iso: str, now: float) -> str:
    seconds = max(0.0, now - datetime.fromisoformat(iso).astimezone(UTC).timestamp())
    return f"{rough_duration(seconds)} ago" if seconds >= _JUST_NOW_SECONDS else "just now"
