"""Bad things of a Slack workspace that are let happen to one run, and what is looked at after it.

The default lane tries one of each kind, tests/faults the others.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from e2e.owner import Owner, Ran
from e2e.truth import difference
from fakes.slack import Fault
from fakes.slack.faults import Action, ApiError, Circle, CutJson, HtmlBody, HttpStatus, Odd, Stall
from polyhost.browser.governor import Governor, GovernorLimits
from polyhost.engine.sources import connectors as sources

HISTORY, REPLIES, MEMBERS, CONVERSATIONS = (
    "conversations.history",
    "conversations.replies",
    "users.list",
    "users.conversations",
)
PATIENT = GovernorLimits(initial_rate=1_000.0, maximum_rate=1_000.0, backoff_base=0.01)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries of the host take no time: how long it waits is proven elsewhere."""
    monkeypatch.setattr(sources, "Governor", partial(Governor, limits=PATIENT))


def standing(ran: Ran) -> set[tuple[str, str, str]]:
    """What the run names as standing out: kind, key, reason."""
    return {(one["kind"], one["key"], one["reason"]) for one in ran.value["exceptions"]}


def unread(ran: Ran) -> set[str]:
    """Conversations of which something was not read."""
    told = [one.get("partitions", ()) for one in ran.value["diagnostics"] if one["code"] == "range_unproven"]
    return {key for keys in told for key in keys}


async def healed(owner: Owner) -> None:
    """The source is well again: one run, and nothing is left of it."""
    owner.slack.faults.heal()
    ran = await owner.run()
    assert (ran.status, ran.value["exceptions"]) == ("complete", [])
    assert await difference(owner) == {}


BREAKING: dict[str, Action] = {
    "500": HttpStatus(500),
    "a page of HTML": HtmlBody(200),
    "internal_error": ApiError("internal_error"),
    "JSON that is cut off": CutJson(),
}
ANYWHERE = "conversations.*"


def key_of(channel: str, ts: str) -> str:
    return json.dumps([channel, ts], separators=(",", ":"))


async def let_messages_break_their_pages(newcomer: Owner, action: str) -> None:
    """Three messages break every page that holds one: they are named, and cost no other."""
    world = newcomer.slack.world
    broken = [world.find(label) for label in ("regatta", "meeting", "cardamom")]
    reason = "not_answered" if action in {"500", "internal_error"} else "unreadable"
    for _, said in broken:
        newcomer.slack.faults.add(Fault(BREAKING[action], method=ANYWHERE, holding=said.ts, times=None))
    for _ in range(2):
        ran = await newcomer.run()
        assert ran.status == "complete_with_gaps"
        assert unread(ran) == set()
        assert standing(ran) == {("record", key_of(room.id, said.ts), reason) for room, said in broken}
        lost = {ts for _, _, ts in await difference(newcomer)}
        assert {said.ts for _, said in broken} <= lost
        assert lost <= {one.ts for room, said in broken for one in (said, *room.replies(said.at))}
        assert sum(ran.requests.values()) < 300
    await healed(newcomer)


async def let_replies_break_their_pages(newcomer: Owner, action: str) -> None:
    """Three replies of one thread do: they cost no other of it."""
    room, root = newcomer.slack.world.find("sourdough")
    replies = room.replies(root.at)
    broken = [replies[0].ts, replies[len(replies) // 2].ts, replies[-1].ts]
    newcomer.slack.faults.add(*(Fault(BREAKING[action], method=REPLIES, holding=ts, times=None) for ts in broken))
    reason = "not_answered" if action in {"500", "internal_error"} else "unreadable"
    for _ in range(2):
        ran = await newcomer.run()
        assert standing(ran) == {("record", key_of(room.id, ts), reason) for ts in broken}
        assert {ts for _, _, ts in await difference(newcomer)} == set(broken)
        assert sum(ran.requests.values()) < 300
    await healed(newcomer)


async def let_lists_not_end(newcomer: Owner, fresh: bool) -> None:
    """Lists of people, conversations and messages that go on for ever, in a circle or with ever new cursors (`fresh`),
    are ended and named."""
    faults = newcomer.slack.faults
    faults.add(
        Fault(Circle(fresh), method=MEMBERS, times=None),
        Fault(Stall(fresh), method=CONVERSATIONS, where={"types": "private_channel"}, times=None),
        Fault(
            Circle(fresh), method=HISTORY, where={"channel": newcomer.slack.world.conversation("tides").id}, times=None
        ),
    )
    ran = await newcomer.run()
    assert ran.status == "complete_with_gaps"
    assert {one["stream"] for one in ran.value["diagnostics"] if one["code"] == "list_unfinished"} == {
        "users",
        "channels",
        "messages",
    }
    assert ran.requests[MEMBERS] <= 24
    assert ran.requests[CONVERSATIONS] <= 3 + 24
    assert ran.requests[HISTORY] <= 8 + 24
    assert await difference(newcomer) == {}
    await healed(newcomer)


async def let_an_answer_be_odd(owner: Owner, method: str, bent: dict[str, Any]) -> None:
    """An odd answer about all conversations calls nobody missing."""
    owner.slack.faults.add(Fault(Odd(answer=bent), method=method, times=None))
    ran = await owner.run(full=True)
    assert ran.status in ("complete", "complete_with_gaps")
    assert "partition_missing" not in ran.codes
    assert {view["status"] for view in (await owner.partitions()).values()} == {"present"}
    await healed(owner)
