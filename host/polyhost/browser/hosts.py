"""What a browser, its proxy and a page's allow list are told about the hosts a polyfill declared.

Owns: the loopback rule of mapped hosts, the flags that leave a browser one way out. Must not know: how a pattern is
written (protocol.host_patterns), how the proxy works, pages, what the hosts are for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from polyhost.errors import RefusedError
from polyhost.protocol.host_patterns import HostPatternError, host_pattern
from polyhost.proxy import Policy

__all__ = [
    "blocked_url_patterns",
    "check_hosts",
    "check_mapping",
    "is_loopback",
    "is_of_the_browser",
    "policy_of",
    "way_out_flags",
]

_NOWHERE = "MAP * ~NOTFOUND"
_WAY_OUT = "way-out.invalid:80"
"""The proxy's name, for its browser alone; a page that asks for it asks the proxy, which knows no such host."""
_MAX_PORT = 65_535

_OF_THE_BROWSER = frozenset(
    {
        "accounts.google.com",
        "android.clients.google.com",
        "clients2.google.com",
        "clients2.googleusercontent.com",
        "clientservices.googleapis.com",
        "edgedl.me.gvt1.com",
        "optimizationguide-pa.googleapis.com",
        "redirector.gvt1.com",
        "safebrowsing.googleapis.com",
        "update.googleapis.com",
    }
)
"""What a whole Chromium asks for by itself, whatever flags it is given: refused, and no page is to blame for it."""


def is_of_the_browser(host: str) -> bool:
    """Whether a refused request to this host is the browser's own doing."""
    return host in _OF_THE_BROWSER


def check_hosts(hosts: Sequence[str]) -> None:
    """RefusedError where one of them is no host pattern; a manifest's were checked when it was read."""
    for text in hosts:
        try:
            host_pattern(text)
        except HostPatternError as error:
            raise RefusedError(str(error), "Correct polyfill.hosts in manifest.json.") from None


def check_mapping(map_hosts: Mapping[str, str]) -> None:
    """Refuse a mapping that could send a site's traffic, and the owner's session with it, to another machine."""
    for pattern, target in map_hosts.items():
        _mapped_name(pattern, target)
        host, _, port = target.rpartition(":")
        if not (is_loopback(host) and port.isdecimal() and 0 < int(port) <= _MAX_PORT):
            raise RefusedError(
                f"--map-host {pattern}={target}: {target!r} is not a loopback address with a port",
                "Use 127.0.0.1:PORT; nothing else is allowed.",
            )


def _mapped_name(pattern: str, target: str) -> None:
    """A name alone: the mapping is for every port, and a wildcard may stand on any suffix, for nothing gets far."""
    why = "it has a scheme or a port; use the name alone"
    try:
        read = host_pattern(pattern, any_suffix=True)
    except HostPatternError as error:
        why = f"{error.why}; use {error.use}"
    else:
        if read.name == pattern:
            return
    raise RefusedError(
        f"--map-host {pattern}={target}: {pattern!r} cannot be mapped: {why}",
        "Use for example *.slack.com=127.0.0.1:8443.",
    ) from None


def is_loopback(host: str) -> bool:
    """Whether this is an address of this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False  # names too: `localhost` is whatever the machine's resolver says


def way_out_flags(port: int | None, pin: str | None = None) -> list[str]:
    """Where a browser's requests go: to the proxy at this port of the loopback address, all of them; None: nowhere.
    `pin`: of the one key that the proxy itself is known by where it checks certificates in the browser's stead.

    No text of a manifest is in them. Loopback addresses have no way around the proxy (`<-loopback>`), and beside it
    stands a second wall: whatever would be looked up without it finds nothing, and only the proxy itself has a name.
    Rules and proxy hold for the whole browser process: frames, workers, service workers, sockets, prefetches.
    """
    if port is None:
        return [f"--host-resolver-rules={_NOWHERE}", "--no-proxy-server"]
    return [
        f"--host-resolver-rules=MAP {_WAY_OUT} 127.0.0.1:{port},{_NOWHERE}",
        f"--proxy-server=http://{_WAY_OUT}",
        "--proxy-bypass-list=<-loopback>",
        *([f"--ignore-certificate-errors-spki-list={pin}"] if pin is not None else []),
    ]


def policy_of(
    *,
    allow: Sequence[str] | None,
    private: Sequence[str],
    map_hosts: Mapping[str, str],
    at_home: Sequence[str] = (),
) -> Policy:
    """Who the proxy lets through: the declared hosts, or, where hosts are mapped, those of them that are declared."""
    return Policy(
        allow=None if allow is None else tuple(host_pattern(text) for text in allow),
        private=tuple(host_pattern(text) for text in private),
        at_home=tuple(host_pattern(text) for text in at_home),
        mapped=tuple((host_pattern(text, any_suffix=True), _target(to)) for text, to in map_hosts.items()),
    )


def _target(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def blocked_url_patterns(allow: Sequence[str]) -> list[dict[str, str | bool]]:
    """`Network.setBlockedURLs` patterns, first match wins: declared hosts pass, no other does."""
    passing: list[dict[str, str | bool]] = [
        {"urlPattern": f"*://{host_pattern(text).name}:*/*", "block": False} for text in allow
    ]
    return [*passing, {"urlPattern": "*://*:*/*", "block": True}]
