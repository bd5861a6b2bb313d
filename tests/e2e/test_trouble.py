"""A bad day at the source: it slows down, breaks off, hides things, or no longer knows the session.

Provenance: PR-1.5, PR-2.6, HO-4; SLACK.md's errors and traps 3, 5 and 10.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.command import CommandLine
from e2e.owner import Owner
from e2e.truth import difference
from fakes.slack import Fault, script
from fakes.slack.faults import Drop, EmptyPage, ExpireCursor, HtmlBody, HttpStatus, RateLimit
from fakes.slack.script import play

BETWEEN = "1789000000.000000"  # in the middle of what was said in Lantern Bay
HISTORY, REPLIES = "conversations.history", "conversations.replies"


@pytest.mark.requirement("PR-2.6")
async def test_a_first_run_on_a_bad_day_is_complete_all_the_same(newcomer: Owner) -> None:
    """Told to slow down, gateway errors, pages of HTML, empty pages, an expired cursor, a connection that breaks."""
    slack = newcomer.slack
    slack.behaviour.page_cap = 11
    slack.faults.add(
        Fault(action=RateLimit(1), method="client.counts"),
        Fault(action=RateLimit(1, as_ok=True), method=HISTORY),
        Fault(action=HttpStatus(503), method=HISTORY, after=2),
        Fault(action=HtmlBody(502), method=HISTORY, after=4),
        Fault(action=HtmlBody(200), method=HISTORY, after=6),
        Fault(action=EmptyPage(), method=HISTORY, after=7, times=3),
        Fault(action=ExpireCursor(), method=HISTORY),
        Fault(action=Drop(), method=HISTORY, after=9),
        Fault(action=HttpStatus(500), method=REPLIES, after=1),
        Fault(action=EmptyPage(), method=REPLIES, after=3),
        Fault(action=ExpireCursor(), method=REPLIES),
        Fault(action=HtmlBody(200), method="users.list"),
        Fault(action=Drop(), method="users.conversations"),
    )
    ran = await newcomer.run()
    assert [rule for rule in slack.faults.rules if not rule.fired] == []
    assert ran.status == "complete"
    assert ran.codes == {"rate_limited"}
    assert ran.value["traffic"]["rate_limited"] == 2
    assert await difference(newcomer) == {}
    assert {view["extent"] for view in (await newcomer.partitions()).values()} == {"complete"}


async def test_retry_after_is_obeyed(owner: Owner) -> None:
    play(owner.slack.world, [script.Post("harbour", "otto", "Slowly.")])
    owner.slack.faults.rate_limit("client.counts", retry_after=2)
    ran = await owner.run()
    assert ran.status == "complete"
    assert ran.value["traffic"]["waited_seconds"] >= 2
    assert ran.requests["client.counts"] == 2
    assert await difference(owner) == {}


@pytest.mark.requirement("PR-2.6", "PR-4.2", "HO-4")
async def test_a_session_that_ends_in_the_middle_keeps_what_was_read_and_the_next_run_finishes(
    newcomer: Owner, command: CommandLine
) -> None:
    """SignOut and SignIn, through the command: exit status 4, one sentence, and the saved session untouched."""
    slack = newcomer.slack
    slack.behaviour.page_cap = 20
    slack.faults.sign_out_at(14)
    session = _session(newcomer.home)
    ended = await command("run", "fake", *command.mapped(slack), "--json")
    assert ended.exit_code == 4
    assert ended.value["status"] == "needs_owner"
    assert "signed_out" in {diagnostic["code"] for diagnostic in ended.value["diagnostics"]}
    assert "partition_missing" not in ended.stdout
    read = ended.value["streams"]["messages"]["new"]
    assert 0 < read == len(await newcomer.records("messages"))
    assert _session(newcomer.home) == session

    slack.faults.clear()
    play(slack.world, [script.SignOut()])
    refused = await newcomer.run()
    assert (refused.status, refused.exit_code) == ("needs_owner", 4)
    assert _session(newcomer.home) == session

    play(slack.world, [script.SignIn()])
    rest = await newcomer.run()
    assert rest.status == "complete"
    assert rest.counts("messages")[0] + read == len(await newcomer.records("messages"))
    assert await difference(newcomer) == {}


@pytest.mark.requirement("PR-1.5")
async def test_a_horizon_that_moves_hides_history_and_deletes_nothing(owner: Owner) -> None:
    """HideBefore, first forwards and then back, as a plan that lapses and is renewed."""
    world = owner.slack.world
    before = {record["key"] for record in await owner.records("messages")}
    play(world, [script.HideBefore(BETWEEN), script.Post("harbour", "lena", "Still here.")])
    lapsed = await owner.run()
    assert lapsed.status == "complete"
    assert "source_limited" in lapsed.codes
    assert lapsed.counts("messages")[2] == 0
    assert {record["key"] for record in await owner.records("messages")} >= before
    assert await difference(owner) == {}

    play(world, [script.HideBefore("0.000000")])
    renewed = await owner.run(full=True)
    assert (renewed.status, renewed.codes) == ("complete", set())
    assert await difference(owner) == {}


@pytest.mark.requirement("PR-2.3")
async def test_a_horizon_on_the_first_run_is_named_and_no_completeness_is_claimed(newcomer: Owner) -> None:
    play(newcomer.slack.world, [script.HideBefore(BETWEEN)])
    ran = await newcomer.run()
    assert ran.codes == {"source_limited"}
    assert ran.value["receipt"]["completeness"]["claim"] == "partial"
    assert {view["extent"] for view in (await newcomer.partitions()).values()} <= {"limited", "complete"}
    assert await difference(newcomer) == {}


@pytest.mark.requirement("PR-4.7", "PR-1.4")
async def test_a_channel_that_answers_an_error_is_a_gap_of_its_own_and_is_read_next_time(owner: Owner) -> None:
    world = owner.slack.world
    kitchen = world.conversation("kitchen").id
    play(world, [script.Post("kitchen", "lena", "Rolls."), script.Post("harbour", "otto", "Fog.")])
    owner.slack.faults.fail(HISTORY, "channel_is_limited_access", times=None, channel=kitchen)
    ran = await owner.run()
    assert (ran.status, ran.exit_code) == ("complete_with_gaps", 3)
    assert "partition_missing" not in ran.codes
    assert kitchen in str(ran.value["diagnostics"])
    assert ran.counts("messages")[0] == 1

    owner.slack.faults.clear()
    assert (await owner.run()).status == "complete"
    assert await difference(owner) == {}


def _session(home: Path) -> bytes:
    return (home / "sessions" / "fake.sealed").read_bytes()
