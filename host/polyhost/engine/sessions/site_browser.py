"""A browser for a source at a site of its owner's: what else it is held to there.

Owns: which of the site's hosts are reached at home alone, and where the owner's own authority counts. Must not know:
how a browser is held to it, where an authority is kept.
"""

from __future__ import annotations

from dataclasses import replace

from polyhost.browser.launch import BrowserOptions
from polyhost.connectors.loading import LoadedSource
from polyhost.protocol.site_address import site_address

__all__ = ["for_site"]


def for_site(browser: BrowserOptions, source: LoadedSource) -> BrowserOptions:
    """The same for this source. What its owner gave as `http://` is theirs only as long as it is at home: a name that
    comes to have an address of the internet is not asked without encryption."""
    if source.site is None:
        return browser
    origins = [site_address(source.site, allow_private=True).origin, *(host.host for host in source.named)]
    secure = [origin for origin in origins if origin.startswith("https://")]
    return replace(
        browser,
        home_hosts=tuple(origin for origin in origins if origin not in secure),
        authority=source.authority,
        authority_hosts=tuple(secure) if source.authority is not None else (),
    )
