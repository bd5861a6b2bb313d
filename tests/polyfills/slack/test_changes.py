"""After every kind of change at the source, the next run leaves a store that equals the server's truth.

Provenance: the must-shows of the product (every change the fake workspace can make), PR-1 and PR-2.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fakes.slack import Behaviour, FakeSlack, scenarios, script
from fakes.slack.chance import happen
from fakes.slack.script import Event, play
from polyfills.slack.host import Home, collect, fake_slack
from polyfills.slack.truth import difference

OLD = "1787000000.000000"  # before Lantern Bay's first message
BETWEEN = "1789000000.000000"  # in the middle of what was said there

CHANGES: dict[str, Sequence[Event]] = {
    "new messages": [
        script.Post("harbour", "lena", "Fresh rolls.", label="fresh"),
        script.Post("kitchen", "otto", "Coming.", subtype="me_message"),
        script.Reply("fresh", "otto", "Two, please."),
        script.React("fresh", "otto", "bread"),
    ],
    "late replies to old messages": [
        script.Reply("minutes", "otto", "Late, but yes."),
        script.Reply("regatta", "lena", "A first reply makes this a thread."),
        script.Reply("timetable", "theo", "Heard by all.", broadcast=True),
        script.Reply("bench-picture", "anselm", "Also by all, and the first.", broadcast=True),
    ],
    "edits and reactions": [
        script.Edit("sourdough", "It has a name now."),
        script.React("storm", "otto", "wave"),
        script.React("minutes", "lena", "eyes"),
        script.Pin("regatta"),
    ],
    "deletions": [
        script.Delete("rolls"),
        script.Delete("over"),
        script.Delete("minutes"),
        script.DeleteThread("meeting"),
        script.DeleteFile("F0BENCH0020"),
    ],
    "conversations appear": [
        script.CreateChannel("fog", "theo", ("mina", "otto"), is_private=True),
        script.Post("fog", "theo", "Can anybody see anything?"),
        script.CreateChannel("empty", "mina"),
        script.CreateChannel("ropes", "theo", ("otto",)),
        script.Backfill("ropes", "theo", ("A bowline.", "A sheet bend."), before=OLD),
        script.Join("ropes", "mina"),
        script.OpenGroupDm(("mina", "lena", "solveig")),
        script.OpenDm("mina", "theo"),
    ],
    "conversations change": [
        script.Rename("kitchen", "bakery"),
        script.SetTopic("harbour", "Ice"),
        script.Archive("tides"),
        script.Unarchive("regatta-2026"),
        script.Post("regatta-2026", "theo", "We sail again."),
        script.MakePrivate("harbour"),
        script.ConvertGroupDm("mpdm-mina--otto--theo-1", "cake"),
        script.CloseDm("mina", "otto"),
    ],
    "people change": [
        script.UserJoins("juno", "Juno Achterberg"),
        script.RenameUser("otto", real_name="Otto Brandt-Vogelsang"),
        script.Deactivate("anselm"),
    ],
    "history appears within what was read": [script.Backfill("kitchen", "lena", ("Found a note.",), before=BETWEEN)],
    "the second act": scenarios.second(),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_the_next_run_equals_the_truth_after(name: str, slack: FakeSlack, home: Home) -> None:
    play(slack.world, CHANGES[name])
    report = await collect(slack, home)
    assert report.status == "succeeded"
    assert report.skips == []
    assert difference(home, slack.world) == {}


@pytest.mark.requirement("PR-2.5")
async def test_the_first_run_equals_the_truth_archived_and_closed_conversations_included(home: Home) -> None:
    world = scenarios.small()
    assert difference(home, world) == {}
    assert {data["kind"] for data in home.live("channels").values()} == {"public", "private", "dm", "group_dm"}


async def test_nothing_changed_means_nothing_new_updated_or_deleted(slack: FakeSlack, home: Home) -> None:
    report = await collect(slack, home)
    assert set(report.changes) <= {"unchanged"}


@pytest.mark.requirement("PR-1.1", "PR-1.4")
@pytest.mark.parametrize(
    "event", [script.Leave("lamp-room", "mina"), script.Leave("tides", "mina"), script.DeleteChannel("kitchen")]
)
async def test_a_conversation_that_is_gone_is_called_missing_and_keeps_its_records(
    event: script.Leave | script.DeleteChannel, slack: FakeSlack, home: Home
) -> None:
    gone = slack.world.conversation(event.channel).id
    before = [key for key, data in home.live("messages").items() if data["channel_id"] == gone]
    play(slack.world, [event])
    report = await collect(slack, home)
    assert report.missing() == [gone]
    assert [key for key, data in home.live("messages").items() if data["channel_id"] == gone] == before
    assert slack.requests("conversations.history", channel=gone) == []


@pytest.mark.requirement("PR-1.7", "PR-1.8")
async def test_a_missing_conversation_costs_nothing_and_resumes_when_it_is_back(slack: FakeSlack, home: Home) -> None:
    gone = slack.world.conversation("lamp-room").id
    play(slack.world, [script.Leave("lamp-room", "mina")])
    await collect(slack, home)
    again = await collect(slack, home)
    assert again.missing() == [gone]
    assert slack.requests("conversations.history", channel=gone) == []
    assert slack.requests("conversations.info") == []
    play(slack.world, [script.Post("lamp-room", "otto", "While you were out."), script.Join("lamp-room", "mina")])
    back = await collect(slack, home)
    assert back.missing() == []
    assert difference(home, slack.world) == {}


async def test_a_plans_horizon_hides_history_and_deletes_nothing(slack: FakeSlack, home: Home) -> None:
    before = set(home.live("messages"))
    play(slack.world, [script.HideBefore(BETWEEN), script.Post("harbour", "lena", "Still here.")])
    report = await collect(slack, home)
    assert report.changes["deleted"] == 0
    assert before < set(home.live("messages"))
    assert "source_limited" in report.codes()


async def test_a_horizon_on_the_first_run_is_reported_and_everything_above_it_is_collected(slack: FakeSlack) -> None:
    home = Home()
    play(slack.world, [script.HideBefore(BETWEEN)])
    report = await collect(slack, home)
    assert difference(home, slack.world) == {}
    assert report.codes() == {"source_limited"}


async def test_a_deleted_root_is_deleted_while_its_replies_live(slack: FakeSlack, home: Home) -> None:
    room, root = slack.world.find("minutes")
    replies = [reply.ts for reply in room.replies(root.at)]
    play(slack.world, [script.Delete("minutes")])
    await collect(slack, home)
    live = {(data["channel_id"], data["ts"]) for data in home.live("messages").values()}
    assert (room.id, root.ts) not in live
    assert replies
    assert {(room.id, ts) for ts in replies} <= live


@pytest.mark.parametrize("seed", [3, 11])
async def test_whatever_happens_the_store_equals_the_truth_after_an_undisturbed_run(seed: int) -> None:
    """Two days of anything, collected once each; a further run heals what a shallow look-back leaves for later."""
    home = Home()
    behaviour = Behaviour(page_cap=7 + seed, repeat_root=seed % 2 == 0, closed_dms="hidden")
    async with fake_slack(scenarios.small(), behaviour=behaviour) as slack:
        await collect(slack, home)
        for day in range(2):
            happen(slack.world, seed + day, times=40)
            await collect(slack, home)
        await collect(slack, home)
        assert difference(home, slack.world) == {}
        assert slack.violations == []
