"""Addresses by where a packet to them ends up, however they are written (SE-1)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.protocol.addresses import Kind, kind_of

pytestmark = pytest.mark.requirement("SE-1")

PUBLIC = ("1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1")
LOOPBACK = ("127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1")
PRIVATE = (
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:c0a8:101::1",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "2001:db8::1",
    "100::1",
)
LINK_LOCAL = ("169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1", "febf::1")
NOBODYS = (
    "0.0.0.0",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "ff02::1",
    "::ffff:224.0.0.1",
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, Kind.PUBLIC) for text in PUBLIC),
        *((text, Kind.LOOPBACK) for text in LOOPBACK),
        *((text, Kind.PRIVATE) for text in PRIVATE),
        *((text, Kind.LINK_LOCAL) for text in LINK_LOCAL),
        *((text, Kind.NOBODYS) for text in NOBODYS),
    ],
)
def test_an_address_is_of_the_kind_it_leads_to(text: str, kind: Kind) -> None:
    assert kind_of(ipaddress.ip_address(text)) is kind


CARRIERS: dict[str, Callable[[int], int]] = {
    "mapped": lambda v4: (0xFFFF << 32) | v4,
    "nat64": lambda v4: (0x64FF9B << 96) | v4,
    "6to4": lambda v4: (0x2002 << 112) | (v4 << 80),
    "teredo": lambda v4: (0x20010000 << 96) | (v4 ^ 0xFFFF_FFFF),
}


@pytest.mark.parametrize("carrier", CARRIERS)
@given(inner=st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_is_judged_as_itself(carrier: str, inner: ipaddress.IPv4Address) -> None:
    assert kind_of(ipaddress.IPv6Address(CARRIERS[carrier](int(inner)))) is kind_of(inner)
