"""The browsers that are signed in to the dashboard: begun, recognised, listed, ended.

Owns: how long each lasts, and what is remembered of it, which is no secret: of a browser's secret only the digest. Must
not know: HTTP, links. They live in memory: with the process they are gone.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from polyhost.api.names import Place
from polyhost.boot_clock import up_seconds
from polyhost.instants import iso
from polyhost.operations.sign_ins import SignIn

__all__ = ["LASTS", "SECRET_BYTES", "Lasts", "SignIns", "browser_of", "digest"]

SECRET_BYTES = 32
_ID_BYTES = 6
MOST_SIGN_INS = 64
_HOUR, _DAY = 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Lasts:
    """In seconds: how long a sign-in lasts that is not used, and how long at most."""

    unused: float
    longest: float


LASTS = {Place.DASHBOARD: Lasts(7 * _DAY, 30 * _DAY), Place.ADDRESS: Lasts(_HOUR, 12 * _HOUR)}
"""A week spans holidays of a dashboard that is looked at on workdays; after a month a browser that was forgotten is
signed out whoever uses it. At the address every server of this machine is sent the cookie, so it lasts a sitting."""

_FAMILIES = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""What stands in a browser's name for itself; the first that does, as each has the names of those after it, too."""


def browser_of(user_agent: str) -> str:
    """Which family it says it is of: one of a closed list, and nothing else of what it says."""
    return next((family for mark, family in _FAMILIES if mark in user_agent), "another browser")


def digest(place: Place, secret: str) -> bytes:
    """What is remembered of a secret, which is good at one place only."""
    return hashlib.sha256(f"{place}:{secret}".encode(errors="surrogateescape")).digest()


@dataclass(slots=True)
class _Kept:
    id: str
    place: Place
    browser: str
    began: float
    began_at: str
    used: float
    used_at: str

    def over(self, now: float) -> bool:
        lasts = LASTS[self.place]
        return now >= min(self.used + lasts.unused, self.began + lasts.longest)


def _wall() -> str:
    return iso(datetime.now(UTC))


@dataclass(slots=True)
class SignIns:
    """Those of one server. `now`: seconds by a clock that nobody can set. `wall`: the moment, to be shown."""

    now: Callable[[], float] = up_seconds
    wall: Callable[[], str] = _wall
    watchers: set[Callable[[], None]] = field(default_factory=set[Callable[[], None]])
    """Called whenever some have ended: what is open for one asks whether it still `lasts`."""
    _kept: dict[bytes, _Kept] = field(default_factory=dict[bytes, _Kept])

    def begin(self, place: Place, browser: str) -> str:
        """The secret of a new one, for its cookie. Where there are many, the one that was used longest ago ends."""
        self._forget()
        while len(self._kept) >= MOST_SIGN_INS:
            self._end([min(self._kept, key=lambda known: self._kept[known].used)])
        secret, now, at = secrets.token_urlsafe(SECRET_BYTES), self.now(), self.wall()
        self._kept[digest(place, secret)] = _Kept(secrets.token_hex(_ID_BYTES), place, browser, now, at, now, at)
        return secret

    def use(self, place: Place, secret: str) -> str | None:
        """The id of the one whose secret this is, which lasts on from now; None where there is none (any more). Found
        by its digest, so the time it takes tells nothing of the secret."""
        found = self._kept.get(digest(place, secret))
        if found is None or found.over(self.now()):
            return None
        found.used, found.used_at = self.now(), self.wall()
        return found.id

    def lasts(self, sign_in: str) -> bool:
        """Whether the one of this id has not ended. Asking is no use of it."""
        now = self.now()
        return any(one.id == sign_in and not one.over(now) for one in self._kept.values())

    def listed(self) -> list[SignIn]:
        """Those that last, the one used last first."""
        self._forget()
        return [
            SignIn(
                id=one.id,
                browser=one.browser,
                place=one.place.value,
                began_at=one.began_at,
                last_used_at=one.used_at,
            )
            for one in sorted(self._kept.values(), key=lambda one: one.used, reverse=True)
        ]

    def end(self, sign_in: str) -> bool:
        """Whether there was one of this id; there is none any more."""
        self._forget()
        found = [known for known, one in self._kept.items() if one.id == sign_in]
        self._end(found)
        return bool(found)

    def end_all(self) -> int:
        """How many there were; there is none any more."""
        self._forget()
        return self._end(list(self._kept))

    def _forget(self) -> None:
        now = self.now()
        self._end([known for known, one in self._kept.items() if one.over(now)])

    def _end(self, which: Sequence[bytes]) -> int:
        for known in which:
            del self._kept[known]
        if which:
            for ended in tuple(self.watchers):
                ended()
        return len(which)
