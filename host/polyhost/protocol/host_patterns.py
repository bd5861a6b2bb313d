"""Host patterns: which hosts a manifest declares, in the closed grammar of the profile.

`[scheme://]host[:port]`: a DNS name, an IPv4 address or a bracketed IPv6 address, in its one canonical spelling; before
a name one `*.` may stand, which covers every name below it at any depth, and not the name itself. Nothing else is a
pattern, so no text of a manifest can mean something to a browser's command line, a resolver or an expression.

Without a scheme every scheme is meant, without a port each scheme's own default port. `https` and `wss` are one here,
as `http` and `ws` are: they use one port, and what is inside a tunnel is not seen.

Owns: the grammar, its refusals, what a pattern covers, and whether one pattern covers another. Must not know:
browsers, what addresses a name has.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from polyhost.protocol._names import Fault, host_fault
from polyhost.protocol.public_suffixes import is_public_suffix

__all__ = ["MAX_PATTERN", "HostPattern", "HostPatternError", "allows_name", "allows_url", "host_pattern"]

MAX_PATTERN = 300
"""Characters of a pattern: the longest name, with a scheme, a port and a wildcard."""
SCHEMES: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SECURE: Final = frozenset({"https", "wss"})
_MAX_PORT = 65_535
_MAX_SHOWN = 60
_EXAMPLE = "app.example.org, or *.example.org for every name below it"


class HostPatternError(ValueError):
    """A text that is no host pattern; the message is a sentence with the reason, and what to use instead."""

    def __init__(self, text: str, why: str, use: str) -> None:
        shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
        super().__init__(f"{shown!r} is not a valid host pattern: {why}; use {use}")
        self.why = why
        self.use = use


@dataclass(frozen=True, slots=True)
class HostPattern:
    """A declared host. `host`: a canonical name, IPv4 address or bracketed IPv6 address, without the wildcard."""

    scheme: str | None
    wildcard: bool
    host: str
    port: int | None

    def __str__(self) -> str:
        scheme = "" if self.scheme is None else f"{self.scheme}://"
        return f"{scheme}{self.name}{'' if self.port is None else f':{self.port}'}"

    @property
    def name(self) -> str:
        """The host with its wildcard, without scheme and port."""
        return f"*.{self.host}" if self.wildcard else self.host

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The address where it is written as one; None for a name."""
        try:
            return ipaddress.ip_address(self.host.strip("[]"))
        except ValueError:
            return None

    @property
    def is_this_machine(self) -> bool:
        """Whether it says in so many words that it is the owner's own machine."""
        address = self.address
        return self.host.rpartition(".")[2] == "localhost" if address is None else address.is_loopback

    def covers_name(self, host: str) -> bool:
        """Whether this host is meant, whatever the scheme and port."""
        name = host.lower().removesuffix(".")
        if ":" in name and not name.startswith("["):  # an IPv6 address as URL parsers hand it out
            name = f"[{name}]"
        if self.wildcard:
            return name.endswith(f".{self.host}") and len(name) > len(self.host) + 1
        return name == self.host

    def covers(self, host: str, port: int, *, secure: bool | None = None) -> bool:
        """Whether a connection there is meant. `secure`: whether it carries TLS; None: that cannot be seen."""
        return self.covers_name(host) and any(
            there == port and secure in (None, with_tls) for with_tls, there in self._reach()
        )

    def includes(self, other: HostPattern) -> bool:
        """Whether everything that `other` covers is covered by this one too."""
        return self.includes_names(other) and other._reach() <= self._reach()

    def includes_names(self, other: HostPattern) -> bool:
        """The same, whatever the schemes and ports."""
        return self.name == other.name or (self.wildcard and self.covers_name(other.host))

    def _reach(self) -> frozenset[tuple[bool, int]]:
        """What it covers of each host: with TLS or not, and at which port."""
        schemes = SCHEMES if self.scheme is None else (self.scheme,)
        return frozenset((scheme in _SECURE, self.port or SCHEMES[scheme]) for scheme in schemes)


@lru_cache(maxsize=1024)
def host_pattern(text: str, *, any_suffix: bool = False) -> HostPattern:
    """The pattern that this text is. `any_suffix`: a wildcard may stand on a public suffix too, where its hosts are
    sent to this machine. HostPatternError for anything that is not written exactly as a pattern is."""
    pattern = _parsed(text, any_suffix)
    if str(pattern) != text:  # a port that is the scheme's own
        raise HostPatternError(text, "it has another, shorter spelling", str(pattern))
    return pattern


