"""Every fault of the fake workspace that the table in docs/reliability.md names: what it is, what it costs, how it is
named, what heals it. Declared once: tests/faults/test_slack_faults.py asserts each row, scripts/fault-table prints it.

Rows of one `batch` strike in one first run together: they touch different things. Must not know: runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fakes.slack.faults import (
    Action,
    ApiError,
    Circle,
    CutJson,
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
from fakes.slack.world import Workspace
from faults.words import Cost, Healing

__all__ = ["ROWS", "SlackRow", "reply_of"]

HISTORY, REPLIES = "conversations.history", "conversations.replies"
COUNTS, BOOT, LISTS, MEMBERS = "client.counts", "client.userBoot", "users.conversations", "users.list"
ENDPOINTS = (COUNTS, BOOT, LISTS, MEMBERS, HISTORY, REPLIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackRow:
    """`subject`: the label of the message, or the name of the conversation or person that is touched. `codes`: of
    diagnostics; `reason`: of the exception that stands for it."""

    area: str
    fault: str
    batch: str
    rule: Callable[[Workspace], Fault]
    cost: Cost = Cost.NOTHING
    subject: str | None = None
    codes: frozenset[str] = field(default_factory=frozenset[str])
    reason: str | None = None
    exit: int = 0
    healing: Healing = Healing.SAME_RUN

    @property
    def id(self) -> str:
        return f"{self.area}: {self.fault}"


def _endpoints() -> Iterator[SlackRow]:
    actions: Mapping[str, Action] = {
        "answers 503 once": HttpStatus(503),
        "answers a page of HTML once": HtmlBody(200),
        "breaks the connection off once": Drop(),
        "asks to slow down once": RateLimit(1),
        "asks to slow down in the body of a 200 once": RateLimit(as_ok=True),
    }
    for batch, action in actions.items():
        for method in ENDPOINTS:
            yield SlackRow(
                area="endpoint",
                fault=f"`{method}` {batch}",
                batch=batch,
                rule=lambda _, action=action, method=method: Fault(action, method=method),
                codes=frozenset({"rate_limited"} if isinstance(action, RateLimit) else ()),
            )
    for method, action, words in (
        (HISTORY, EmptyPage(), "hands out empty pages"),
        (HISTORY, ExpireCursor(), "no longer knows a cursor"),
        (REPLIES, EmptyPage(), "hands out empty pages"),
        (REPLIES, ExpireCursor(), "no longer knows a cursor"),
    ):
        yield SlackRow(
            area="endpoint",
            fault=f"`{method}` {words}",
            batch=f"pages of {method}",
            rule=lambda _, action=action, method=method: Fault(action, method=method),
        )


def _threads() -> Iterator[SlackRow]:
    for subject, action, reason, words in (
        ("minutes", HttpStatus(500), "not_answered", "answers 500 for ever"),
        ("storm", HtmlBody(200), "unreadable", "answers a page of HTML for ever"),
        ("rolls", ApiError("internal_error"), "not_answered", "answers `internal_error` for ever"),
        ("cardamom", ApiError("thread_not_found"), "not_found", "is not found, though its head has replies"),
        ("over", Circle(), "unfinished", "has pages that go in a circle"),
        ("hasty", ApiError("access_denied"), "refused", "is refused"),
    ):
        yield SlackRow(
            area="thread",
            fault=f"one {words}",
            batch="threads",
            subject=subject,
            rule=lambda world, action=action, subject=subject: Fault(
                action, method=REPLIES, where={"ts": world.find(subject)[1].ts}, times=None
            ),
            cost=Cost.NOTHING if reason == "unfinished" else Cost.REPLIES,  # all of it was read, and nobody can say so
            codes=frozenset({"group_exception"}),
            reason=reason,
            exit=3,
            healing=Healing.NEXT_RUN,
        )
    yield SlackRow(
        area="thread",
        fault="one answers only small pages",
        batch="threads",
        subject="sourdough",
        rule=lambda world: Fault(
            HttpStatus(500), method=REPLIES, where={"ts": world.find("sourdough")[1].ts}, over=10, times=None
        ),
    )


def _conversations() -> Iterator[SlackRow]:
    for subject, action, words in (
        ("kitchen", HttpStatus(500), "public channel answers 500"),
        ("lamp-room", HtmlBody(200), "private channel answers a page of HTML"),
        ("regatta-2026", ApiError("fatal_error"), "archived channel answers `fatal_error`"),
        ("mpdm-mina--otto--theo-1", HttpStatus(403), "group message answers 403"),
        ("tides", Odd(answer={"messages": None}), "channel answers without messages"),
    ):
        yield SlackRow(
            area="conversation",
            fault=f"a {words}, for ever" if words[0] != "a" else f"an {words}, for ever",
            batch="conversations",
            subject=subject,
            rule=lambda world, action=action, subject=subject: Fault(
                action, method=HISTORY, where={"channel": world.conversation(subject).id}, times=None
            ),
            cost=Cost.CONVERSATION,
            codes=frozenset({"range_unproven"}),
            exit=3,
            healing=Healing.NEXT_RUN,
        )


def _parts() -> Iterator[SlackRow]:
    shapes: Mapping[str, tuple[str, Mapping[str, Any]]] = {
        "timetable": ("`files: [null]`", {"files": [None], "reactions": None}),
        "timetable-file": (
            "a file's time is a fraction",
            {"files": [{"id": "F1", "created": 1795161602.5}, {"id": 5}]},
        ),
        "minutes": ("`thread_ts: null` beside replies, a numeric `username`", {"thread_ts": None, "username": 5}),
        "storm": ("`reply_count` is a word", {"latest_reply": 17, "reply_count": "six", "reply_users": None}),
        "rolls": ("`user` is an object", {"user": {"id": "U1"}, "blocks": {}, "attachments": [None]}),
        "meeting": ("`text: null`, `edited` is a word", {"text": None, "edited": "yesterday", "team": []}),
    }
    for subject, (words, item) in shapes.items():
        yield SlackRow(
            area="record",
            fault=words,
            batch="parts",
            subject=subject,
            rule=lambda world, item=item, subject=subject: Fault(
                Odd(item=item), method=HISTORY, holding=world.find(subject)[1].ts, times=None
            ),
            cost=Cost.PART,
            codes=frozenset({"field_mended"}),
            healing=Healing.LOOKED_AT,
        )


def _messages() -> Iterator[SlackRow]:
    for subject, odd, words in (
        ("cardamom", Odd(item={"ts": 1789967200.274422}), "`ts` is a fraction"),
        ("sourdough", Odd(instead=None), "`null` in the place of a message"),
    ):
        yield SlackRow(
            area="record",
            fault=words,
            batch="messages",
            subject=subject,
            rule=lambda world, odd=odd, subject=subject: Fault(
                odd, method=HISTORY, holding=world.find(subject)[1].ts, times=None
            ),
            cost=Cost.MESSAGE,
            codes=frozenset({"record_exception", "invalid_record", "range_unproven"}),
            reason="unmappable",
            exit=3,
            healing=Healing.NEXT_RUN,
        )
    yield SlackRow(
        area="record",
        fault="no page of history answers that holds one message",
        batch="poison",
        subject="regatta",
        rule=lambda world: Fault(
            ApiError("internal_error"), method=HISTORY, holding=world.find("regatta")[1].ts, times=None
        ),
    )
    yield from _poison()


def _poison() -> Iterator[SlackRow]:
    """No page of any kind is answered that holds one message."""
    for subject, action, reason, words in (
        ("meeting", HttpStatus(500), "not_answered", "500"),
        ("cardamom", CutJson(), "unreadable", "JSON that is cut off"),
        ("minutes", HtmlBody(200), "unreadable", "HTML"),
    ):
        yield SlackRow(
            area="record",
            fault=f"no page of history and threads answers but with {words} that holds one message",
            batch="poison",
            subject=subject,
            rule=lambda world, action=action, subject=subject: Fault(
                action, method="conversations.*", holding=world.find(subject)[1].ts, times=None
            ),
            cost=Cost.MESSAGE,
            codes=frozenset({"record_exception", "invalid_record"}),
            reason=reason,
            exit=3,
            healing=Healing.NEXT_RUN,
        )
    yield SlackRow(
        area="record",
        fault="no page of a thread answers that holds one reply",
        batch="poison",
        subject="sourdough",
        rule=lambda world: Fault(
            ApiError("internal_error"), method=REPLIES, holding=reply_of(world, "sourdough"), times=None
        ),
        cost=Cost.REPLY,
        codes=frozenset({"record_exception", "invalid_record"}),
        reason="not_answered",
        exit=3,
        healing=Healing.NEXT_RUN,
    )


def reply_of(world: Workspace, label: str) -> str:
    """The timestamp of the second reply in this thread."""
    room, root = world.find(label)
    return room.replies(root.at)[1].ts


def _lists() -> Iterator[SlackRow]:
    for subject, action, words, where in (
        (MEMBERS, Circle(), "goes in a circle", {}),
        (LISTS, Stall(), "stands still", {"types": "private_channel"}),
    ):
        yield SlackRow(
            area="list",
            fault=f"`{subject}` {words}",
            batch="lists",
            rule=lambda _, action=action, subject=subject, where=where: Fault(
                action, method=subject, where=where, times=None
            ),
            codes=frozenset({"list_unfinished"}),
            exit=3,
            healing=Healing.NEXT_RUN,
        )
    yield SlackRow(
        area="list",
        fault=f"`{HISTORY}` of one channel goes in a circle",
        batch="lists",
        rule=lambda world: Fault(
            Circle(), method=HISTORY, where={"channel": world.conversation("tides").id}, times=None
        ),
        codes=frozenset({"list_unfinished", "range_unproven"}),
        exit=3,
        healing=Healing.NEXT_RUN,
    )


def _whole() -> Iterator[SlackRow]:
    yield SlackRow(
        area="site",
        fault="Slack is down from some call on",
        batch="down",
        rule=lambda _: Fault(HttpStatus(503), times=None, after=12),
        cost=Cost.REST,
        codes=frozenset({"source_unavailable"}),
        exit=1,
        healing=Healing.NEXT_RUN,
    )
    yield SlackRow(
        area="owner",
        fault="the session ends in the middle of a run",
        batch="signed out",
        rule=lambda _: Fault(ApiError("invalid_auth"), times=None, after=12),
        cost=Cost.REST,
        codes=frozenset({"signed_out"}),
        exit=4,
        healing=Healing.SIGNED_IN,
    )
    yield SlackRow(
        area="owner",
        fault="one conversation answers as if the session had ended",
        batch="refused",
        subject="kitchen",
        rule=lambda world: Fault(
            ApiError("invalid_auth"), method=HISTORY, where={"channel": world.conversation("kitchen").id}, times=None
        ),
        cost=Cost.CONVERSATION,
        codes=frozenset({"range_unproven"}),
        exit=3,
        healing=Healing.NEXT_RUN,
    )


ROWS: tuple[SlackRow, ...] = (
    *_endpoints(),
    *_lists(),
    *_conversations(),
    *_threads(),
    *_parts(),
    *_messages(),
    *_whole(),
)
