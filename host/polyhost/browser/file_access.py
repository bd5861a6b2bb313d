"""What a site's files are asked for with, as its page would ask: the browser's cookies, its name, where from, and
the one way out that the browser has.

Must not know: files, how one is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from polyhost.browser.governor import Gate
from polyhost.browser.launch import BrowserOptions

__all__ = ["FileAccess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    """`cookies`: as Playwright gives them. `page`: the address files are asked from. `headers`: what a host's files are
    asked for with besides, by host pattern. `options`: whom the browser may reach, and how. `gate`: what says when."""

    options: BrowserOptions
    gate: Gate
    page: str
    user_agent: str
    cookies: Sequence[Mapping[str, Any]] = field(repr=False)
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]], repr=False)
