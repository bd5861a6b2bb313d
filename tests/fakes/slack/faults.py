"""What goes wrong on purpose: rules that say which call of which method fails, and how.

A rule is declared, not programmed: `where` it strikes (a method, parameters such as a channel or a thread's ts, an
answer that holds a certain message, pages over a size), what then happens (an action), and how long (`times`, or until
it is healed):

    Fault(HttpStatus(500), method="conversations.replies", where={"ts": root.ts}, times=None)
    Fault(ApiError("internal_error"), method="conversations.*", holding=said.ts, times=None)
    Fault(Odd(item={"files": [None]}), method="conversations.*", holding=said.ts, times=None)
    Fault(HttpStatus(500), method="conversations.replies", over=50, times=None)
    Fault(Circle(), method="users.list", times=None)

A rule counts the calls that match it, so scripts are exact: "the second history call of this channel". Rules are
asked in the order they were added; the first that fires wins, and an answer may be bent by several. Must not know:
HTTP libraries, worlds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

__all__ = [
    "AS_IT_IS",
    "Action",
    "ApiError",
    "Circle",
    "CutJson",
    "Drop",
    "EmptyPage",
    "ExpireCursor",
    "ExpireSession",
    "Fault",
    "Faults",
    "Gate",
    "Hold",
    "HtmlBody",
    "HttpStatus",
    "Odd",
    "RateLimit",
    "Slow",
    "Stall",
]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """HTTP 429 with Retry-After in seconds. `as_ok`: HTTP 200 with the same error instead."""

    retry_after: int = 1
    as_ok: bool = False


@dataclass(frozen=True, slots=True)
class HttpStatus:
    """A 5xx with a short text body."""

    status: int = 503


@dataclass(frozen=True, slots=True)
class HtmlBody:
    """A page where JSON was expected, as from a proxy or a maintenance notice."""

    status: int = 200


@dataclass(frozen=True, slots=True)
class CutJson:
    """An answer that ends in the middle of its JSON, as from a server that gave up while it wrote."""


@dataclass(frozen=True, slots=True)
class ApiError:
    """HTTP 200 with `ok: false`."""

    error: str


@dataclass(frozen=True, slots=True)
class ExpireSession:
    """The session ends with this call, for pages and API alike, until somebody signs in again."""


@dataclass(frozen=True, slots=True)
class EmptyPage:
    """`ok`, no items, and a cursor that leads on to what this call would have answered."""


@dataclass(frozen=True, slots=True)
class ExpireCursor:
    """invalid_cursor, but only for a call that brings a cursor; put it on calls with `with_cursor`."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A list without an end: where its last page would be, a cursor leads back to the first. `fresh`: another cursor in
    each round, so that none of them is ever seen twice."""

    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Stall:
    """The page is answered, and its cursor leads to the same page again. `fresh` as of a circle."""

    fresh: bool = False


AS_IT_IS: Final = "as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """The call is answered in another shape. `answer`: fields of the whole answer. `item`, `without`: fields of what it
    holds (all of it, or only what the rule's `holding` names); `instead`: something else altogether in its place."""

    answer: Mapping[str, Any] = field(default_factory=dict[str, Any])
    item: Mapping[str, Any] = field(default_factory=dict[str, Any])
    without: tuple[str, ...] = ()
    instead: Any = AS_IT_IS


@dataclass(frozen=True, slots=True)
class Slow:
    """The answer takes this long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection closes inside the response's head: the browser reports a network error."""


class Gate:
    """Stops a call inside the server until the test lets it go: a slow answer without a clock."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._open = asyncio.Event()

    def release(self) -> None:
        self._open.set()

    async def pass_through(self) -> None:
        self.reached.set()
        await self._open.wait()


@dataclass(frozen=True, slots=True)
class Hold:
    gate: Gate


Action = (
    RateLimit
    | HttpStatus
    | HtmlBody
    | CutJson
    | ApiError
    | EmptyPage
    | ExpireCursor
    | ExpireSession
    | Circle
    | Stall
    | Odd
    | Slow
    | Drop
    | Hold
)

Holds = Callable[[], Collection[str]]
"""What the answer to a call would hold, by id (a message by its ts); asked only where a rule wants to know."""


def _nothing() -> Collection[str]:
    return ()


@dataclass(slots=True)
class Fault:
    """One rule. `method` may hold wildcards. Of the calls that match: skip `after`, then every `every`-th, at most
    `times` (None: until it is healed). What a call has to be to match, all of it:

    - `where`: these parameters with these values: `{"channel": …}` is a conversation, `{"ts": …}` a thread
    - `holding`: the answer would hold the message of this ts, or the user or conversation of this id
    - `over`: the page that is asked for is larger than this
    - `with_cursor`: it brings a cursor
    """

    action: Action
    _: KW_ONLY
    method: str = "*"
    times: int | None = 1
    every: int = 1
    after: int = 0
    where: Mapping[str, str] = field(default_factory=dict)
    holding: str | None = None
    over: int | None = None
    with_cursor: bool = False
    healed: bool = False
    seen: int = 0
    fired: int = 0

    def heal(self) -> None:
        """From here on it strikes nothing; what it has done stays counted."""
        self.healed = True

    def fires(self, method: str, params: Mapping[str, str], holds: Holds = _nothing) -> bool:
        """Count this call where it matches, and say whether it fails."""
        if self.healed or not self._matches(method, params, holds):
            return False
        self.seen += 1
        due = self.seen > self.after and (self.seen - self.after) % self.every == 0
        if not due or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True

    def _matches(self, method: str, params: Mapping[str, str], holds: Holds) -> bool:
        if not fnmatchcase(method, self.method):
            return False
        if (self.with_cursor or isinstance(self.action, ExpireCursor)) and not params.get("cursor"):
            return False
        if self.over is not None and int(params.get("limit") or self.over + 1) <= self.over:
            return False
        if any(params.get(name) != value for name, value in self.where.items()):
            return False
        return self.holding is None or self.holding in holds()


class Faults:
    """The rules in force."""

    def __init__(self, *faults: Fault) -> None:
        self.rules = list(faults)

    def add(self, *faults: Fault) -> None:
        self.rules.extend(faults)

    def clear(self) -> None:
        self.rules.clear()

    def heal(self) -> None:
        """Nothing strikes any more; the rules stay, to be asked what they have done."""
        for rule in self.rules:
            rule.heal()

    def next(self, method: str, params: Mapping[str, str], holds: Holds = _nothing) -> tuple[Fault, ...]:
        """The rule that strikes this call. One that bends the answer leaves room for others that do."""
        striking: list[Fault] = []
        for rule in self.rules:
            bends = isinstance(rule.action, Odd)
            if (bends or not striking) and rule.fires(method, params, holds):
                striking.append(rule)
                if not bends:
                    break
        return tuple(striking)

    # the usual ones, by name

    def rate_limit(self, method: str = "*", *, times: int | None = 1, every: int = 1, retry_after: int = 1) -> None:
        self.add(Fault(action=RateLimit(retry_after), method=method, times=times, every=every))

    def fail(self, method: str, error: str, *, times: int | None = 1, after: int = 0, **where: str) -> None:
        self.add(Fault(action=ApiError(error), method=method, times=times, after=after, where=where))

    def status(self, method: str, status: int, *, times: int | None = 1) -> None:
        self.add(Fault(action=HttpStatus(status), method=method, times=times))

    def html(self, method: str, *, times: int | None = 1) -> None:
        self.add(Fault(action=HtmlBody(), method=method, times=times))

    def empty_page(self, method: str, *, times: int | None = 1, every: int = 1) -> None:
        self.add(Fault(action=EmptyPage(), method=method, times=times, every=every))

    def expire_cursor(self, method: str, *, times: int | None = 1) -> None:
        self.add(Fault(action=ExpireCursor(), method=method, times=times))

    def slow(self, method: str, seconds: float, *, times: int | None = 1) -> None:
        self.add(Fault(action=Slow(seconds), method=method, times=times))

    def drop(self, method: str = "*", *, times: int | None = 1, after: int = 0) -> None:
        self.add(Fault(action=Drop(), method=method, times=times, after=after))

    def sign_out_at(self, call: int) -> None:
        """invalid_auth from the `call`-th API call (1 is the next one) on."""
        self.add(Fault(action=ApiError("invalid_auth"), times=None, after=call - 1))

    def expire_session_at(self, call: int, method: str = "*") -> None:
        """The session ends with the `call`-th call of this method (1 is the next one)."""
        self.add(Fault(action=ExpireSession(), method=method, after=call - 1))

    def hold(self, method: str, *, after: int = 0) -> Gate:
        gate = Gate()
        self.add(Fault(action=Hold(gate), method=method, after=after))
        return gate
