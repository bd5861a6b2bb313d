"""Who may come in: the token of a home, one-time links to the dashboard, the sessions they begin.

Owns: all secrets of the server, and comparing them without telling how much of one was right. Must not know: HTTP.
Links and sessions live in memory, as digests: with the process they are gone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from polyhost.boot_clock import up_seconds
from polyhost.errors import ErrorCode, RefusedError
from polyhost.owner_only import keep_home, read_secret

__all__ = ["SESSION_SECONDS", "Gate", "read_token"]

_FILE = "token"
_TOKEN_BYTES = 32
LINK_SECONDS = 300.0
"""How long a link may lie in a terminal before it is worth nothing."""
MOST_LINKS = 16
"""Links that wait to be used; a further one replaces the oldest."""
SESSION_SECONDS = 30 * 86_400.0
"""How long a browser stays signed in while the server runs; it is the owner's own machine."""
MOST_SESSIONS = 64
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
        raise RefusedError(
            f"{path} cannot be used: {error.strerror}", "Choose another --home.", code=ErrorCode.HOME_UNWRITABLE
        ) from None


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
    _links: dict[bytes, float] = field(default_factory=dict[bytes, float])
    _sessions: dict[bytes, float] = field(default_factory=dict[bytes, float])
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

    def make_link(self) -> str:
        """A code that begins one session, once, within LINK_SECONDS."""
        code = secrets.token_urlsafe(_TOKEN_BYTES)
        _drop(self._links, self.now(), keep=MOST_LINKS - 1)
        self._links[_digest(code)] = self.now() + LINK_SECONDS
        return code

    def use_link(self, code: str) -> str | None:
        """A session's secret for the cookie; None where the code is not (or no longer) one."""
        expires_at = self._links.pop(_digest(code), 0.0)
        if expires_at <= self.now():
            return None
        session = secrets.token_urlsafe(_TOKEN_BYTES)
        _drop(self._sessions, self.now(), keep=MOST_SESSIONS - 1)
        self._sessions[_digest(session)] = self.now() + SESSION_SECONDS
        return session

    def session_fits(self, given: str) -> bool:
        """Whether this is a session's secret. Found by its digest, so the time it takes tells nothing of the secret."""
        return self._sessions.get(_digest(given), 0.0) > self.now()

    def end_session(self, given: str) -> None:
        """It is worth nothing any more."""
        self._sessions.pop(_digest(given), None)

    def _standing(self) -> float:
        """Failures that are not forgiven yet."""
        return max(0.0, self._failed - max(0.0, self.now() - self._failed_at) / REFILL_SECONDS)


def _drop(kept: dict[bytes, float], now: float, *, keep: int) -> None:
    for digest in [digest for digest, expires_at in kept.items() if expires_at <= now]:
        del kept[digest]
    while len(kept) > keep:
        del kept[next(iter(kept))]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
