"""What goes along with a request for a file, and whom it goes to.

Owns: which addresses may be asked at all, and which cookies and headers each of them is sent. Must not know: sockets,
sessions, what an answer means.

A browser's rules, and one more: nothing that signs anybody in goes out without encryption, but where its pattern says
`http://` in so many words, or means this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from yarl import URL

from polyhost.protocol.host_patterns import HostPattern, host_pattern

__all__ = ["FileAccess", "file_url", "host_of", "leads_to"]

_SCHEMES = frozenset({"http", "https"})
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f\\]")
_NO_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    """Of one source. `hosts`: patterns its manifest declares; `cookies`: as `context.cookies()` of Playwright gives
    them; `referer`: the address of the page; `headers`: by the pattern of the hosts that are sent them."""

    hosts: Sequence[str]
    cookies: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    user_agent: str | None = None
    referer: str | None = None
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]], repr=False)

    def may_ask(self, url: URL, before: URL | None = None) -> bool:
        """Whether this address may be asked, `before` having led there: never from encryption to none."""
        if url.scheme not in _SCHEMES or (before is not None and before.scheme == "https" and url.scheme != "https"):
            return False
        return any(_covers(host_pattern(text), url) for text in self.hosts)

    def headers_for(self, url: URL, now: float) -> dict[str, str]:
        """What this address is sent. `now`: seconds since 1970."""
        sent = {"Accept": "*/*"}
        if self.user_agent is not None:
            sent["User-Agent"] = self.user_agent
        referer = _referer(self.referer, url)
        if referer is not None:
            sent["Referer"] = referer
        for text, headers in self.headers.items():
            if _is_trusted(host_pattern(text), url):
                sent.update(headers)
        cookies = "; ".join(self._cookies_for(url, now))
        if cookies:
            sent["Cookie"] = cookies
        return {name: value for name, value in sent.items() if not _NO_VALUE.search(value)}

    def _cookies_for(self, url: URL, now: float) -> Iterator[str]:
        """The longest path first, as servers expect it that take the first of a name."""
        for cookie in sorted(self.cookies, key=lambda one: -len(one.get("path", "/"))):
            pair = f"{cookie['name']}={cookie['value']}"
            if _goes_to(cookie, url, now) and ";" not in pair and not _NO_VALUE.search(pair):
                yield pair


def file_url(text: str) -> URL | None:
    """The address that a source wrote; None where it is none that could be asked. What stands in it stays as it is
    written: a signature may be over just that."""
    text = text.strip()
    if _NO_ADDRESS.search(text.replace(" ", "")):
        return None
    try:
        url = URL(text, encoded=text.isascii() and " " not in text)
        is_one = url.scheme in _SCHEMES and bool(url.raw_host) and bool(url.port) and url.raw_user is None
    except ValueError:
        return None
    return url.with_fragment(None) if is_one and " " not in (url.raw_host or " ") else None


def leads_to(url: URL, location: str) -> URL | None:
    """Where a redirect from there leads; None where that is no address."""
    location = location.strip()
    if _NO_ADDRESS.search(location.replace(" ", "")):
        return None
    try:
        return file_url(str(url.join(URL(location, encoded=location.isascii() and " " not in location))))
    except ValueError:
        return None


def host_of(url: URL) -> str:
    """As the proxy writes it: lower case, without the dot at its end, IPv6 in brackets."""
    host = (url.raw_host or "").lower().removesuffix(".")
    return f"[{host}]" if ":" in host else host


def _covers(pattern: HostPattern, url: URL) -> bool:
    return pattern.covers(host_of(url), url.port or 0, secure=url.scheme == "https")


def _is_trusted(pattern: HostPattern, url: URL) -> bool:
    in_words = pattern.scheme == "http" or pattern.is_this_machine
    return _covers(pattern, url) and (url.scheme == "https" or in_words)


def _goes_to(cookie: Mapping[str, Any], url: URL, now: float) -> bool:
    expires = float(cookie.get("expires", -1))
    if 0 <= expires <= now or (cookie.get("secure", False) and url.scheme != "https"):
        return False
    return _is_of_domain(str(cookie["domain"]).lower(), host_of(url)) and _is_of_path(
        str(cookie.get("path", "/")), url.raw_path
    )


def _is_of_domain(domain: str, host: str) -> bool:
    """A dot before it means the names below it too."""
    name = domain.lstrip(".")
    if host == name:
        return True
    return domain.startswith(".") and host.endswith(f".{name}") and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_of_path(path: str, asked: str) -> bool:
    if asked == path or path in ("", "/"):
        return True
    return asked.startswith(path) and (path.endswith("/") or asked[len(path)] == "/")


def _referer(page: str | None, url: URL) -> str | None:
    """The page's whole address to its own origin, its origin to others, nothing where encryption ends."""
    at = None if page is None else file_url(page)
    if at is None or (at.scheme == "https" and url.scheme != "https"):
        return None
    return str(at) if at.origin() == url.origin() else f"{at.origin()}/"
