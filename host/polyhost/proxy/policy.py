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
    """It is declared, and its address is one of a private network or of this machine, which was not."""
    EXPOSED = "exposed"
    """It is only for private networks, without encryption, and its address is one of the internet."""
    UNTRUSTED = "untrusted"
    """Its certificate is not for it, or of no authority that counts there."""
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
    have an address of a private network; one of this machine, or of this link alone (where a cloud keeps a machine's
    credentials), has only what says so in so many words. `at_home`: those of them that are reached at no other address,
    for nothing that goes there is encrypted. `mapped`: hosts that are sent to an address of this machine; then no
    others are reached."""

    allow: tuple[HostPattern, ...] | None
    private: tuple[HostPattern, ...] = ()
    at_home: tuple[HostPattern, ...] = ()
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
        match kind_of(address):
            case Kind.PUBLIC:
                return not _any_covers(self.at_home, to)
            case Kind.PRIVATE:
                return _any_covers(self.private, to)
            case Kind.LINK_LOCAL:
                return _any_covers((pattern for pattern in self.private if pattern.address is not None), to)
            case Kind.LOOPBACK:
                declared = (*(self.allow or ()), *self.private)
                return _any_covers((pattern for pattern in declared if pattern.is_this_machine), to)
            case Kind.NOBODYS:
                return False

    def why_not(self, to: Destination) -> Verdict:
        """Why it may be reached at none of its addresses."""
        return Verdict.EXPOSED if _any_covers(self.at_home, to) else Verdict.PRIVATE


def _any_covers(patterns: Iterable[HostPattern], to: Destination) -> bool:
    return any(pattern.covers(to.host, to.port, secure=to.secure) for pattern in patterns)
