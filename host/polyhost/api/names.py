"""What a server is called: the dashboard's name, and the address of the API. A sign-in counts for one of them.

Owns: both, and telling them apart. Must not know: who is signed in, how a request is made.

A browser gives the cookies of 127.0.0.1 to every port there, and those of a name to every port of that name. So the
dashboard has a name that nobody can guess, new whenever the server starts: a page elsewhere on this machine does not
know it, and what a server that takes over the port afterwards hears of it is worth nothing. Browsers resolve names
below localhost to this machine by themselves, and ask no name server. It is no `__Host-` cookie: that would have to be
Secure, which some browsers refuse without TLS; it would keep out cookies of a parent domain, which localhost has not.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Names", "Place", "without_default_port"]

_NAME_BYTES = 16
_ADDRESS = "127.0.0.1"
_ALSO = "localhost"
_DEFAULT_PORT = ":80"


class Place(StrEnum):
    """Under which name a request came, and a browser is signed in."""

    DASHBOARD = "dashboard"
    ADDRESS = "address"


def without_default_port(text: str) -> str:
    """A host or an origin in small letters; the port that http has by itself may stand in it or not, and does not."""
    return text.lower().removesuffix(_DEFAULT_PORT)


def _new_name() -> str:
    return f"{secrets.token_hex(_NAME_BYTES)}.localhost"


@dataclass(frozen=True, slots=True)
class Names:
    """Those of one server, at one port."""

    port: int
    dashboard: str = field(default_factory=_new_name)

    def place(self, host: str) -> Place | None:
        """What a Host header names; None where that is not this server."""
        asked = without_default_port(host)
        if asked == self._at(self.dashboard):
            return Place.DASHBOARD
        return Place.ADDRESS if asked in {self._at(_ADDRESS), self._at(_ALSO)} else None

    def origin(self, place: Place) -> str:
        """As it stands in a browser."""
        return f"http://{self._at(self.dashboard if place is Place.DASHBOARD else _ADDRESS)}"

    def _at(self, name: str) -> str:
        return without_default_port(f"{name}:{self.port}")
