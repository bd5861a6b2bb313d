"""Hosts that a site itself names as its own: a chat server behind another name, where a wiki keeps its files.

Nobody knows them before the site is asked. Each is one host, written as an address without a path; its owner reads it,
with what it is for, and agrees to it once.

Owns: what may be named, and how many. Pure. Must not know: who asks the site, where an agreement is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from polyhost.protocol.declarations import HostDecl, Rationale
from polyhost.protocol.site_address import SiteAddress, SiteAddressError, site_address

__all__ = ["MAX_NAMED", "NamedHost", "NamedHostError", "read_named_hosts"]

MAX_NAMED = 20
"""Hosts that a site may name: an owner reads each of them."""
_WHY: TypeAdapter[str] = TypeAdapter(Rationale)


class NamedHostError(ValueError):
    """What was named is no host that may be; the message is a clause."""


@dataclass(frozen=True, slots=True)
class NamedHost:
    """`host`: as a host pattern and a browser's origin are written. `why`: what it is for, in the polyfill's words."""

    host: str
    why: str

    def declared(self, *, allow_private: bool) -> HostDecl:
        """As it stands among a manifest's hosts. `allow_private`: whether the site may be in a private network."""
        return HostDecl(host=self.host, allow_private=allow_private, rationale=self.why)


def read_named_hosts(site: SiteAddress, named: object) -> tuple[NamedHost, ...]:
    """A list of `{host, why}`, each host once and none the site's own. An address of this machine or of a private
    network is only taken where the site itself is at one. NamedHostError says which is wrong, by its number."""
    if not isinstance(named, Sequence) or isinstance(named, str) or len(named) > MAX_NAMED:
        raise NamedHostError(f"hosts is not a list of at most {MAX_NAMED}")
    found: dict[str, NamedHost] = {}
    for number, entry in enumerate(named):
        host = _host(site, entry, number)
        if host.host != site.origin:
            found.setdefault(host.host, host)
    return tuple(found.values())


def _host(site: SiteAddress, entry: object, number: int) -> NamedHost:
    given: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {}
    text, why = given.get("host"), given.get("why")
    if not isinstance(text, str) or not isinstance(why, str):
        raise NamedHostError(f"hosts[{number}] is not {{host, why}}")
    try:
        address = site_address(text, allow_private=site.is_at_home)
        if address.path:
            raise NamedHostError(f"hosts[{number}].host has a path; name the host alone")
        return NamedHost(address.origin, _WHY.validate_python(why))
    except SiteAddressError as error:
        raise NamedHostError(f"hosts[{number}].host is no address of a host: {error.why}") from None
    except ValidationError:
        raise NamedHostError(f"hosts[{number}].why is not a clause of one line, 200 characters at most") from None
