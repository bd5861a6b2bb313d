"""Who may stay connected: strangers are few, whoever shows that they are the owner is not counted among them.

Owns: both bounds, whom they cost their connection, and what is said of it. Must not know: HTTP, sockets.

Attacker and owner are both 127.0.0.1, so nobody is turned away at the door: the stranger who has been there longest
leaves for whoever comes. The owner's request shows a token with its first bytes, and is no stranger from then on.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import Protocol

from polyhost.server.malformed import Kind

__all__ = ["MOST_IDLE", "MOST_STRANGERS", "Connection", "Connections"]

_log = logging.getLogger(__name__)

MOST_STRANGERS = 64
"""Connections at once that have not shown the token or a sign-in."""
MOST_IDLE = 256
"""Connections at once that have, and wait for their next request."""


class Connection(Protocol):
    """One of them."""

    def drop(self) -> None:
        """End it now, whatever it is about."""
        ...


class Connections:
    """Those of one server."""

    def __init__(self, *, most_strangers: int = MOST_STRANGERS, most_idle: int = MOST_IDLE) -> None:
        self._most_strangers = most_strangers
        self._most_idle = most_idle
        self._strangers: dict[Connection, None] = {}
        self._idle: dict[Connection, None] = {}
        self._counted: Counter[Kind] = Counter()

    def arrived(self, one: Connection) -> None:
        """It has shown nothing yet."""
        self._strangers[one] = None
        self._bound(self._strangers, self._most_strangers, Kind.TOO_MANY_STRANGERS)

    def admitted(self, one: Connection) -> None:
        """It is the owner's."""
        self._strangers.pop(one, None)

    def works(self, one: Connection) -> None:
        """It has a request that is to be answered."""
        self._idle.pop(one, None)

    def rests(self, one: Connection) -> None:
        """It waits for its next request."""
        if one not in self._strangers:
            self._idle[one] = None
            self._bound(self._idle, self._most_idle, Kind.TOO_MANY_IDLE)

    def left(self, one: Connection) -> None:
        """It is no more."""
        self._strangers.pop(one, None)
        self._idle.pop(one, None)

    def note(self, kind: Kind) -> None:
        """Count it, and log it the first time and whenever its count has doubled: who sends much fills no disk."""
        self._counted[kind] += 1
        count = self._counted[kind]
        if count & (count - 1) == 0:
            _log.warning("not a request", extra={"kind": str(kind), "count": count})

    def _bound(self, kept: dict[Connection, None], most: int, kind: Kind) -> None:
        while len(kept) > most:
            oldest = next(iter(kept))
            del kept[oldest]
            self.note(kind)
            oldest.drop()
