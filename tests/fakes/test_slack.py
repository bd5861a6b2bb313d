"""The fake Slack against itself: what it answers is what its own truth says, as strictly as the real one.

Provenance: the documented and observed behaviour the fake stands for; an error here would make
every test over it worthless.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from fakes.slack import Behaviour, FakeSlack, play, scenarios, truth
from fakes.slack.script import HideBefore

OCTOBER = "1790812800.000000"  # 2026-10-01


class Client:
    """The least a client needs: a form, a token, a cookie."""

    def __init__(self, slack: FakeSlack, session: aiohttp.ClientSession) -> None:
        self.slack, self.session = slack, session

    async def post(self, method: str, host: str | None = None, **fields: str) -> aiohttp.ClientResponse:
        url = f"https://{host or self.slack.world.domain + '.slack.com'}/api/{method}"
        return await self.session.post(url, data={"token": self.slack.world.token(), **fields})

    async def call(self, method: str, **fields: str) -> dict[str, Any]:
        async with await self.post(method, **fields) as response:
            return await response.json()

    async def walk(self, method: str, key: str, **fields: str) -> list[Any]:
        """All pages of a cursor walk."""
        items: list[Any] = []
        cursor = ""
        while True:
            page = await self.call(method, **fields, **({"cursor": cursor} if cursor else {}))
            assert page["ok"], page
            items.extend(page[key])
            cursor = page.get("response_metadata", {}).get("next_cursor", "")
            if not cursor:
                return items


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(scenarios.small()) as running:
        yield running


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[Client]:
    async with slack.client_session() as session:
        yield Client(slack, session)


async def collect(client: Client, *, limit: str = "15") -> dict[tuple[str, str], str]:
    """The plainest collector there is: every conversation, every page, every thread."""
    kinds = "public_channel,private_channel,mpim,im"
    found: dict[tuple[str, str], str] = {}
    for room in await client.walk("users.conversations", "channels", types=kinds, limit="3"):
        for message in await client.walk("conversations.history", "messages", channel=room["id"], limit=limit):
            found[room["id"], message["ts"]] = message["text"]
            if message.get("reply_count"):
                thread = await client.walk(
                    "conversations.replies", "messages", channel=room["id"], ts=message["ts"], limit="2"
                )
                found |= {(room["id"], reply["ts"]): reply["text"] for reply in thread}
    return found


def expected(slack: FakeSlack) -> dict[tuple[str, str], str]:
    return {place: said.text for place, said in truth.visible_messages(slack.world).items()}


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(),
        Behaviour(repeat_root=True, oldest_alone="nearest"),
        Behaviour(page_cap=4, filter_after_paging=True, closed_dms="listed"),
    ],
    ids=["as observed", "root repeated", "short pages"],
)
async def test_a_plain_walk_finds_exactly_the_truth_before_and_after_the_second_day(behaviour: Behaviour) -> None:
    async with FakeSlack(scenarios.small(), behaviour=behaviour) as slack, slack.client_session() as session:
        client = Client(slack, session)
        assert await collect(client) == expected(slack)
        play(slack.world, scenarios.second())
        assert await collect(client) == expected(slack)
        assert slack.violations == []


async def test_the_horizon_hides_messages_and_says_that_it_does(client: Client) -> None:
    play(client.slack.world, [HideBefore(OCTOBER)])
    room = client.slack.world.conversation("harbour").id
    page = await client.call("conversations.history", channel=room, limit="999")
    assert page["is_limited"] is True
    assert min(message["ts"] for message in page["messages"]) > OCTOBER
    assert await collect(client) == expected(client.slack)
