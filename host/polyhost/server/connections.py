"""Who may stay connected: strangers are few, whoever shows that they are the owner is not counted among them.

Owns: both bounds, whom they cost their connection, and what is said of it. Must not know: HTTP, sockets.

Attacker and owner are both 127.0.0.1, so nobody is turned away at the door: the stranger who has been there longest
leaves for whoever comes. The owner's request shows a token with its first bytes, and is no stranger from then on; it
has a moment for that, as a thousand connections of theirs may come at once after a pause.
"""

from __future__ import annotations

import logging
import resource
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from polyhost.server.malformed import Kind

__all__ = ["MOST_IDLE", "MOST_STRANGERS", "Connection", "Connections"]

_log = logging.getLogger(__name__)

MOST_STRANGERS = 64
"""Connections at once that have not shown the token or a sign-in."""
GRACE_SECONDS = 2.0
"""How long a stranger stays although there are more, for its first bytes to be read."""
MOST_AT_ONCE = 2048
"""Strangers at once, however new; fewer where the process may open fewer files: a quarter of these."""
MOST_IDLE = 256
"""Connections at once that have, and wait for their next request."""


class Connection(Protocol):
    """One of them."""

    def drop(self) -> None:
        """End it now, whatever it is about."""
        ...


class Connections:
    """Those of one server."""

    def __init__(
        self,
        *,
        most_strangers: int = MOST_STRANGERS,
        most_idle: int = MOST_IDLE,
        most_at_once: int | None = None,
        grace: float = GRACE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_strangers = most_strangers
        self._most_idle = most_idle
        self._most_at_once = _most_at_once() if most_at_once is None else most_at_once
        self._grace = grace
        self._now = now
        self._strangers: dict[Connection, float] = {}
        self._idle: dict[Connection, None] = {}
        self._counted: Counter[Kind] = Counter()

    def arrived(self, one: Connection) -> None:
        """It has shown nothing yet."""
        now = self._now()
        self._strangers[one] = now
        while len(self._strangers) > self._most_strangers:
            oldest, since = next(iter(self._strangers.items()))
            if now - since < self._grace and len(self._strangers) <= self._most_at_once:
                break
            self._end(self._strangers, oldest, Kind.TOO_MANY_STRANGERS)

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
            if len(self._idle) > self._most_idle:
                self._end(self._idle, next(iter(self._idle)), Kind.TOO_MANY_IDLE)

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

    def _end(self, kept: dict[Connection, Any], one: Connection, kind: Kind) -> None:
        del kept[one]
        self.note(kind)
        one.drop()


def _most_at_once() -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_AT_ONCE if files == resource.RLIM_INFINITY else max(MOST_STRANGERS, min(MOST_AT_ONCE, files // 4))
