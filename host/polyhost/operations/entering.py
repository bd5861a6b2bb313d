"""From a request to a session: which way in was chosen, and which workspaces of what it opens.

Owns: that exactly one way is taken, what is said meanwhile, and the question which workspace is meant. Must not know:
how a browser is driven (engine.signing_in), what a connection is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyhost.browser.attach import check_endpoint
from polyhost.browser.cookies import cookies_of_browser, cookies_of_file
from polyhost.browser.session import SessionReport, Workspace
from polyhost.browser.signed_in import SignedIn
from polyhost.browser.signin import check_display
from polyhost.browser.storage import SiteState
from polyhost.connectors.loading import LoadedSource
from polyhost.engine.events import Noticed
from polyhost.engine.sessions.account import account_at, place_of
from polyhost.engine.sessions.reach import reach_of
from polyhost.engine.sessions.saved import load_session, profile_folder, read_storage_state
from polyhost.engine.sessions.sign_in import (
    Site,
    check_tellable,
    enter_running,
    enter_visibly,
    enter_with_cookies,
    enter_with_state,
    report_for_workspace,
    site_of,
)
from polyhost.engine.sources.connectors import browser_options
from polyhost.errors import ErrorCode, PolyhostError, RefusedError
from polyhost.humanize import interval
from polyhost.operations.connect import ConnectRequest
from polyhost.operations.context import Context
from polyhost.store.base import ConnectionRow

__all__ = ["Entered", "at_workspace", "check_way", "chosen_workspaces", "enter", "is_interactive", "show_reach", "slug"]

_WAYS = ("storage_state", "cdp", "cookies_from", "cookies")
_MAX_SLUG = 32
"""Characters of a workspace's name that go into a connection's."""


@dataclass(frozen=True, slots=True)
class Entered:
    """`state` None: the connection has no session. `report` None: nobody has asked the site about it yet."""

    state: SiteState | None = None
    report: SessionReport | None = None


def check_way(request: ConnectRequest, source: LoadedSource) -> None:
    """RefusedError for two ways at once, and for a way into something that has no session."""
    given = [f"--{name.replace('_', '-')}" for name in _WAYS if getattr(request, name) is not None]
    if source.kind != "page" and given:
        raise RefusedError(f"{source.name} does not run in a browser", f"Leave {given[0]} out.")
    if len(given) > 1:
        raise RefusedError(f"{given[0]} and {given[1]} are two ways in", "Give one of them.", code=ErrorCode.TWO_WAYS)
    if request.all and request.workspace:
        raise RefusedError("--all and --workspace exclude each other", "Give one of them.", code=ErrorCode.TWO_WAYS)
    if request.cdp is not None:
        check_endpoint(request.cdp)
    if is_interactive(request, source):
        check_tellable(source)
    if not given and is_interactive(request, source):
        check_display()


def is_interactive(request: ConnectRequest, source: LoadedSource) -> bool:
    """Whether the owner is at it right now, rather than a script that hands a file over."""
    return source.kind == "page" and request.storage_state is None and request.watch is None


def signs_in_at_window(request: ConnectRequest, source: LoadedSource) -> bool:
    """Whether the owner signs in, in a window of ours, rather than handing a session over."""
    return is_interactive(request, source) and not any(getattr(request, way) for way in _WAYS)


def show_reach(context: Context, request: ConnectRequest, source: LoadedSource, *, in_window: bool) -> None:
    """What the source may reach: told before the window opens in which the owner signs in, or, of a session that is
    handed over, before anything is kept. Whoever goes on has agreed to it."""
    reach = reach_of(source)
    if reach is not None and signs_in_at_window(request, source) is in_window:
        head = f"{source.manifest.display_name} may reach, and nothing else:"
        for line in (head, *(f"- {line}" for line in reach.lines())):  # a terminal shows notices as lines
            context.watch(Noticed(line))


async def enter(
    context: Context,
    request: ConnectRequest,
    source: LoadedSource,
    name: str,
    mapped: Mapping[str, str],
    *,
    row: ConnectionRow | None = None,
) -> Entered:
    """A session, by the way that was asked for, cut down to the declared hosts and seen to be good at the site. `row`:
    the connection that is to get another one."""
    if source.kind != "page":
        return Entered()
    if request.watch is not None and all(getattr(request, way) is None for way in _WAYS):
        return Entered()  # files only, until it gets a session with --renew
    insecure = request.insecure_tls or bool(row and row.options.get("insecure_tls"))
    page = None if row is None else (row.account.get("workspace") or {}).get("url")
    site = site_of(source, browser_options(context.home, (mapped, insecure)), page=page)
    found = await _by_way(context, request, source, site, name, row)
    if row is not None:
        found = await report_for_workspace(site, place_of(row.account), found)
    return Entered(found.state, found.report)


async def at_workspace(
    context: Context,
    request: ConnectRequest,
    source: LoadedSource,
    mapped: Mapping[str, str],
    entered: Entered,
    place: Workspace | None,
) -> SessionReport | None:
    """What the site says of the session at this workspace; the account there may be another than at the next."""
    if place is None or entered.state is None or entered.report is None or account_at(entered.report, place.id):
        return entered.report
    site = site_of(source, browser_options(context.home, (mapped, request.insecure_tls)), page=place.url)
    return (await report_for_workspace(site, place.id, SignedIn(entered.state, entered.report))).report


async def _by_way(
    context: Context,
    request: ConnectRequest,
    source: LoadedSource,
    site: Site,
    name: str,
    row: ConnectionRow | None,
) -> SignedIn:
    if request.storage_state is not None:
        return await enter_with_state(site, read_storage_state(_path(request.storage_state)))
    if request.cdp is not None:
        return await enter_running(site, request.cdp)
    if request.cookies_from is not None:
        found = cookies_of_browser(request.cookies_from, site.signs.hosts, platform=sys.platform)
        return await enter_with_cookies(site, found)
    if request.cookies is not None:
        return await enter_with_cookies(site, cookies_of_file(_path(request.cookies), site.signs.hosts))
    show_reach(context, request, source, in_window=True)
    waits = interval(request.wait)
    context.watch(Noticed(f"A browser window opens: sign in to {site.name} there. It waits {waits}; Ctrl-C stops."))
    return await enter_visibly(
        site,
        profile_folder(context.home, name),
        wait_seconds=request.wait,
        cancelled=context.cancelled,
        state=None if row is None else _so_far(context, name),
    )


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _so_far(context: Context, name: str) -> Mapping[str, Any] | None:
    """The session that is to be renewed; one that cannot be opened is not a reason not to sign in anew."""
    try:
        return load_session(context.home, name)
    except PolyhostError:
        return None


async def chosen_workspaces(
    context: Context, request: ConnectRequest, source: LoadedSource, entered: Entered
) -> list[Workspace | None]:
    """The workspaces to connect; [None] where the site has none, or has said nothing. RefusedError where it is not said
    which, and nobody is there to say it."""
    there = [] if entered.report is None else [*entered.report.workspaces]
    if request.workspace:
        return [_named(word, there) for word in request.workspace]
    if request.all or len(there) <= 1:
        return [*there] or [None]
    slugs = _slugs(there)
    answer = await context.choose(
        f"You are signed in to {len(there)} workspaces of {source.manifest.display_name or source.name}. Which one?",
        {**{key: place.name for key, place in slugs.items()}, "all": "a connection for each"},
    )
    if answer is None:
        raise RefusedError(
            f"that session opens several workspaces: {', '.join(f'{place.name} ({place.id})' for place in there)}",
            "Choose one with --workspace ID, or take all of them with --all.",
            code=ErrorCode.WHICH_WORKSPACE,
        )
    return [*there] if answer == "all" else [slugs[answer]]


def _named(word: str, there: Sequence[Workspace]) -> Workspace:
    for place in there:
        if word in (place.id, place.label, slug(place)):
            return place
    known = ", ".join(f"{place.name} ({place.id})" for place in there) or "none that it names"
    raise RefusedError(
        f"that session opens no workspace {word[:80]!r}", f"It opens: {known}.", code=ErrorCode.UNKNOWN_WORKSPACE
    )


def _slugs(there: Sequence[Workspace]) -> dict[str, Workspace]:
    """Words to choose by; two of the same name are told apart by id."""
    found: dict[str, Workspace] = {}
    for place in there:
        word = slug(place)
        found[f"{word}-{place.id.lower()}" if word in found or word == "all" else word] = place
    return found


def slug(place: Workspace) -> str:
    """`Lantern Bay` as `lantern-bay`; the id where nothing of the name can be typed."""
    word = re.sub(r"[^a-z0-9]+", "-", place.name.lower()).strip("-")[:_MAX_SLUG].strip("-")
    return word or place.id.lower()
