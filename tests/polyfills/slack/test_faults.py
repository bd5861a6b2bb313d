"""What goes wrong on the way: nothing is lost, nothing is claimed that was not read, and the run says so.

Provenance: the faults the fake workspace can make; PR-2.6 for runs that are cut off.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fakes.slack import Behaviour, FakeSlack, scenarios
from fakes.slack.faults import ApiError, EmptyPage, ExpireCursor, Fault, HtmlBody, HttpStatus, RateLimit
from fakes.slack.world import Workspace
from polyfills.slack.host import Home, collect, fake_slack
from polyfills.slack.truth import difference

PASSING = {
    "rate limited": (
        Fault(action=RateLimit(retry_after=1), times=3),
        Fault(action=RateLimit(as_ok=True), method="conversations.history", times=1),
    ),
    "server errors and pages of HTML": (
        Fault(action=HttpStatus(503), method="conversations.replies", times=2),
        Fault(action=HtmlBody(), method="conversations.history", times=2),
        Fault(action=ApiError("internal_error"), method="client.counts", times=1),
    ),
    "empty pages": (
        Fault(action=EmptyPage(), method="conversations.*", times=None, every=3),
        Fault(action=EmptyPage(), method="users.*", times=2),
    ),
    "expired cursors": (
        Fault(action=ExpireCursor(), method="conversations.history", times=None, every=2),
        Fault(action=ExpireCursor(), method="conversations.replies", times=1),
    ),
}


@pytest.mark.parametrize("name", PASSING)
async def test_a_first_run_survives(name: str) -> None:
    home = Home()
    async with fake_slack(scenarios.small(), behaviour=Behaviour(page_cap=9), faults=PASSING[name]) as slack:
        report = await collect(slack, home)
        assert report.status == "succeeded"
        assert report.skips == []
        assert difference(home, slack.world) == {}


BEHAVIOURS: dict[str, Callable[[], Behaviour]] = {
    "the root is repeated on every page, pages are small": lambda: Behaviour(repeat_root=True, page_cap=3),
    "lists are filtered after paging": lambda: Behaviour(filter_after_paging=True, closed_dms="hidden"),
    "only the client's own host answers": lambda: Behaviour(gantry_cors=False),
    "only the workspace's host answers": lambda: Behaviour(same_origin_api=False),
    "the boot names few": lambda: Behaviour(boot_cap=2, boot_archived=True),
    "there are no counts": lambda: Behaviour(missing_methods=frozenset({"client.counts"})),
    "there is no boot": lambda: Behaviour(missing_methods=frozenset({"client.userBoot"})),
}


@pytest.mark.parametrize("name", BEHAVIOURS)
async def test_both_runs_are_right_where(name: str) -> None:
    home = Home()
    async with fake_slack(scenarios.small(), behaviour=BEHAVIOURS[name]()) as slack:
        for events in ((), scenarios.second()):
            for event in events:
                event.apply(slack.world)
            report = await collect(slack, home)
            assert report.status == "succeeded"
            assert difference(home, slack.world) == {}


async def test_restricted_lists_cost_people_nobody_met_and_no_message(slack: FakeSlack) -> None:
    home = Home()
    slack.behaviour.lists_restricted = True
    report = await collect(slack, home)
    assert report.status == "succeeded"
    assert [skip["stream"] for skip in report.skips] == ["users"]
    gone = slack.world.conversation("regatta-2026").id  # archived: only the list names it
    wrong = {key for key in difference(home, slack.world) if gone not in key}
    met = {data["user_id"] for data in home.live("messages").values()}
    assert {key.split()[0] for key in wrong} <= {"users"}
    assert met <= set(home.live("users"))


@pytest.mark.requirement("PR-1.5")
async def test_an_inventory_that_could_not_be_enumerated_calls_nobody_missing(slack: FakeSlack, home: Home) -> None:
    slack.faults.fail("conversations.genericInfo", "access_denied")
    slack.world.leave("lamp-room", "mina")
    report = await collect(slack, home)
    assert report.missing() == []
    assert "inventory_unproven" in report.codes()


async def test_a_conversation_that_answers_an_error_is_skipped_and_the_others_go_on(slack: FakeSlack) -> None:
    home = Home()
    refused = slack.world.conversation("harbour").id
    slack.faults.fail("conversations.history", "channel_not_found", times=None, channel=refused)
    report = await collect(slack, home)
    assert [(skip["reason"], skip["resources"]) for skip in report.skips] == [("channel_not_found", [refused])]
    assert all(claim["partition"] != refused for claim in report.coverage)
    assert report.codes() == {"range_unproven"}
    slack.faults.clear()
    await collect(slack, home)
    assert difference(home, slack.world) == {}


async def test_a_thread_that_is_not_there_is_reported_and_stops_nothing(slack: FakeSlack) -> None:
    home = Home()
    room, root = slack.world.find("minutes")
    slack.faults.fail("conversations.replies", "thread_not_found", times=1, ts=root.ts)
    report = await collect(slack, home)
    (met,) = report.exceptions
    assert (met["kind"], met["key"], met["partition"], met["reason"]) == ("group", root.ts, room.id, "not_found")
    assert report.skips == []
    await collect(slack, home)
    assert difference(home, slack.world) == {}


@pytest.mark.requirement("PR-2.6")
@pytest.mark.parametrize("cut", [30, 200, 450])
async def test_a_run_cut_off_anywhere_loses_nothing(cut: int) -> None:
    home = Home()
    async with fake_slack(long_history(), behaviour=Behaviour(page_cap=20)) as slack:
        cut_off = await collect(slack, home, stop_after=cut)
        assert cut_off.status == "none"
        report = await collect(slack, home)
        assert report.status == "succeeded"
        assert difference(home, slack.world) == {}


def long_history() -> Workspace:
    world = scenarios.small()
    texts = tuple(f"Entry {number}" for number in range(400))
    world.backfill("tides", "tidebot", texts, before="1787000000.000000")
    return world


async def test_slack_going_silent_ends_the_run_as_retryable_and_the_next_run_finishes(slack: FakeSlack) -> None:
    home = Home()
    slack.faults.add(Fault(action=HttpStatus(503), times=None, after=9))
    report = await collect(slack, home)
    assert (report.status, report.code) == ("failed", "source_unavailable")
    assert report.done["error"]["retryable"] is True
    slack.faults.clear()
    await collect(slack, home)
    assert difference(home, slack.world) == {}
