"""A browser session as a document: cookies and storage, Playwright's storage state, cut down to one site's hosts.

Owns: which cookies and origins belong to a set of declared hosts. Must not know: where a state comes from or goes to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NewType
from urllib.parse import urlsplit

from polyhost.protocol.host_patterns import allows_name, host_pattern

__all__ = ["SiteState", "cookie_reaches", "kept_state"]

SiteState = NewType("SiteState", dict[str, Any])
"""A storage state with what belongs to a source's declared hosts, and nothing else: `kept_state` makes it, and only
such a one is sealed."""


def kept_state(state: Mapping[str, Any], hosts: Sequence[str]) -> SiteState:
    """Only what the declared hosts would be sent, or keep themselves: an identity provider's session is not ours."""
    return SiteState(
        {
            "cookies": [cookie for cookie in state.get("cookies", ()) if cookie_reaches(hosts, cookie["domain"])],
            "origins": [
                origin
                for origin in state.get("origins", ())
                if allows_name(hosts, urlsplit(origin["origin"]).hostname or "")
            ],
        }
    )


def cookie_reaches(hosts: Sequence[str], domain: str) -> bool:
    """Whether a cookie of this domain is sent to one of the hosts. `.slack.com` is: to app.slack.com, for one."""
    name = domain.lstrip(".").lower()
    if allows_name(hosts, name):
        return True
    return domain.startswith(".") and "." in name and any(_ends_below(text, name) for text in hosts)


def _ends_below(pattern: str, name: str) -> bool:
    """Whether the pattern means hosts below this name; a wildcard on the name itself does."""
    read = host_pattern(pattern)
    return read.host.endswith(f".{name}") or (read.wildcard and read.host == name)
