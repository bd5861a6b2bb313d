"""What a page's browser has to ask its site with: cookies, a name, where from, the one way out, and who says when.

Must not know: files, what is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from polyhost.browser.governor import Gate
from polyhost.browser.launch import BrowserOptions

__all__ = ["SiteAccess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAccess:
    """`cookies`: as Playwright gives them. `page`: the address of the page. `headers`: what a host is sent besides, by
    its pattern. `options`: whom the browser may reach, and how. `gate`: what says when."""

    options: BrowserOptions
    gate: Gate
    page: str
    user_agent: str
    cookies: Sequence[Mapping[str, Any]] = field(repr=False)
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]], repr=False)
