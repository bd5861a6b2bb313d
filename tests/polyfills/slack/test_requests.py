"""What a run costs the site, counted at the server, never timed.

Provenance: the figures the product promises: nothing new, however many channels: at most 3 requests; k changed: 3 + k.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta

import pytest

from fakes.slack import FakeSlack, populated, script
from fakes.slack.script import play
from fakes.slack.world import Workspace
from polyfills.slack.host import Home, collect, fake_slack
from polyfills.slack.truth import difference

CHANNELS = 250
"""More than a page of a listing. All 1,000, through the engine: e2e/test_idle_cost.py."""
SOON = timedelta(minutes=10)


def large(*, archived: int = 0) -> Workspace:
    world = populated(channels=CHANNELS, messages=2, users=20, dms=5)
    for number in range(archived):
        world.archive(sorted(world.conversations)[number])
    return world


async def settled(world: Workspace) -> Home:
    """The workspace as a first run leaves it; look-backs are not due again within the day."""
    home = Home()
    async with fake_slack(world) as slack:
        await collect(slack, home)
    assert difference(home, world) == {}
    return home


@pytest.fixture(scope="module")
async def plain() -> tuple[Workspace, Home]:
    world = large(archived=3)
    return world, await settled(world)


async def test_an_idle_run_over_many_channels_takes_three_requests(plain: tuple[Workspace, Home]) -> None:
    world, home = deepcopy(plain)
    async with fake_slack(world) as slack:
        report = await collect(slack, home, later=SOON)
    assert report.changes["new"] + report.changes["updated"] + report.changes["deleted"] == 0
    assert report.requests.total() <= 3
    assert report.codes() == set()


async def test_an_idle_run_over_messages_alone_costs_no_more(slack: FakeSlack) -> None:
    """It has no cursor of channels to remember by when every conversation was last listed."""
    home = Home()
    await collect(slack, home, streams=("messages",))
    again = await collect(slack, home, streams=("messages",), later=SOON)
    once_more = await collect(slack, home, streams=("messages",), later=SOON)
    listings = [method for method in once_more.requests if method.startswith("users.conversations")]
    assert (listings, again.codes(), once_more.codes()) == ([], set(), set())


async def test_changed_channels_cost_one_request_each_and_changed_threads_one_more(
    plain: tuple[Workspace, Home],
) -> None:
    world, home = deepcopy(plain)
    changed = [room for room in world.conversations.values() if room.kind == "channel" and not room.is_archived][:7]
    for room in changed:
        world.post(room.id, room.creator, "Something new.")
    thread = world.post(changed[0].id, changed[0].creator, "A thread.")
    world.reply(thread, changed[0].creator, "With a reply.")
    renamed = [room for room in world.conversations.values() if room.kind == "channel"][-1]
    world.set_topic(renamed.id, "Seen although the boot never names it")
    async with fake_slack(world) as slack:
        report = await collect(slack, home, later=SOON)
    assert difference(home, world) == {}
    assert report.requests["conversations.history"] == len(changed) + 1
    assert report.requests["conversations.replies"] == 1
    assert report.requests.total() <= 3 + len(changed) + 1 + 1


async def test_a_channel_seen_only_now_is_read_from_its_beginning(plain: tuple[Workspace, Home]) -> None:
    world, home = deepcopy(plain)
    script.CreateChannel("late", "person1", ("person0",)).apply(world)
    script.Backfill("late", "person1", ("Older than all the others.",), before="1600000000.000000").apply(world)
    async with fake_slack(world) as slack:
        report = await collect(slack, home, later=SOON)
    assert difference(home, world) == {}
    assert report.requests["conversations.history"] == 1


@pytest.mark.requirement("PR-2.7", "PR-1.6")
async def test_a_scoped_run_asks_for_its_conversation_and_nothing_else(slack: FakeSlack, home: Home) -> None:
    wanted, other = slack.world.conversation("harbour").id, slack.world.conversation("kitchen").id
    play(slack.world, [script.Post("harbour", "otto", "Here."), script.Post("kitchen", "otto", "And there.")])
    before = home.states[other]
    report = await collect(slack, home, streams=["messages"], resources={"messages": [wanted]})
    assert {seen.method for seen in slack.requests()} <= {
        "client.counts",
        "conversations.history",
        "conversations.replies",
    }
    assert {seen.params["channel"] for seen in slack.requests("conversations.history")} == {wanted}
    assert [one["key"] for one in report.inventories[-1]["partitions"]] == [wanted]
    assert home.states[other] == before
    assert "Here." in {data["text"] for data in home.live("messages").values()}


async def test_a_time_range_reads_and_claims_nothing_outside_it(slack: FakeSlack) -> None:
    home = Home()
    start, end = "2026-10-01T00:00:00Z", "2026-11-01T00:00:00.000000Z"
    report = await collect(slack, home, time_range={"since": start, "until": end})
    sent = [data["sent_at"] for data in home.live("messages").values()]
    assert sent
    assert min(sent) >= start
    assert max(sent) < end
    assert all(claim["since"] is not None for claim in report.coverage)
    await collect(slack, home)
    assert difference(home, slack.world) == {}


async def test_users_and_channels_can_be_asked_for_by_id(slack: FakeSlack) -> None:
    home = Home()
    user, channel = slack.world.user("otto").id, slack.world.conversation("tides").id
    await collect(slack, home, streams=["users", "channels"], resources={"users": [user], "channels": [channel]})
    assert set(home.live("users")) == {user}
    assert set(home.live("channels")) == {channel}
    assert home.cursors == {}


async def test_many_people_are_read_once_a_day_by_the_servers_clock() -> None:
    world = populated(channels=3, messages=2, users=600)
    home = await settled(world)
    async with fake_slack(world) as slack:
        soon = await collect(slack, home, later=SOON)
        world.advance(days=1)
        tomorrow = await collect(slack, home, later=SOON)
    assert soon.requests["users.list"] == 0
    assert tomorrow.requests["users.list"] == 2


async def test_a_late_reply_beyond_the_time_range_leaves_its_thread_open(slack: FakeSlack) -> None:
    """A reply belongs to its root's place: claiming that place would hide the reply from every later run."""
    home = Home()
    room, root = slack.world.find("minutes")
    slack.world.reply("minutes", "otto", "Much later.")
    report = await collect(slack, home, time_range={"until": "2026-11-19T00:00:00Z"})
    texts = {data["text"] for data in home.live("messages").values()}
    assert root.text in texts
    assert "Much later." not in texts
    claims = [claim for claim in report.coverage if claim["partition"] == room.id]
    assert not any((claim["since"] or "") <= root.ts <= claim["until"] for claim in claims)
    await collect(slack, home)
    assert difference(home, slack.world) == {}
