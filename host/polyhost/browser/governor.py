"""One place decides when a request may be sent: the governor of one site and connection.

`Governor` is pure: time comes in as an argument, in seconds since the epoch, so that what it learned outlives a run.
`Gate` is its thin asynchronous edge: it waits. Must not know: pages, URLs, what an endpoint is beyond its name.

Per endpoint a token bucket whose rate is learned: every answer adds a little, every "slow down" halves it. Retry-After
is honoured to the second, and so is a pause that the body of an answer asks for. Retries are bounded for one request by
attempts, and for one run by a share of its requests, so that a site in trouble is not hammered by a run that cannot
succeed.
"""

from __future__ import annotations

import asyncio
import email.utils
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Protocol

from polyhost.boot_clock import Moment, up_seconds
from polyhost.errors import ErrorCode, RunFailedError

__all__ = ["Gate", "Governor", "GovernorLimits", "Meter", "retry_after_seconds"]

TOO_MANY_REQUESTS = 429
_RETRIABLE = frozenset({0, 408, 425, TOO_MANY_REQUESTS, 500, 502, 503, 504})
_SLOW_DOWN = frozenset({TOO_MANY_REQUESTS, 503})
MAX_ENDPOINTS = 200
"""Endpoints remembered by name; a polyfill that names endpoints after ids would otherwise grow without bound."""
LONGEST_TOLD = 30 * 86_400.0
"""Seconds a site may ask for at most and be believed; one that says more says nothing that a next run could use."""
_OTHERS = "(other)"
_SNAPSHOT_VERSION = 2
"""1 had, for the wait, a moment of the wall clock in `blocked_until`: rates are taken from it, and no wait."""
_SAME_MOMENT = 1.0
"""Seconds in which several "slow down" are taken for one: answers to requests that were already under way."""


class Meter(Protocol):
    """Where a run's figures go."""

    requests: int
    by_endpoint: dict[str, int]
    retries: int
    rate_limited: int
    untold_pauses: int
    waited_seconds: float


@dataclass(slots=True)
class _Tally:
    requests: int = 0
    by_endpoint: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    rate_limited: int = 0
    untold_pauses: int = 0
    waited_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorLimits:
    """How fast to begin, how far to go, when to give up. The rates suit a person's own client, not a crawler."""

    initial_rate: float = 5.0  # requests a second; a web client does as much while it starts
    minimum_rate: float = 0.1  # one in ten seconds still finishes
    maximum_rate: float = 20.0
    burst: float = 10.0  # requests; sites allow short bursts, and an idle run is over before it has used this up
    increase: float = 0.05  # requests a second, added by each answer
    decrease: float = 0.5  # factor, on "slow down"
    attempts: int = 6  # of one request
    free_retries: int = 10  # of one run, before the ratio counts
    retry_ratio: float = 0.2  # retries per request sent
    backoff_base: float = 0.5  # seconds before the first repetition where the site did not say
    backoff_limit: float = 60.0
    longest_wait: float = 900.0  # seconds; a site that wants longer ends the run, which is resumed later


@dataclass(slots=True)
class _Endpoint:
    rate: float
    tokens: float
    refilled_at: float
    blocked_until: float = 0.0
    slowed_at: float = float("-inf")


