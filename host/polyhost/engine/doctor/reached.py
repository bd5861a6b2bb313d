"""Each connection's session: what health knows of it, and with `--online` what its site says now.

Must not know: how a session is stored, what is judged of it (coverage judges).

Without `--online` nothing is reached: a page that is opened counts as a visit of the owner's at the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Error, Page, Response

from polyhost.browser.launch import BrowserOptions, launch
from polyhost.browser.session import SignedOutRule
from polyhost.coverage.health import project
from polyhost.coverage.rules import Axis
from polyhost.engine.clock import Clock
from polyhost.engine.config import Config
from polyhost.engine.doctor.finding import Finding, failed, ok, warning
from polyhost.engine.evidence import gather
from polyhost.engine.finding import Loaded, find_source
from polyhost.engine.home import load_session
from polyhost.errors import PolyhostError
from polyhost.store.base import ConnectionRow, Store

__all__ = ["check_session", "probe_session"]

_OPEN_MS = 30_000.0
_QUIET_MS = 10_000.0
"""A client that sends a signed-out owner away does so once its own scripts have asked; then the page is quiet."""
_SKEW_SECONDS = 60.0
"""Sites refuse times that are minutes off; their `Date` is whole seconds and as old as the answer took."""
_FOUND = {"ok": "accepted at the last contact", "unknown": "not tried yet"}


async def check_session(store: Store, row: ConnectionRow, home: Path, clock: Clock) -> list[Finding]:
    """From what is stored: how old the session is, and how the last contact went."""
    health = project(await gather(store, row, home), clock.iso())
    wrong = [
        failed(
            "source", f"{row.source} cannot be read: {condition.code}", "See: polyhost polyfill list", about=row.name
        )
        for condition in health.conditions
        if condition.rule.reason == "source_unreadable"
    ]
    axis = health.axes[Axis.CREDENTIALS]
    if wrong or row.nature not in {"live", "test"}:
        return wrong
    asked = [one for one in health.conditions if one.axis is Axis.CREDENTIALS and one.remediation is not None]
    told = _told(axis.evidence, clock.now())
    for one in asked:
        mend = one.remediation
        if mend is not None and mend.command is not None:
            return [warning("session", f"{one.message.rstrip('.')}{told}", f"Type: {mend.command}", about=row.name)]
    return [ok("session", f"{_FOUND.get(axis.status, axis.status)}{told}", about=row.name)]


async def probe_session(row: ConnectionRow, home: Path, config: Config, clock: Clock) -> list[Finding]:
    """Open the site's page once with the saved session and see where it leads. Nothing is collected or saved."""
    try:
        source = find_source(row.source, home)
        state = load_session(home, row.name)
        if source.manifest.polyfill is None or state is None or row.nature not in {"live", "test"}:
            return []
        return await _probe(row, source, state, config, clock)
    except PolyhostError as error:
        return [failed("online", error.reason, error.instruction, about=row.name)]
    except Error as error:
        why = error.message.strip().split("\n")[0][:200]
        return [
            failed("online", f"the site cannot be reached: {why}", "Look at the network, then again.", about=row.name)
        ]


async def _probe(
    row: ConnectionRow, source: Loaded, state: Mapping[str, Any], config: Config, clock: Clock
) -> list[Finding]:
    declared = source.manifest.polyfill
    assert declared is not None  # noqa: S101  probe_session asked
    options = BrowserOptions(
        allow_hosts=declared.hosts,
        map_hosts=dict(row.options.get("map_host", {})),
        insecure_tls=bool(row.options.get("insecure_tls", False)),
        executable=config.browser.executable,
        headless=config.browser.headless,
    )
    async with launch(options) as browser:
        page = await (await browser.new_context(state)).new_page()
        response = await page.goto(declared.page, wait_until="load", timeout=_OPEN_MS)
        skew = await _skew(response, clock)
        url = await _where_it_leads(page)
    rule = SignedOutRule(declared.session.signed_out)
    if rule.matches(url):
        mend = f"Type: polyhost connect {row.source} --name {row.name} --renew"
        return [failed("online", "the site says that you are signed out", mend, about=row.name), *skew]
    return [ok("online", "the site takes the session", about=row.name), *skew]


async def _where_it_leads(page: Page) -> str:
    with suppress(Error):  # a client that never falls quiet has not sent anybody away either
        await page.wait_for_load_state("networkidle", timeout=_QUIET_MS)
    return page.url


async def _skew(response: Response | None, clock: Clock) -> list[Finding]:
    """This clock against the site's."""
    date = await response.header_value("date") if response is not None else None
    if date is None:
        return []
    try:
        off = clock.now() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return []
    if abs(off) <= _SKEW_SECONDS:
        return []
    found = f"it is {abs(off):,.0f} seconds {'ahead of' if off > 0 else 'behind'} the site's"
    return [warning("clock", found, "Let the system set its clock (Linux: timedatectl set-ntp true).")]


def _told(evidence: Mapping[str, Any], now: float) -> str:
    """How old the session is, and how long ago the last contact was."""
    parts = [
        f"{words} {_ago(evidence[name], now)}"
        for name, words in (("session_saved_at", "saved"), ("last_contact", "last contact"))
        if evidence.get(name)
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _ago(iso: str, now: float) -> str:
    seconds = max(0.0, now - datetime.fromisoformat(iso).astimezone(UTC).timestamp())
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
