"""Who may be reached: by name before a name is looked up, and by address before it is connected to.

Owns: both decisions, and the words for them. Pure. Must not know: sockets, how a request arrives, browsers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from polyhost.protocol.addresses import Address, Kind, kind_of
from polyhost.protocol.host_patterns import HostPattern

__all__ = ["Attempt", "Destination", "Policy", "Verdict"]


class Verdict(StrEnum):
    """What came of an attempt to reach a host."""

    ALLOWED = "allowed"
    UNDECLARED = "undeclared"
    """No pattern means this host, scheme and port."""
    PRIVATE = "private"
    """It is declared, and its address is one that was not declared with a reason."""
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request wants to go. `host`: lower case, without the dot at its end, IPv6 in brackets. `secure`: whether
    it carries TLS; None in a tunnel, whose inside is not seen."""

    host: str
    port: int
    secure: bool | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to reach a host, and what came of it. Never a path, a query or content."""

    host: str
    port: int
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`allow`: the declared hosts; None: any host, for an owner who is signing in. `private`: those of them that may
    have a private address. `mapped`: hosts that are sent to an address of this machine; then no others are reached."""

    allow: tuple[HostPattern, ...] | None
    private: tuple[HostPattern, ...] = ()
    mapped: tuple[tuple[HostPattern, tuple[str, int]], ...] = ()

    def may_look_up(self, to: Destination) -> bool:
        """Whether anything may be done about this destination at all."""
        declared = self.allow is None or _any_covers(self.allow, to)
        return declared and (not self.mapped or self.mapped_to(to) is not None)

    def mapped_to(self, to: Destination) -> tuple[str, int] | None:
        """The address of this machine that stands in for it, whatever its port: the first mapping that means it."""
        return next((target for pattern, target in self.mapped if pattern.covers_name(to.host)), None)

    def may_connect(self, to: Destination, address: Address) -> bool:
        """Whether it may be reached at this address."""
        kind = kind_of(address)
        if kind in (Kind.PUBLIC, Kind.NOBODYS):
            return kind is Kind.PUBLIC
        if _any_covers(self.private, to):
            return True
        return kind is Kind.LOOPBACK and any(
            pattern.is_this_machine and pattern.covers(to.host, to.port, secure=to.secure)
            for pattern in self.allow or ()
        )


def _any_covers(patterns: Iterable[HostPattern], to: Destination) -> bool:
    return any(pattern.covers(to.host, to.port, secure=to.secure) for pattern in patterns)
