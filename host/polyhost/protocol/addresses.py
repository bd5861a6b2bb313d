"""What kind of address an address is: of the internet, of this machine, of a private network or link, or of nobody.

Several spellings of an IPv6 address stand for an IPv4 one (mapped, NAT64, 6to4, Teredo); what counts is where a packet
ends up. Python's own `is_global` takes some addresses of nobody for global ones, and knows none of these but the first.

Owns: that judgement. Pure. Must not know: names, sockets, who asks.
"""

from __future__ import annotations

import ipaddress
from enum import StrEnum

__all__ = ["Address", "Kind", "kind_of"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SHARED_V4 = tuple(map(ipaddress.IPv4Network, ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24")))
_LINK_LOCAL_V4 = ipaddress.IPv4Network("169.254.0.0/16")
_NOBODYS_V4 = ipaddress.IPv4Network("240.0.0.0/4")
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


class Kind(StrEnum):
    """Where a connection to an address ends up."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    """A private or shared network, or a range that is set aside."""
    LINK_LOCAL = "link_local"
    """Whoever is on the same link: 169.254.0.0/16, where a cloud hands a machine its credentials, and fe80::/10."""
    NOBODYS = "nobodys"
    """Many machines at once, or none: never connected to."""


def kind_of(address: Address) -> Kind:
    """Where a connection to this address ends up."""
    if isinstance(address, ipaddress.IPv4Address):
        return _kind_of_v4(address)
    if address.is_loopback:
        return Kind.LOOPBACK
    if address.is_unspecified or address.is_multicast:
        return Kind.NOBODYS
    carried = _carried(address)
    if carried is not None:
        return _kind_of_v4(carried)
    if address.is_link_local:
        return Kind.LINK_LOCAL
    return Kind.PUBLIC if address in _GLOBAL_V6 and address.is_global else Kind.PRIVATE


def _kind_of_v4(address: ipaddress.IPv4Address) -> Kind:
    if address.is_loopback:
        return Kind.LOOPBACK
    if address.is_unspecified or address.is_multicast or address in _NOBODYS_V4:
        return Kind.NOBODYS
    if address in _LINK_LOCAL_V4:
        return Kind.LINK_LOCAL
    shared = any(address in network for network in _SHARED_V4)
    return Kind.PUBLIC if address.is_global and not shared else Kind.PRIVATE


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