def allows_name(patterns: Iterable[str], host: str) -> bool:
    """Whether one of the declared patterns means this host, whatever the scheme and port."""
    return any(host_pattern(text).covers_name(host) for text in patterns)


def allows_url(patterns: Iterable[str], url: str) -> bool:
    """Whether one of the declared patterns means where this URL leads: its scheme, its host and its port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    default = SCHEMES.get(parts.scheme)
    if default is None or not host:
        return False
    secure = parts.scheme in _SECURE
    return any(host_pattern(text).covers(host, port or default, secure=secure) for text in patterns)


def _parsed(text: str, any_suffix: bool) -> HostPattern:
    _check_characters(text)
    before, mark, rest = text.rpartition("://")
    scheme = _scheme(text, before) if mark else None
    _check_rest(text, rest)
    wildcard, host, port = _split(rest)
    fault = host_fault(host)
    if fault is not None:
        raise HostPatternError(text, fault.why, _instead(fault, rest, scheme))
    if wildcard:
        _check_wildcard(text, host, any_suffix)
    return HostPattern(scheme, wildcard, host, _port(text, scheme, port))


def _split(rest: str) -> tuple[bool, str, str | None]:
    """Whether there is a wildcard, the host, and what stands behind its colon."""
    wildcard, rest = rest.startswith("*."), rest.removeprefix("*.")
    inside, bracket, after = rest.partition("]")
    if rest.startswith("[") and bracket and after[:1] in ("", ":"):
        return wildcard, f"{inside}]", after[1:] if after else None
    host, colon, port = rest.partition(":")
    return wildcard, host, port if colon else None


def _check_characters(text: str) -> None:
    if not text:
        raise HostPatternError(text, "it is empty", _EXAMPLE)
    if len(text) > MAX_PATTERN:
        raise HostPatternError(text, f"it is longer than {MAX_PATTERN} characters", _EXAMPLE)
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise HostPatternError(text, "it holds a space or a control character", "one entry for each host")
    if "," in text or ";" in text:
        raise HostPatternError(text, "it holds a comma or a semicolon", "one entry for each host")
    if "%" in text:
        raise HostPatternError(text, "it holds a percent sign", "the plain name or address")


def _check_rest(text: str, rest: str) -> None:
    """Refuse by name what belongs to a whole URL, and every wildcard but one."""
    if "@" in rest:
        raise HostPatternError(text, "it holds a user name", "the host alone")
    if any(letter in rest for letter in "/\\?#"):
        raise HostPatternError(text, "it holds a path, a query or a fragment", "the host alone")
    if "*" in rest.removeprefix("*."):
        raise HostPatternError(text, "a wildcard is one *. before a name, and nothing else", "*.example.org")


def _scheme(text: str, scheme: str) -> str:
    if scheme in SCHEMES:
        return scheme
    if scheme.lower() in SCHEMES:
        raise HostPatternError(text, "its scheme is not in lower case", f"{scheme.lower()}://")
    raise HostPatternError(text, "its scheme is none that a page uses", f"one of {', '.join(SCHEMES)}, or none at all")


def _instead(fault: Fault, rest: str, scheme: str | None) -> str:
    """The whole pattern with the host spelt right, where there is one."""
    if fault.use is None:
        return _EXAMPLE
    if not fault.is_host:
        return fault.use
    wildcard, _, port = _split(rest)
    before = "" if scheme is None else f"{scheme}://"
    return f"{before}{'*.' if wildcard else ''}{fault.use}{f':{port}' if port else ''}"


def _check_wildcard(text: str, host: str, any_suffix: bool) -> None:
    if host.startswith("[") or host.replace(".", "").isdecimal():
        raise HostPatternError(text, "an address has no names below it", host)
    if not any_suffix and is_public_suffix(host):
        why = f"{host} is a public suffix, and the names below it belong to anybody"
        raise HostPatternError(text, why, f"the site's own name, as in *.site.{host}")


def _port(text: str, scheme: str | None, digits: str | None) -> int | None:
    if digits is None:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(_MAX_PORT))):
        raise HostPatternError(text, "its port is not a number", "a port from 1 to 65535, or none")
    port = int(digits)
    if not 0 < port <= _MAX_PORT or str(port) != digits:
        raise HostPatternError(text, "its port is not a number from 1 to 65535", "a port from 1 to 65535, or none")
    return None if scheme is not None and port == SCHEMES[scheme] else port
