"""Host patterns: which hosts a polyfill declared, and what the browser's resolver is told about them.

Owns: the pattern syntax (`app.slack.com`, `*.slack.com`; the latter does not cover `slack.com`), the loopback rule of
mapped hosts, the `--host-resolver-rules` text. Must not know: browsers, pages, what the hosts are for.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from polyhost.errors import RefusedError

__all__ = ["allows", "blocked_url_patterns", "check_mapping", "is_loopback", "resolver_rules"]

_PATTERN = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z", re.IGNORECASE)
_NOWHERE = "MAP * ~NOTFOUND"
_MAX_PORT = 65_535


def allows(patterns: Iterable[str], host: str) -> bool:
    """Whether a declared pattern covers this host."""
    name = host.lower().rstrip(".")
    return any(_matches(pattern.lower(), name) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    return name == pattern


def check_mapping(map_hosts: Mapping[str, str]) -> None:
    """Refuse a mapping that could send a site's traffic, and the owner's session with it, to another machine."""
    for pattern, target in map_hosts.items():
        if not _PATTERN.match(pattern):
            raise RefusedError(
                f"--map-host {pattern}={target}: {pattern!r} is not a host name or *.suffix",
                "Use for example *.slack.com=127.0.0.1:8443.",
            )
        host, _, port = target.rpartition(":")
        if not (is_loopback(host) and port.isdecimal() and 0 < int(port) <= _MAX_PORT):
            raise RefusedError(
                f"--map-host {pattern}={target}: {target!r} is not a loopback address with a port",
                "Use 127.0.0.1:PORT; nothing else is allowed.",
            )


def is_loopback(host: str) -> bool:
    """Whether this is an address of this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False  # names too: `localhost` is whatever the machine's resolver says


def resolver_rules(*, map_hosts: Mapping[str, str], allow: Sequence[str] | None, offline: bool) -> str:
    """The text of `--host-resolver-rules`; empty where every host may be reached.

    Rules hold for the whole browser process: frames, workers, service workers, sockets, prefetches and addresses given
    as numbers. An EXCLUDE outranks every MAP, so declared hosts are excluded only where nothing is mapped: a browser
    with mapped hosts reaches those of them that are declared, and nothing else.
    """
    if offline:
        return _NOWHERE
    if map_hosts:
        return ",".join([*(f"MAP {pattern} {to}" for pattern, to in _mapped(map_hosts, allow)), _NOWHERE])
    if allow is None:
        return ""
    return ",".join([_NOWHERE, *(f"EXCLUDE {pattern}" for pattern in allow)])


def _mapped(map_hosts: Mapping[str, str], allow: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """The mappings, each narrowed to the declared hosts it covers; their order decides, as it did."""
    for pattern, target in map_hosts.items():
        both = [pattern] if allow is None else [_both(pattern, host) for host in allow]
        yield from ((host, target) for host in both if host is not None)


def _both(one: str, other: str) -> str | None:
    """The pattern of the hosts that both patterns cover: the narrower of the two, or none."""
    one, other = one.lower(), other.lower()
    if one == other or _matches(one, other):
        return other
    return one if _matches(other, one) else None


def blocked_url_patterns(allow: Sequence[str]) -> list[dict[str, str | bool]]:
    """`Network.setBlockedURLs` patterns, first match wins: declared hosts pass, no other does."""
    passing: list[dict[str, str | bool]] = [{"urlPattern": f"*://{host}:*/*", "block": False} for host in allow]
    return [*passing, {"urlPattern": "*://*:*/*", "block": True}]
