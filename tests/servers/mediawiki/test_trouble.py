"""A real wiki that fails, lags behind and asks for pauses, and runs that are narrowed or killed: the store comes to
equal what an independent client reads all the same (RS-6)."""

from __future__ import annotations

import pytest
from aiohttp import web

from servers.mediawiki.test_changes import burst
from servers.mediawiki.world import World

pytestmark = [pytest.mark.requirement("RS-6"), pytest.mark.timeout(400)]


async def test_a_run_in_which_nothing_changed_asks_five_questions_at_most(world: World) -> None:
    await world.run()
    ended = await world.run()
    assert [counts for counts in ended.value["streams"].values() if counts["new"] or counts["deleted"]] == []
    asked = sum(ended.value["traffic"]["by_endpoint"].values())
    assert asked <= 5, world.front.asked


async def test_a_run_of_one_page_changes_that_page_alone(world: World) -> None:
    true = await world.people.truth("Adelaide")
    page = next(str(one["pageid"]) for one in true["pages"] if one["title"] == "Tides")
    mine = await world.people.write("Adelaide", "Tides", "Narrowed.", "narrowed")
    other = await world.people.write("Adelaide", "User:Adelaide/Lamps", "Not in it.", "outside")
    ended = await world.run("--stream", "revisions", "--resource", f"revisions={page}")
    assert ended.exit_code == 0, ended.stdout
    here = await world.records("revisions")
    assert (str(mine) in here, str(other) in here) == (True, False)
    await world.run("--stream", "revisions", "--resource", f"revisions={other}")
    assert str(other) in await world.records("revisions"), "by its own number"
    assert (await world.run()).exit_code == 0
    await world.check()


async def test_a_wiki_that_fails_for_a_while_costs_time_and_nothing_else(world: World) -> None:
    await world.people.write("Adelaide", "Tides", "While it fails.", "fails")
    failing = iter([500, 503, 502])
    world.front.faults.append(lambda _: web.Response(status=code) if (code := next(failing, 0)) else None)
    ended = await world.run()
    world.front.faults.clear()
    assert (ended.exit_code, ended.value["traffic"]["retries"]) == (0, 3)
    await world.check()


async def test_a_wiki_whose_copies_lag_behind_is_left_alone_for_as_long_as_it_asks(world: World) -> None:
    """The wiki's own answer: every lag is more than -2 seconds, and it asks for five."""
    await world.people.write("Adelaide", "Tides", "While it lags.", "lags")
    lagging = iter([True])
    world.front.faults.append(lambda query: query.replace("maxlag=5", "maxlag=-2") if next(lagging, None) else None)
    ended = await world.run()
    world.front.faults.clear()
    traffic = ended.value["traffic"]
    assert (ended.exit_code, traffic["rate_limited"], traffic["waited_seconds"] >= 5) == (0, 1, True)
    await world.check()


async def test_a_wiki_that_asks_for_a_pause_is_waited_for(world: World) -> None:
    await world.people.write("Adelaide", "Tides", "While it is busy.", "busy")
    busy = iter([True, True])
    later = {"Retry-After": "1"}
    world.front.faults.append(lambda _: web.Response(status=429, headers=later) if next(busy, None) else None)
    ended = await world.run()
    world.front.faults.clear()
    assert (ended.exit_code, ended.value["traffic"]["rate_limited"]) == (0, 2)
    await world.check()


async def test_a_page_that_never_answers_costs_itself(world: World) -> None:
    true = await world.people.truth("Adelaide")
    page = next(str(one["pageid"]) for one in true["pages"] if one["title"] == "User:Adelaide/Lamps")
    await world.people.write("Adelaide", "User:Adelaide/Lamps", "Unread.", "unread")
    read = await world.people.write("Adelaide", "Moorings", "Read.", "read")
    broken = {"error": {"code": "internal_api_error_DBQueryError", "info": "no"}}
    of_page = f"pageids={page}&"
    world.front.faults.append(
        lambda query: web.json_response(broken) if of_page in f"{query}&" and "rvprop" in query else None
    )
    ended = await world.run()
    world.front.faults.clear()
    assert ended.value["status"] == "complete_with_gaps"
    [gap] = [one for one in ended.value["diagnostics"] if one["severity"] == "gap"]
    assert (gap["stream"], gap["partitions"]) == ("revisions", [page])
    assert str(read) in await world.records("revisions")
    assert (await world.run()).exit_code == 0
    await world.check()


async def test_a_run_killed_in_a_burst_loses_nothing_and_claims_nothing_unread(world: World) -> None:
    for number in (1, 2, 4, 6):
        await burst(world)
        await world.be_killed(number)
        await world.check_claims()
    assert (await world.run()).exit_code == 0
    await world.check()


async def test_a_full_run_reads_everything_again(world: World) -> None:
    await world.people.do("Root", "delete", title="Knots")
    ended = await world.run("--full")
    assert ended.exit_code == 0, ended.stdout
    await world.check()


async def test_an_account_that_is_renamed_is_the_same_account(world: World) -> None:
    await world.people.rename("Root", "Adelaide", "Adelaide Lovelace")
    world.wiki.do_jobs()
    world.called = "Adelaide Lovelace"
    ended = await world.run()
    assert ended.value["error"]["code"] == "signed_out", "a wiki ends the sessions of a name that is no more"
    await world.connect("--renew")
    ended = await world.run()
    assert ended.exit_code == 0, ended.stdout
    await world.check()
