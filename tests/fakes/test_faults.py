"""Faults of the fake Slack strike what they name and nothing else, until they are healed (ours)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from fakes.client import Client
from fakes.slack import FakeSlack, Fault, scenarios
from fakes.slack.faults import ApiError, Circle, HttpStatus, Odd, Stall

HISTORY, REPLIES = "conversations.history", "conversations.replies"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with FakeSlack(scenarios.small()) as slack, slack.client_session() as session:
        yield Client(slack, session)


async def test_a_fault_of_one_message_strikes_every_page_that_holds_it_and_no_other(client: Client) -> None:
    room, root = client.slack.world.find("minutes")
    rule = Fault(ApiError("internal_error"), method="conversations.*", holding=root.ts, times=None)
    client.slack.faults.add(rule)
    at = {"channel": room.id, "latest": root.ts, "oldest": root.ts, "inclusive": "true"}
    assert (await client.call(HISTORY, **at))["error"] == "internal_error"
    assert (await client.call(HISTORY, **at | {"inclusive": "false"}))["ok"] is True
    assert (await client.call(REPLIES, channel=room.id, ts=root.ts))["error"] == "internal_error"
    rule.heal()
    assert (await client.call(HISTORY, **at))["ok"] is True
    assert rule.fired == 2


async def test_a_thread_that_answers_only_small_pages(client: Client) -> None:
    room, root = client.slack.world.find("minutes")
    client.slack.faults.add(Fault(HttpStatus(500), method=REPLIES, where={"ts": root.ts}, over=10, times=None))
    asked = {"channel": room.id, "ts": root.ts}
    for fields, status in ((asked, 500), (asked | {"limit": "11"}, 500), (asked | {"limit": "10"}, 200)):
        async with await client.post(REPLIES, **fields) as answer:
            assert answer.status == status


@pytest.mark.parametrize("fresh", [False, True])
async def test_lists_that_go_in_circles_or_stand_still(client: Client, fresh: bool) -> None:
    people = len(client.slack.world.users)
    client.slack.faults.add(Fault(Circle(fresh), method="users.list", times=None))
    met, cursors, cursor = [], set[str](), ""
    for _ in range(2 * people):
        page = await client.call("users.list", limit="1", **({"cursor": cursor} if cursor else {}))
        met.append(page["members"][0]["id"])
        cursor = page["response_metadata"]["next_cursor"]
        cursors.add(cursor)
    assert met[:people] == met[people:]
    assert len(cursors) == people + fresh

    client.slack.faults.clear()
    client.slack.faults.add(Fault(Stall(fresh), method="users.list", times=None))
    first = await client.call("users.list", limit="1")
    again = await client.call("users.list", limit="1", cursor=first["response_metadata"]["next_cursor"])
    assert again["members"] == first["members"]


async def test_shapes_nobody_expects(client: Client) -> None:
    room, root = client.slack.world.find("minutes")
    client.slack.faults.add(
        Fault(Odd(item={"files": [None]}, without=("text",)), method=HISTORY, holding=root.ts),
        Fault(Odd(instead=None), method=HISTORY, holding=root.ts, after=1),
        Fault(Odd(answer={"messages": None}), method=HISTORY, after=2),
    )
    at = {"channel": room.id, "latest": root.ts, "limit": "2", "inclusive": "true"}
    bent, replaced, hollow = [(await client.call(HISTORY, **at))["messages"] for _ in range(3)]
    assert (bent[0]["files"], "text" in bent[0], "text" in bent[1]) == ([None], False, True)
    assert (replaced[0], replaced[1]) == (None, bent[1])
    assert hollow is None


async def test_faults_can_be_set_from_another_process(client: Client) -> None:
    address = f"https://127.0.0.1:{client.slack.port}/control/faults"

    async def control(method: str, told: Any = None) -> Any:
        async with client.session.request(method, address, json=told, ssl=False) as answer:
            return answer.status, await answer.json()

    told = {"what": {"what": "ApiError", "error": "fatal_error"}, "method": "auth.test", "times": None}
    assert (await control("POST", told))[0] == 200
    assert (await client.call("auth.test"))["error"] == "fatal_error"
    assert (await control("GET"))[1] == [
        {
            **told,
            "every": 1,
            "after": 0,
            "where": {},
            "holding": None,
            "over": None,
            "with_cursor": False,
            "fired": 1,
        }
    ]
    assert (await control("POST", {"what": {"what": "Magic"}}))[0] == 400
    assert (await control("DELETE")) == (200, [])
    assert (await client.call("auth.test"))["ok"] is True


async def test_no_host_of_slacks_has_a_control(client: Client) -> None:
    with pytest.raises(aiohttp.ContentTypeError):
        async with client.session.get("https://app.slack.com/control/faults") as answer:
            await answer.json()
