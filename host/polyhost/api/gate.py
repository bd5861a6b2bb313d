"""Who may come in: the token of a home, one-time links to the dashboard, the sign-ins they begin.

Owns: the token and the links, and comparing them without telling how much of one was right. Must not know: HTTP, what a
sign-in is made of. Links live in memory, as digests: with the process they are gone.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from polyhost.api.names import Place
from polyhost.api.sign_ins import SignIns, digest
from polyhost.boot_clock import up_seconds
from polyhost.errors import ErrorCode, RefusedError
from polyhost.owner_only import keep_home, read_secret

__all__ = ["FAILURES", "LINK_SECONDS", "Gate", "known_token", "read_token"]

_FILE = "token"
_TOKEN_BYTES = 32
LINK_SECONDS = 300.0
"""How long a link may lie in a terminal before it is worth nothing."""
MOST_LINKS = 16
"""Links that wait to be used; a further one replaces the oldest."""
FAILURES = 10
"""Wrong tokens that are told so; then one more each REFILL_SECONDS, and the others are told to wait. Guessing 256 bits
is hopeless anyway: this tells a broken client to slow down. It never keeps the right token out."""
REFILL_SECONDS = 6.0


def read_token(home: Path) -> str:
    """The home's token, made where there is none. RefusedError where its file is a link, can be read by others, or
    cannot be read."""
    path = home / _FILE
    try:
        keep_home(home)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return _kept(path)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token + "\n")
        return token
    except OSError as error:
        raise _unusable(path, error) from None


def known_token(home: Path) -> str | None:
    """The home's token; None where there is none, and none is made. RefusedError as read_token."""
    path = home / _FILE
    try:
        return _kept(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> RefusedError:
    return RefusedError(
        f"{path} cannot be used: {error.strerror}", "Choose another --home.", code=ErrorCode.HOME_UNWRITABLE
    )


def _kept(path: Path) -> str:
    token = read_secret(path).decode("ascii", errors="replace").strip()
    if len(token) < _TOKEN_BYTES:
        raise RefusedError(f"{path} holds no token", "Delete it; a new one is made.", code=ErrorCode.BAD_TOKEN_FILE)
    return token


@dataclass(slots=True)
class Gate:
    """The server's door. `failures`: wrong tokens that need not wait. `now`: seconds by a clock that nobody can set."""

    token: str
    now: Callable[[], float] = up_seconds
    failures: int = FAILURES
    sign_ins: SignIns = field(default_factory=SignIns)
    _links: dict[bytes, float] = field(default_factory=dict[bytes, float])
    _failed: float = 0.0
    _failed_at: float = 0.0

    def token_fits(self, given: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self.token.encode())

    def turn_away(self) -> int:
        """Count one that is not the token. How many seconds its bearer is to wait; 0 while there were few."""
        wait = self.wait_seconds()
        if wait == 0:
            self._failed = self._standing() + 1
            self._failed_at = self.now()
        return wait

    def wait_seconds(self) -> int:
        """How long until a wrong token need not wait; 0: not at all."""
        over = self._standing() - (self.failures - 1)
        return 0 if over <= 0 else ceil(over * REFILL_SECONDS)

    def make_link(self, place: Place) -> str:
        """A code that signs one browser in, once, at this place, within LINK_SECONDS."""
        code = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self.now()
        self._links = {known: until for known, until in self._links.items() if until > now}
        while len(self._links) >= MOST_LINKS:
            del self._links[next(iter(self._links))]
        self._links[digest(place, code)] = now + LINK_SECONDS
        return code

    def use_link(self, place: Place, code: str, browser: str) -> str | None:
        """A sign-in's secret for the cookie; None where the code is not (or no longer) one that is good here."""
        expires_at = self._links.pop(digest(place, code), 0.0)
        return None if expires_at <= self.now() else self.sign_ins.begin(place, browser)

    def sign_out_everywhere(self) -> int:
        """How many browsers were signed in. None is, and no link that was made before signs one in."""
        self._links.clear()
        return self.sign_ins.end_all()

    def _standing(self) -> float:
        """Failures that are not forgiven yet."""
        return max(0.0, self._failed - max(0.0, self.now() - self._failed_at) / REFILL_SECONDS)
