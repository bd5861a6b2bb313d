"""A page as it is answered: body, status, headers. Must not know: which page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fakes.slack.layout import NONCE, document

__all__ = ["Page", "html_page", "redirect"]

# As on the real client: inline code only with a nonce, no eval, requests only to Slack
CSP = (
    f"default-src 'self' https://*.slack.com; script-src 'self' 'nonce-{NONCE}'; style-src 'unsafe-inline'; "
    "img-src 'self' data: https://*.slack.com; connect-src 'self' https://*.slack.com; "
    "object-src 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class Page:
    body: str | bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def html_page(title: str, body: str, *, status: int = 200, script: str = "") -> Page:
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": CSP}
    return Page(document(title, body, script=script), status, headers)


def redirect(to: str, *, cookie: str | None = None) -> Page:
    return Page("", 302, {"Location": to} | ({"Set-Cookie": cookie} if cookie else {}))
