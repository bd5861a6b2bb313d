"""The address of a site that its owner hosts, as its owner types it: read strictly, kept in one spelling.

`https://host[:port][/path]`, or `http://` where the host is this machine or in a private network. What people type in
more than one way (upper case, letters beyond ASCII, the scheme's own port, a slash at the end) comes out in the one
spelling that every program reads alike; whatever programs disagree about is refused, with what to use instead.

Owns: the grammar, its refusals, and the host pattern that an address stands for. Pure. Must not know: manifests, what
addresses a name has, who asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from polyhost.protocol._names import host_fault
from polyhost.protocol.addresses import Kind, kind_of
from polyhost.protocol.host_patterns import HostPattern, HostPatternError, host_pattern

__all__ = ["MAX_SITE", "SiteAddress", "SiteAddressError", "site_address"]

MAX_SITE = 500
"""Characters of an address: the longest name, with a port and a path of several steps."""
_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
_MAX_SHOWN = 80
_OTHER_DOTS = "\u3002\uff0e\uff61"
"""What a name's encoding takes for a dot, and a reader for something else."""
_EXAMPLE = "https://wiki.example.org"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_STEP = re.compile(r"(?:[A-Za-z0-9._~+-]|%[0-9A-F]{2})+\Z")
_PLAIN = re.compile(r"%(?:[01][0-9A-F]|7F|2[5EF]|5C|[46][1-9A-F]|[57][0-9A]|3[0-9]|2D|5F|7E)")
"""Encoded, and either the same as the plain character (then it has two spellings), or a separator, a percent sign or a
control character (then programs disagree about what it is)."""


class SiteAddressError(ValueError):
    """A text that is no address of a site; the message is a sentence with the reason, and what to use instead."""

    def __init__(self, text: str, why: str, use: str) -> None:
        super().__init__(f"{_shown(text)} is not a valid address of a site: {why}; use {use}")
        self.why = why
        self.use = use


@dataclass(frozen=True, slots=True)
class SiteAddress:
    """`host`: a canonical name, IPv4 address or bracketed IPv6 address. `port`: None for the scheme's own. `path`:
    empty, or steps that each begin with a slash."""

    scheme: str
    host: str
    port: int | None
    path: str

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"

    @property
    def origin(self) -> str:
        """As a browser writes it, which is how a host pattern is written, too."""
        return f"{self.scheme}://{self.host}{'' if self.port is None else f':{self.port}'}"

    @property
    def pattern(self) -> HostPattern:
        """What is reached of it: this host, by this scheme, at this port."""
        return host_pattern(self.origin)

    @property
    def is_at_home(self) -> bool:
        """Whether it says itself that it is this machine or in a private network."""
        return _is_at_home(self.pattern)


def site_address(text: str, *, allow_private: bool) -> SiteAddress:
    """The address that this text is. `allow_private`: whether it may be of this machine or of a private network; only
    there it may be without encryption. SiteAddressError for anything else."""
    _check_characters(text)
    scheme, authority, path = _split(text)
    address = _address(text, scheme, authority, _path(text, path))
    _check_place(text, address, allow_private)
    return address


def _check_characters(text: str) -> None:
    if not text:
        raise SiteAddressError(text, "it is empty", _EXAMPLE)
    if len(text) > MAX_SITE:
        raise SiteAddressError(text, f"it is longer than {MAX_SITE} characters", _EXAMPLE)
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise SiteAddressError(text, "it holds a space or a control character", _EXAMPLE)
    if "\\" in text:
        raise SiteAddressError(text, "it holds a backslash", "slashes alone")


def _split(text: str) -> tuple[str, str, str]:
    """Scheme, host with its port, and the path."""
    before, mark, rest = text.partition("://")
    if not mark or not _SCHEME.fullmatch(f"{before}:"):
        if _SCHEME.match(text) and not re.match(r"[^/]*:[0-9]+(/|\Z)", text):
            raise SiteAddressError(text, "it does not begin with https://", _EXAMPLE)
        raise SiteAddressError(text, "it does not begin with https://", _typed_in_full(text))
    scheme = before.lower()
    if scheme not in _PORTS:
        raise SiteAddressError(text, "a site is reached by https or http", _EXAMPLE)
    authority, slash, path = rest.partition("/")
    if "@" in rest:
        raise SiteAddressError(text, "it holds a user name or a password", "it without: you sign in in the window")
    for mark, name in (("?", "query"), ("#", "fragment")):
        if mark in rest:
            plain = re.split(r"[?#]", text)[0]
            raise SiteAddressError(text, f"it has a {name}", plain if len(plain) <= _MAX_SHOWN else "it without")
    return scheme, authority, f"{slash}{path}"


