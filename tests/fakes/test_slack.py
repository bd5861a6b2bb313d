"""The fake Slack against itself: what it answers is what its own truth says, as strictly as the real one.

Provenance: the documented and observed behaviour the fake stands for; an error here would make
every test over it worthless.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from fakes.client import Client
from fakes.slack import Behaviour, FakeSlack, happen, play, populated, scenarios, truth
from fakes.slack.script import HideBefore, Leave

OCTOBER = "1790812800.000000"  # 2026-10-01


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


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_a_plain_walk_finds_the_truth(client: Client, seed: int) -> None:
    happen(client.slack.world, seed, times=120)
    assert await collect(client) == expected(client.slack)


async def test_a_broadcast_outlives_the_horizon_that_hides_its_root(client: Client) -> None:
    world = client.slack.world
    rolls, root = world.find("cardamom")
    broadcast = next(said for said in rolls.replies(root.at) if said.broadcast)
    world.hide_before(root.at + 1)
    page = await client.call("conversations.history", channel=rolls.id, latest=broadcast.ts, inclusive="true")
    assert (page["messages"][0]["ts"], "root" in page["messages"][0]) == (broadcast.ts, False)
    answer = await client.call("conversations.replies", channel=rolls.id, ts=broadcast.ts)
    assert answer["error"] == "thread_not_found"


async def test_the_horizon_hides_messages_and_says_that_it_does(client: Client) -> None:
    play(client.slack.world, [HideBefore(OCTOBER)])
    room = client.slack.world.conversation("harbour").id
    page = await client.call("conversations.history", channel=room, limit="999")
    assert page["is_limited"] is True
    assert min(message["ts"] for message in page["messages"]) > OCTOBER
    assert await collect(client) == expected(client.slack)


@pytest.mark.parametrize(
    ("method", "fields", "error"),
    [
        ("conversations.history", {"oldest": "yesterday"}, "invalid_ts_oldest"),
        ("conversations.history", {"latest": "1.1234567"}, "invalid_ts_latest"),
        ("conversations.history", {"cursor": "bm9uc2Vuc2U="}, "invalid_cursor"),
        ("conversations.history", {"cursor": "%%%"}, "invalid_cursor"),
        ("conversations.history", {"limit": "1000"}, "invalid_limit"),
        ("conversations.history", {"limit": "0"}, "invalid_limit"),
        ("conversations.history", {"inclusive": "maybe"}, "invalid_arguments"),
        ("conversations.history", {"channel": "C0NOWHERE"}, "channel_not_found"),
        ("conversations.replies", {}, "invalid_arguments"),
        ("conversations.replies", {"ts": "1.000000"}, "thread_not_found"),
        ("conversations.list", {"types": "public_channel,secret"}, "invalid_types"),
        ("conversations.genericInfo", {"updated_channels": "[]"}, "invalid_arguments"),
        ("messages.list", {"message_ids": "{}"}, "invalid_array_arg"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("files.info", {"file": "F0NOTHING"}, "file_not_found"),
        ("conversations.guess", {}, "unknown_method"),
    ],
)
async def test_wrong_parameters_get_slacks_own_error(
    client: Client, method: str, fields: dict[str, str], error: str
) -> None:
    needs_channel = method in ("conversations.history", "conversations.replies")
    given = {"channel": client.slack.world.conversation("harbour").id} if needs_channel else {}
    answer = await client.call(method, **(given | fields))
    assert (answer["ok"], answer["error"]) == (False, error)


async def test_a_call_needs_token_and_cookie_together(slack: FakeSlack) -> None:
    async with slack.client_session() as session, slack.client_session(signed_in=False) as stranger:
        client = Client(slack, session)
        assert (await client.call("auth.test"))["user_id"] == slack.world.account
        assert (await client.call("auth.test", token=""))["error"] == "not_authed"
        assert (await client.call("auth.test", token=slack.world.token()[:-1]))["error"] == "invalid_auth"
        assert (await Client(slack, stranger).call("auth.test"))["error"] == "invalid_auth"
        slack.sign_out()
        assert (await client.call("auth.test"))["error"] == "invalid_auth"


async def test_two_workspaces_share_the_cookie_and_answer_only_to_their_own_token() -> None:
    other = populated(channels=3, messages=2)
    async with FakeSlack(scenarios.small(), other) as slack, slack.client_session() as session:
        client = Client(slack, session)
        async with await client.post("auth.test", host="app.slack.com", token=other.token()) as answer:
            assert (await answer.json())["team_id"] == other.team_id
        assert (await client.call("auth.test", token=other.token()))["error"] == "invalid_auth"
        config = json.loads(slack.storage_state("plenty")["origins"][0]["localStorage"][0]["value"])
        assert config["lastActiveTeamId"] == other.team_id
        assert set(config["teams"]) == {slack.world.team_id, other.team_id}


async def test_bounds_are_exclusive_unless_inclusive_and_oldest_alone_follows_the_switch(client: Client) -> None:
    room = client.slack.world.conversation("tides")
    all_ts = [message["ts"] for message in await client.walk("conversations.history", "messages", channel=room.id)]

    async def page(**fields: str) -> list[str]:
        answer = await client.call("conversations.history", channel=room.id, **fields)
        return [message["ts"] for message in answer["messages"]]

    assert all_ts == sorted(all_ts, reverse=True)
    assert await page(oldest=all_ts[4], latest=all_ts[1]) == all_ts[2:4]
    assert await page(oldest=all_ts[4], latest=all_ts[1], inclusive="true") == all_ts[1:5]
    assert await page(oldest=all_ts[-1], limit="2") == all_ts[:2]
    client.slack.behaviour.oldest_alone = "nearest"
    assert await page(oldest=all_ts[-1], limit="2") == all_ts[-3:-1]


async def test_a_root_that_was_deleted_stays_as_a_tombstone_and_an_emptied_thread_is_marked(client: Client) -> None:
    kitchen, harbour = (client.slack.world.conversation(name).id for name in ("kitchen", "harbour"))
    told = await client.walk("conversations.history", "messages", channel=kitchen)
    tombstone = next(message for message in told if message.get("subtype") == "tombstone")
    assert (tombstone["user"], tombstone["hidden"], tombstone["reply_count"]) == ("USLACKBOT", True, 2)
    told = await client.walk("conversations.history", "messages", channel=harbour)
    glove = next(message for message in told if "glove" in message["text"])
    assert (glove["reply_count"], glove["latest_reply"]) == (0, "0000000000.000000")


async def test_counts_name_the_newest_message_of_every_live_conversation_read_or_not(client: Client) -> None:
    counts = await client.call("client.counts")
    world = client.slack.world
    latest = {entry["id"]: entry["latest"] for kind in ("channels", "mpims", "ims") for entry in counts[kind]}
    live = {name: room for name, room in truth.visible_conversations(world).items() if not room.is_archived}
    assert latest == {name: room.messages[room.timeline[-1]].ts for name, room in live.items()}
    assert {entry["has_unreads"] for entry in counts["channels"]} == {True, False}


async def test_a_delta_boot_names_unchanged_conversations_by_id_and_stops_at_its_cap() -> None:
    world = populated(channels=230, messages=1)
    async with FakeSlack(world) as slack, slack.client_session() as session:
        client = Client(slack, session)
        assert len((await client.call("client.userBoot"))["channels"]) == 200
        since = str(world.now // 1000)
        world.rename(next(iter(world.conversations)), "renamed")
        boot = await client.call("client.userBoot", min_channel_updated=since)
        assert [room["name"] for room in boot["channels"]] == ["renamed"]
        assert len(boot["unchanged_channel_ids"]) == 199


async def test_what_the_account_cannot_see_is_not_found_alone_and_left_out_in_a_batch(client: Client) -> None:
    world = client.slack.world
    room, open_room = world.conversation("lamp-room").id, world.conversation("tides").id
    play(world, [Leave("lamp-room", "mina"), Leave("tides", "mina")])
    assert (await client.call("conversations.info", channel=room))["error"] == "channel_not_found"
    assert (await client.call("conversations.info", channel=open_room))["channel"]["is_member"] is False
    batch = await client.call("conversations.genericInfo", updated_channels=json.dumps({room: 0, open_room: 0}))
    assert [entry["id"] for entry in batch["channels"]] == [open_room]


async def test_faults_strike_exactly_the_calls_they_name(client: Client) -> None:
    faults, room = client.slack.faults, client.slack.world.conversation("harbour").id
    faults.rate_limit("conversations.history", times=1, retry_after=7)
    async with await client.post("conversations.history", channel=room) as limited:
        assert (limited.status, limited.headers["Retry-After"]) == (429, "7")
        assert (await limited.json())["error"] == "ratelimited"
    whole = await client.walk("conversations.history", "messages", channel=room, limit="20")
    faults.empty_page("conversations.history", times=None, every=2)
    assert await client.walk("conversations.history", "messages", channel=room, limit="20") == whole
    faults.clear()
    faults.html("conversations.history")
    async with await client.post("conversations.history", channel=room) as page:
        assert page.content_type == "text/html"
    faults.drop("auth.test")
    with pytest.raises(aiohttp.ClientError):
        await client.call("auth.test")
    faults.sign_out_at(2)
    assert (await client.call("auth.test"))["ok"] is True
    assert (await client.call("auth.test"))["error"] == "invalid_auth"


async def test_an_expired_cursor_is_refused_once_and_a_walk_without_one_is_not_touched(client: Client) -> None:
    client.slack.faults.expire_cursor("users.list")
    first = await client.call("users.list", limit="2")
    cursor = first["response_metadata"]["next_cursor"]
    assert (await client.call("users.list", limit="2", cursor=cursor))["error"] == "invalid_cursor"
    assert (await client.call("users.list", limit="2", cursor=cursor))["ok"] is True


async def test_a_held_call_waits_until_it_is_released(client: Client) -> None:
    gate = client.slack.faults.hold("auth.test")
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(client.call("auth.test"))
        await gate.reached.wait()
        assert not asking.done()
        gate.release()
    assert asking.result()["ok"] is True


async def test_what_no_collector_may_do_is_remembered(client: Client) -> None:
    room = client.slack.world.conversation("harbour").id
    await client.call("conversations.mark", channel=room, ts="1.000000")
    await client.call("conversations.history", channel=room, oldst="1.000000")
    await client.session.post(
        f"https://{client.slack.world.domain}.slack.com/api/auth.test", headers={"Authorization": "Bearer x"}
    )
    assert client.slack.violations == [
        f"conversations.mark on {room}",
        "conversations.history was sent the unknown parameter oldst",
        "auth.test was sent an Authorization header",
    ]


async def test_a_private_file_without_a_session_is_a_page_and_not_an_error(slack: FakeSlack) -> None:
    async with slack.client_session() as session, slack.client_session(signed_in=False) as stranger:
        files = (await Client(slack, session).call("files.list"))["files"]
        picture = next(file for file in files if file["filetype"] == "png")
        async with session.get(picture["url_private"]) as answer:
            assert (answer.content_type, (await answer.read())[:4]) == ("image/png", b"\x89PNG")
        async with stranger.get(picture["url_private"]) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")


async def test_the_same_script_gives_the_same_bytes(client: Client) -> None:
    """Recordings made against the fake are reproducible, headers included."""

    async def transcript() -> list[tuple[str, bytes]]:
        async with FakeSlack(scenarios.small()) as slack, slack.client_session() as session:
            other = Client(slack, session)
            answers = []
            for method in ("client.userBoot", "client.counts", "users.list"):
                async with await other.post(method) as answer:
                    answers.append((str(sorted(answer.headers.items())), await answer.read()))
            return answers

    assert await transcript() == await transcript()


def test_a_thousand_channels_are_the_same_for_the_same_seed_and_differ_for_another() -> None:
    first = truth.visible_messages(populated(seed=3, channels=1000, messages=4))
    assert len(first) == 4000
    assert truth.visible_messages(populated(seed=3, channels=1000, messages=4)) == first
    assert truth.visible_messages(populated(seed=4, channels=1000, messages=4)) != first
