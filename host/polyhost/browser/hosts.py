"""What the browser's resolver and a page's allow list are told about the hosts a polyfill declared.

Owns: the loopback rule of mapped hosts, the `--host-resolver-rules` text. Must not know: how a pattern is written
(protocol.host_patterns), browsers, pages, what the hosts are for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence

from polyhost.errors import RefusedError
from polyhost.protocol.host_patterns import HostPattern, HostPatternError, host_pattern

__all__ = ["blocked_url_patterns", "check_hosts", "check_mapping", "is_loopback", "resolver_rules"]

_NOWHERE = "MAP * ~NOTFOUND"
_MAX_PORT = 65_535


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


def resolver_rules(*, map_hosts: Mapping[str, str], allow: Sequence[str] | None, offline: bool) -> str:
    """The text of `--host-resolver-rules`; empty where every host may be reached.

    Rules hold for the whole browser process: frames, workers, service workers, sockets, prefetches and addresses given
    as numbers. An EXCLUDE outranks every MAP, so declared hosts are excluded only where nothing is mapped: a browser
    with mapped hosts reaches those of them that are declared, and nothing else.
    """
    if offline:
        return _NOWHERE
    if map_hosts:
        return ",".join([*(f"MAP {name} {to}" for name, to in _mapped(map_hosts, allow)), _NOWHERE])
    if allow is None:
        return ""
    return ",".join([_NOWHERE, *(f"EXCLUDE {host_pattern(text).name}" for text in allow)])


def _mapped(map_hosts: Mapping[str, str], allow: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """The mappings, each narrowed to the declared hosts it covers; their order decides, as it did."""
    for text, target in map_hosts.items():
        mapped = host_pattern(text, any_suffix=True)
        both = [mapped] if allow is None else [_both(mapped, host_pattern(host)) for host in allow]
        yield from ((pattern.name, target) for pattern in both if pattern is not None)


def _both(one: HostPattern, other: HostPattern) -> HostPattern | None:
    """The pattern of the hosts that both patterns cover, whatever their ports: the narrower of the two, or none."""
    if one.includes_names(other):
        return other
    return one if other.includes_names(one) else None


def blocked_url_patterns(allow: Sequence[str]) -> list[dict[str, str | bool]]:
    """`Network.setBlockedURLs` patterns, first match wins: declared hosts pass, no other does."""
    passing: list[dict[str, str | bool]] = [
        {"urlPattern": f"*://{host_pattern(text).name}:*/*", "block": False} for text in allow
    ]
    return [*passing, {"urlPattern": "*://*:*/*", "block": True}]