@dataclass(slots=True)
class Governor:
    """What is known of a site's patience. One per connection; figures of a run go to `meter`."""

    limits: GovernorLimits = field(default_factory=GovernorLimits)
    meter: Meter = field(default_factory=_Tally)
    _endpoints: dict[str, _Endpoint] = field(default_factory=dict)

    def begin_run(self, meter: Meter) -> None:
        """A new run: its figures start at zero, and with them its retry budget; what was learned stays."""
        self.meter = meter

    def take(self, endpoint: str, now: float) -> float:
        """Take a permit. 0: taken, send now. Otherwise nothing was taken: ask again after so many seconds."""
        state = self._endpoint(endpoint, now)
        if now < state.blocked_until:
            return state.blocked_until - now
        elapsed = max(0.0, now - state.refilled_at)
        state.tokens = min(self.limits.burst, state.tokens + elapsed * state.rate)
        state.refilled_at = now
        if state.tokens < 1.0:
            return (1.0 - state.tokens) / state.rate
        state.tokens -= 1.0
        self.count(endpoint)
        return 0.0

    def count(self, endpoint: str) -> None:
        """One request is about to be sent."""
        self.meter.requests += 1
        name = (
            endpoint if endpoint in self.meter.by_endpoint or len(self.meter.by_endpoint) < MAX_ENDPOINTS else _OTHERS
        )
        self.meter.by_endpoint[name] = self.meter.by_endpoint.get(name, 0) + 1

    def outcome(self, endpoint: str, status: int, now: float, retry_after: float | None = None) -> None:
        """Learn from an answer; `status` 0 is not an answer at all."""
        state = self._endpoint(endpoint, now)
        if status == TOO_MANY_REQUESTS:
            self.meter.rate_limited += 1
            self.meter.untold_pauses += retry_after is None
        if status in _SLOW_DOWN and now >= max(state.blocked_until, state.slowed_at + _SAME_MOMENT):
            state.slowed_at = now
            state.rate = max(self.limits.minimum_rate, state.rate * self.limits.decrease)
        elif status not in _RETRIABLE:
            state.rate = min(self.limits.maximum_rate, state.rate + self.limits.increase)
        if retry_after is not None and status in _RETRIABLE:
            state.blocked_until = max(state.blocked_until, now + retry_after)
        if status in _SLOW_DOWN:  # no burst after a pause: one request when it ends, then at the rate
            state.tokens, state.refilled_at = 1.0, max(now, state.blocked_until)

    def retry(
        self, endpoint: str, status: int, attempt: int, now: float, retry_after: float | None = None
    ) -> float | None:
        """Report a failed attempt (counted from 1). Seconds to wait before a new permit, or None: give up."""
        self.outcome(endpoint, status, now, retry_after)
        wait = (
            min(self.limits.backoff_limit, self.limits.backoff_base * 2 ** (attempt - 1))
            if retry_after is None
            else retry_after
        )
        if (
            status not in _RETRIABLE
            or attempt >= self.limits.attempts
            or wait > self.limits.longest_wait
            or not self._within_budget()
        ):
            return None
        self.meter.retries += 1
        return wait

    def snapshot(self, now: Moment) -> dict[str, Any]:
        """What is worth keeping between runs, as small JSON. `wait`: seconds from now that the site still asks for."""
        endpoints = {
            name: {"rate": round(state.rate, 3), "wait": round(max(0.0, state.blocked_until - now.up), 3)}
            for name, state in self._endpoints.items()
        }
        return {"version": _SNAPSHOT_VERSION, "at": [now.wall, now.boot, now.up], "endpoints": endpoints}

    def restore(self, snapshot: Any, now: Moment) -> None:
        """Take up a snapshot. One of an unknown shape is ignored: rates are learned again. Nothing is waited for longer
        than was left when it was made, wherever the wall clock stood then and stands now."""
        if not isinstance(snapshot, Mapping) or snapshot.get("version") not in (1, _SNAPSHOT_VERSION):
            return
        gone = _seconds_since(snapshot.get("at"), now)
        for name, kept in list(snapshot.get("endpoints", {}).items())[:MAX_ENDPOINTS]:
            state = self._endpoint(name, now.up)
            state.rate = min(self.limits.maximum_rate, max(self.limits.minimum_rate, float(kept["rate"])))
            wait = min(float(kept.get("wait", 0.0)), LONGEST_TOLD) - gone
            state.blocked_until = now.up + wait if wait > 0 else 0.0

    def _endpoint(self, name: str, now: float) -> _Endpoint:
        if name not in self._endpoints and len(self._endpoints) >= MAX_ENDPOINTS:
            name = _OTHERS
        if name not in self._endpoints:
            self._endpoints[name] = _Endpoint(rate=self.limits.initial_rate, tokens=self.limits.burst, refilled_at=now)
        return self._endpoints[name]

    def _within_budget(self) -> bool:
        return self.meter.retries < self.limits.free_retries + self.limits.retry_ratio * self.meter.requests


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """A Retry-After header as seconds from now: a number or an HTTP date; None where there is none or it is neither."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_TOLD)
    try:
        at = email.utils.parsedate_to_datetime(text)
        moment = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, moment - now), LONGEST_TOLD)


def _seconds_since(at: Sequence[Any] | None, now: Moment) -> float:
    """By the clock of the boot; after another boot by the wall clock, where that went forwards."""
    if at is None:
        return 0.0
    wall, boot, up = at
    gone = now.since(boot, up)
    return max(0.0, now.wall - wall if gone is None else gone)


async def _unheld() -> None:
    """Nobody holds permits back."""


class Gate:
    """Waits for the governor. `pace` False (replays) never waits for it and still counts. `held` returns once permits
    may be given at all (an owner may have paused the run): what is waited there is the owner's time, not the site's.
    `clock`: one that nobody can set, or a pause might last for years; `wall` reads the dates that a site names."""

    def __init__(
        self,
        governor: Governor,
        *,
        pace: bool = True,
        held: Callable[[], Awaitable[None]] = _unheld,
        clock: Callable[[], float] = up_seconds,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._governor = governor
        self._pace = pace
        self._held = held
        self._clock = clock
        self._wall = wall
        self._sleep = sleep
        self._queues: dict[str, asyncio.Lock] = {}

    async def permit(self, endpoint: str) -> None:
        """Return when this request may be sent; first come, first served. RunFailedError `rate_limited` where the site
        has asked for a pause that is longer than a run may take."""
        if not self._pace:
            await self._held()
            self._governor.count(endpoint)
            return
        async with self._queues.setdefault(endpoint, asyncio.Lock()):
            await self._held()
            while (delay := self._governor.take(endpoint, self._clock())) > 0:
                self._refuse_longest(delay)
                await self._wait(delay)
                await self._held()

    def outcome(self, endpoint: str, status: int) -> None:
        """Report an answer that needs no repetition."""
        self._governor.outcome(endpoint, status, self._clock())

    async def retry(
        self, endpoint: str, status: int, attempt: int, retry_after: str | None, pause: float | None = None
    ) -> bool:
        """Report a failed attempt; True, once the time has come, where it may be sent again: now, with its permit."""
        if not await self.rest(endpoint, status, attempt, retry_after, pause):
            return False
        await self.permit(endpoint)
        return True

    async def rest(
        self, endpoint: str, status: int, attempt: int, retry_after: str | None, pause: float | None = None
    ) -> bool:
        """Report a failed attempt; True, once its pause is over, where it may be sent again with another permit.
        `retry_after`: the header; `pause`: seconds that the body asks for. Where both are told, the longer holds."""
        told = [retry_after_seconds(retry_after, self._wall()), None if pause is None else min(pause, LONGEST_TOLD)]
        longest = max((seconds for seconds in told if seconds is not None), default=None)
        delay = self._governor.retry(endpoint, status, attempt, self._clock(), longest)
        if delay is None:
            return False
        if self._pace:
            await self._wait(delay)
        return True

    def _refuse_longest(self, delay: float) -> None:
        if delay > self._governor.limits.longest_wait:
            minutes = math.ceil(delay / 60)
            raise RunFailedError(
                f"The site asks for a pause of {minutes:,} minutes, longer than a run may wait",
                "Run it again after that.",
                code=ErrorCode.RATE_LIMITED,
            )

    async def _wait(self, seconds: float) -> None:
        self._governor.meter.waited_seconds += seconds
        await self._sleep(seconds)
