"""Host names and addresses in their one canonical spelling.

Programs disagree about which address `127.1`, `0x7f.1` or `0177.0.0.1` is, and whether `BÜCHER.example` is a name. What
is refused here is everything but the one spelling that all of them read alike.

Owns: which host is canonical, and how one that is not should be written. Must not know: wildcards, schemes, ports.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

import idna

__all__ = ["Fault", "host_fault"]

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_NUMBER = re.compile(r"([0-9]+|0[xX][0-9a-fA-F]*)\Z")
_MAX_NAME = 253


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a host is not taken. `use`: what to write instead; `is_host`: whether that is the host, spelt right."""

    why: str
    use: str | None = None
    is_host: bool = True


def host_fault(host: str) -> Fault | None:
    """None for a name, an IPv4 address or a bracketed IPv6 address in its canonical spelling."""
    if not host:
        return Fault("it names no host")
    if host.startswith("["):
        return _ipv6_fault(host)
    if _NUMBER.match(host.removesuffix(".").rpartition(".")[2]):
        return _ipv4_fault(host)
    return _name_fault(host)


def _ipv6_fault(host: str) -> Fault | None:
    try:
        address = ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return Fault("its brackets hold no whole IPv6 address", "an address as in [2001:db8::1]", is_host=False)
    if address.ipv4_mapped is not None:
        return Fault("it is an IPv4 address written as an IPv6 one", str(address.ipv4_mapped))
    if f"[{address.compressed}]" != host:
        return Fault("it is not the canonical spelling of this address", f"[{address.compressed}]")
    return _nowhere(address)


def _ipv4_fault(host: str) -> Fault | None:
    """A host whose last label is a number is an address to a browser, however many labels there are."""
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        why = "its last label is a number, and it is no IPv4 address in four decimal parts"
        return Fault(why, "an address as in 192.0.2.10", is_host=False)
    return _nowhere(address)


def _nowhere(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Fault | None:
    if address.is_unspecified or address.is_multicast or address == ipaddress.IPv4Address("255.255.255.255"):
        return Fault("nobody is reached at that address", "the address of one machine", is_host=False)
    return None


def _name_fault(host: str) -> Fault | None:
    if ".." in host or host.startswith("."):
        return Fault("there is nothing between two of its dots")
    name = host.removesuffix(".")
    if not name.isascii():
        return _foreign_fault(name)
    if host != name or name != name.lower():
        ending = "it ends in a dot" if host != name else "it is not in lower case"
        return _name_fault(name.lower()) or Fault(ending, name.lower())
    if len(name) > _MAX_NAME:
        return Fault(f"a name has at most {_MAX_NAME} characters")
    for label in name.split("."):
        if not _LABEL.match(label):
            return Fault("a label is up to 63 letters, digits and hyphens, with no hyphen at its ends")
        if label.startswith("xn--") and not _is_encoded(label):
            return Fault(f"{label} is no encoded name")
    return None


def _foreign_fault(name: str) -> Fault:
    try:
        return Fault("it holds letters beyond ASCII", idna.encode(name, uts46=True).decode("ascii"))
    except UnicodeError:
        return Fault("it holds letters beyond ASCII, and is no name")


def _is_encoded(label: str) -> bool:
    try:
        return idna.alabel(idna.ulabel(label)).decode("ascii") == label
    except UnicodeError:
        return False
