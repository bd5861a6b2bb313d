"""Random faults of the fake workspace, of every kind, from a die. Must not know: runs."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fakes.slack.faults import (
    ApiError,
    Circle,
    Drop,
    EmptyPage,
    ExpireCursor,
    Fault,
    HtmlBody,
    HttpStatus,
    Odd,
    RateLimit,
    Stall,
)
from fakes.slack.model import Conversation, Message
from fakes.slack.world import Workspace

__all__ = ["ODD_PARTS", "some_faults"]

Die = random.Random
HISTORY, REPLIES = "conversations.history", "conversations.replies"
ODD_PARTS: Sequence[Mapping[str, Any]] = (
    {"files": [None], "reactions": None},
    {"username": 5, "thread_ts": None},
    {"latest_reply": 17, "reply_count": "six", "reply_users": None},
    {"blocks": {}, "attachments": [None]},
    {"edited": "yesterday", "team": []},
)
PASSING = (
    HttpStatus(503),
    HttpStatus(500),
    RateLimit(1),
    RateLimit(1, as_ok=True),
    HtmlBody(200),
    HtmlBody(502),
    Drop(),
)
LASTING = (HttpStatus(500), HtmlBody(200), ApiError("internal_error"), ApiError("fatal_error"), HttpStatus(403))
OF_THREADS = (*LASTING, ApiError("thread_not_found"), Circle(), Stall())


def some_faults(world: Workspace, die: Die) -> list[Fault]:
    """One to four."""
    kinds = die.choices(tuple(_KINDS), weights=tuple(_KINDS.values()), k=die.randint(1, 4))
    return [fault for kind in kinds for fault in kind(world, die)]


def _room(world: Workspace, die: Die) -> Conversation:
    return die.choice([room for room in world.conversations.values() if world.account in room.members])


def _said(world: Workspace, die: Die) -> tuple[Conversation, Message] | None:
    room = _room(world, die)
    talk = [one for one in room.messages.values() if not one.is_reply]
    return (room, die.choice(talk)) if talk else None


def _passing(_: Workspace, die: Die) -> list[Fault]:
    method = die.choice(("*", HISTORY, REPLIES, "users.*", "client.*", "conversations.*"))
    return [Fault(die.choice(PASSING), method=method, times=die.randint(1, 2), after=die.randint(0, 8))]


def _pages(_: Workspace, die: Die) -> list[Fault]:
    action = die.choice((EmptyPage(), ExpireCursor()))
    return [Fault(action, method=die.choice((HISTORY, REPLIES)), times=die.randint(1, 3), after=die.randint(0, 3))]


def _thread(world: Workspace, die: Die) -> list[Fault]:
    room = _room(world, die)
    if not room.threads:
        return []
    root = room.messages[die.choice(sorted(room.threads))]
    return [Fault(die.choice(OF_THREADS), method=REPLIES, where={"ts": root.ts}, times=None)]


def _conversation(world: Workspace, die: Die) -> list[Fault]:
    action = die.choice((*LASTING, Odd(answer={"messages": None}), Drop()))
    return [Fault(action, method=HISTORY, where={"channel": _room(world, die).id}, times=None)]


def _part(world: Workspace, die: Die) -> list[Fault]:
    found = _said(world, die)
    if found is None:
        return []
    return [Fault(Odd(item=die.choice(ODD_PARTS)), method=HISTORY, holding=found[1].ts, times=None)]


def _message(world: Workspace, die: Die) -> list[Fault]:
    found = _said(world, die)
    if found is None:
        return []
    odd = die.choice((Odd(instead=None), Odd(item={"ts": 17.5}), Odd(instead="gone")))
    return [Fault(odd, method=HISTORY, holding=found[1].ts, times=None)]


def _poison(world: Workspace, die: Die) -> list[Fault]:
    """No page can be read that holds it."""
    found = _said(world, die)
    return [] if found is None else [Fault(die.choice(LASTING[:3]), method=HISTORY, holding=found[1].ts, times=None)]


def _list(_: Workspace, die: Die) -> list[Fault]:
    action = die.choice((Circle(), Stall(), Circle(fresh=True), HttpStatus(500), Odd(answer={"members": 5})))
    return [Fault(action, method=die.choice(("users.list", "users.conversations")), times=None)]


def _signed_out(_: Workspace, die: Die) -> list[Fault]:
    return [Fault(ApiError("invalid_auth"), times=None, after=die.randint(0, 20))]


def _down(_: Workspace, die: Die) -> list[Fault]:
    return [Fault(HttpStatus(503), times=None, after=die.randint(0, 20))]


_KINDS: dict[Callable[[Workspace, Die], list[Fault]], int] = {
    _passing: 6,
    _pages: 3,
    _thread: 6,
    _conversation: 4,
    _part: 4,
    _message: 3,
    _poison: 2,
    _list: 3,
    _signed_out: 1,
    _down: 1,
}
