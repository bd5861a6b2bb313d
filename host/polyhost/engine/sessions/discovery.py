"""A source at the hosts that its site names: asked once when it is connected, and again when that is renewed.

Owns: what of a script's answer is taken. Must not know: how a page is opened, surfaces, where an agreement is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.discovering import ask_for_hosts
from polyhost.browser.launch import BrowserOptions
from polyhost.connectors.loading import LoadedSource
from polyhost.engine.sessions.site_browser import for_site
from polyhost.errors import ErrorCode, RunFailedError
from polyhost.protocol.host_patterns import allows_url
from polyhost.protocol.named_hosts import NamedHostError, read_named_hosts
from polyhost.protocol.site_address import site_address

__all__ = ["at_its_hosts"]

_MAX_PAGE = 1_000
"""Characters of the page to begin at."""


async def at_its_hosts(source: LoadedSource, browser: BrowserOptions) -> LoadedSource:
    """The same with the hosts that its site names now; as it is where its manifest has no script to ask with.
    RunFailedError `site_not_asked` where no answer came that can be taken."""
    asking, declared = source.read_discover(), source.naming(()).manifest.polyfill
    if asking is None or declared is None or source.site is None:
        return source
    site = site_address(source.site, allow_private=True)
    script = PageScript(f"{source.name}/{asking[0]}", asking[1])
    held = replace(for_site(browser, source), allow_hosts=declared.hosts, private_hosts=declared.private_hosts)
    answer = await ask_for_hosts(script, source.site, site.origin, held)
    given: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
    try:
        named = read_named_hosts(site, given.get("hosts"))
    except NamedHostError as error:
        raise _unusable(source, asking[0], str(error)) from None
    page = given.get("page")
    there = source.at(source.site, named, page if isinstance(page, str) else None)
    hosts = () if there.manifest.polyfill is None else there.manifest.polyfill.hosts
    if page is not None and (not isinstance(page, str) or len(page) > _MAX_PAGE or not allows_url(hosts, page)):
        raise _unusable(source, asking[0], "page is not an address on one of its hosts")
    return there


def _unusable(source: LoadedSource, name: str, why: str) -> RunFailedError:
    return RunFailedError(
        f"{source.site} was asked which hosts are its own, and what {name} answered cannot be taken: {why}",
        "Tell whoever wrote the polyfill.",
        code=ErrorCode.SITE_NOT_ASKED,
    )