def _typed_in_full(text: str) -> str:
    """The same with a scheme, where it is a host otherwise."""
    plain = re.split(r"[/?#]", text)[0]
    return _EXAMPLE if "@" in text or not plain or host_fault(plain.partition(":")[0]) else f"https://{plain}"


def _address(text: str, scheme: str, authority: str, path: str) -> SiteAddress:
    if "*" in authority or "," in authority:
        raise SiteAddressError(text, "it is more than one host", _EXAMPLE)
    host, port = _host_and_port(text, authority)
    fault = host_fault(_spelt(host))
    if fault is not None:
        use = fault.use or _EXAMPLE
        whole = f"{scheme}://{use}{'' if port is None else f':{port}'}{path}"
        raise SiteAddressError(text, fault.why, whole if fault.use and fault.is_host else use)
    return SiteAddress(scheme, _spelt(host), None if port == _PORTS[scheme] else port, path)


def _host_and_port(text: str, authority: str) -> tuple[str, int | None]:
    inside, bracket, after = authority.partition("]")
    if authority.startswith("["):
        if not bracket:
            raise SiteAddressError(
                text, "its brackets hold no whole IPv6 address", "an address as in https://[2001:db8::1]"
            )
        host, colon, digits = f"{inside}]", after[:1], after[1:]
        if colon not in ("", ":"):
            raise SiteAddressError(
                text, "something stands behind its brackets", "an address as in https://[2001:db8::1]"
            )
    else:
        host, colon, digits = authority.partition(":")
    if not colon:
        return host, None
    is_number = digits.isascii() and digits.isdecimal() and not digits.startswith("0") and len(digits) <= len("65535")
    if not is_number or int(digits) > _MAX_PORT:
        raise SiteAddressError(text, "its port is not a number from 1 to 65535", "a port as in https://host:8448")
    return host, int(digits)


def _spelt(host: str) -> str:
    """A name in lower case, in its encoded form where it has letters beyond ASCII; what is no name is as it was."""
    if host.isascii():
        return host if host.startswith("[") else host.lower()
    fault = host_fault(host)
    encoded = None if fault is None else fault.use
    has_odd_dots = any(dot in host for dot in _OTHER_DOTS)
    is_plain = encoded is not None and any(label.startswith("xn--") for label in encoded.split("."))
    return encoded if encoded is not None and is_plain and not has_odd_dots and not host.endswith(".") else host


def _path(text: str, path: str) -> str:
    """Without slashes at its end."""
    steps = path.removesuffix("/").split("/")[1:]
    for step in steps:
        if step in (".", "..") or not _STEP.match(step) or _PLAIN.search(step):
            why = "its path is not made of letters, digits and . _ ~ + - between single slashes"
            raise SiteAddressError(text, why, "it as in https://example.org/wiki")
    return "".join(f"/{step}" for step in steps)


def _check_place(text: str, address: SiteAddress, allow_private: bool) -> None:
    try:
        pattern = address.pattern
    except HostPatternError as error:
        raise SiteAddressError(text, error.why, error.use) from None
    literal = pattern.address
    if literal is not None and kind_of(literal) in (Kind.LINK_LOCAL, Kind.NOBODYS):
        raise SiteAddressError(text, "nobody's site is reached at that address", _EXAMPLE)
    if _is_at_home(pattern) and not allow_private:
        why = "it is of this machine or of a private network, which this source does not take"
        raise SiteAddressError(text, why, "an address on the internet")
    if address.scheme == "http" and not (allow_private and (literal is None or _is_at_home(pattern))):
        raise SiteAddressError(text, "your session would go there without encryption", f"https{str(address)[4:]}")


def _is_at_home(pattern: HostPattern) -> bool:
    literal = pattern.address
    return pattern.is_this_machine or (literal is not None and kind_of(literal) is not Kind.PUBLIC)


def _shown(text: str) -> str:
    """As far as it may be told: a password or a key in it stays where it was typed."""
    if "@" in text:
        return repr("…@…")
    plain = re.split(r"[?#]", text)[0]
    plain += "…" if plain != text else ""
    plain = plain if len(plain) <= _MAX_SHOWN else f"{plain[:_MAX_SHOWN]}…"
    return repr(plain)
