"""Why a sign-in in a window may have come to nothing: hosts it was kept from, a place that refuses such windows.

Owns: telling what a page asked for from what Chromium wants for itself, and the words for the owner. Must not know:
the window's life.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Frame, Page, Request

from polyhost.browser.hosts import is_of_the_browser
from polyhost.errors import NeedsOwnerError
from polyhost.proxy import Attempt, Verdict

__all__ = ["KeptOut"]

_MOST_NAMED = 5
_REFUSE_PROGRAMS = frozenset({"accounts.google.com"})
"""Identity providers that let nobody in whose browser was started by a program, and say so only in a page of theirs."""


class KeptOut:
    """Hears the window's proxy and watches its pages; `told` says what both mean. Looks at hosts alone."""

    def __init__(self) -> None:
        self._hosts: dict[str, None] = {}
        self._perhaps: set[str] = set()
        """Refused, and of those that Chromium asks for by itself: unless a page says that it asked."""
        self._at = ""
        """The host of the page that was shown last."""

    def hear(self, attempt: Attempt) -> None:
        if attempt.verdict not in (Verdict.UNDECLARED, Verdict.PRIVATE):
            return
        if is_of_the_browser(attempt.host):
            self._perhaps.add(attempt.host)
        else:
            self._name(attempt.host)

    def watch(self, context: BrowserContext) -> None:
        """Its pages, from now on."""
        context.on("requestfailed", self._failed)
        context.on("page", self._watch_page)
        for page in context.pages:
            self._watch_page(page)

    def told(self, error: NeedsOwnerError, other_ways: str) -> NeedsOwnerError | None:
        """The same error with all this and other ways in; None where there is nothing to add."""
        reasons = [error.reason]
        if self._hosts:
            reasons.append(f"the window was kept from {', '.join(self._hosts)}, which the source does not declare")
        if self._at in _REFUSE_PROGRAMS:
            reasons.append(f"{self._at} lets nobody in whose browser was started by a program, as this window was")
        if len(reasons) == 1:
            return None
        return NeedsOwnerError("; ".join(reasons), f"{error.instruction} {other_ways}", code=error.code)

    def _watch_page(self, page: Page) -> None:
        page.on("framenavigated", self._navigated)

    def _navigated(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self._at = urlsplit(frame.url).hostname or self._at

    def _failed(self, request: Request) -> None:
        host = urlsplit(request.url).hostname or ""
        if host in self._perhaps:
            self._name(host)

    def _name(self, host: str) -> None:
        if len(self._hosts) < _MOST_NAMED:
            self._hosts[host] = None
