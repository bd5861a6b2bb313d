"""A homeserver in trouble, and runs that are cut: nothing is lost, nothing is claimed that was not read, and one run
after it the store is what another client reads (RS-6)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from aiohttp import web

from servers.matrix.owner import MatrixOwner
from servers.matrix.world import World

pytestmark = [pytest.mark.requirement("RS-6", "RS-4.2"), pytest.mark.timeout(300)]

PAGES = itertools.count()


@pytest.mark.parametrize(
    ("status", "body", "to"),
    [
        (500, {"errcode": "M_UNKNOWN", "error": "Internal server error"}, "/sync"),
        (502, {}, "/messages"),
        (504, {}, "/joined_rooms"),
        (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many requests", "retry_after_ms": 300}, "/sync"),
        (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many requests", "retry_after_ms": 300}, "/messages"),
    ],
)
async def test_errors_that_pass_cost_nothing(world: World, status: int, body: dict[str, Any], to: str) -> None:
    for number in range(105 if to == "/messages" else 2):  # more than 100, and some are left out of what is new
        await world.bob.says(world.harbour, f"during {status} {number}")
    world.owner.front.answers(status, body, to=to, times=2)
    ended = await world.owner.run()
    world.owner.front.instead = None
    assert ended.exit_code == 0, ended.stderr
    if status == 429:
        assert ended.value["traffic"]["rate_limited"] == 2
    await world.owner.check_that_all_is_here()


async def test_a_homeserver_that_is_down_loses_nothing(world: World) -> None:
    await world.bob.says(world.harbour, "while it is down")
    world.owner.front.answers(503, {}, to="/sync", times=1_000)
    ended = await world.owner.run()
    world.owner.front.instead = None
    assert ended.exit_code == 1
    await world.owner.check_claims()
    assert (await world.owner.run()).exit_code == 0
    await world.owner.check_that_all_is_here()


def _without_end(request: web.Request) -> web.Response | None:
    """Pages of nothing, each with a token that leads on; the first leads into a circle of them."""
    if not request.path.endswith("/messages"):
        return None
    if (number := next(PAGES)) % 2:
        return web.json_response({"chunk": [], "start": "s", "end": f"t{number}"})
    return web.json_response({"chunk": [], "start": "s", "end": "t0"})


@pytest.mark.requirement("RS-1.5")
async def test_a_stretch_that_does_not_end_is_named_and_read_once_it_ends(world: World) -> None:
    for number in range(105):  # more than 100, and some are left out of what is new
        await world.bob.says(world.harbour, f"endless {number}")
    world.owner.front.instead = _without_end
    ended = await world.owner.run()
    world.owner.front.instead = None
    assert ended.exit_code == 3, ended.stderr
    assert "list_unfinished" in {one["code"] for one in ended.value["diagnostics"]}
    assert len(world.owner.front.asked) < 100
    await world.owner.check_claims()
    assert (await world.owner.run()).exit_code == 0
    await world.owner.check_that_all_is_here()


@pytest.mark.requirement("RS-4.1")
async def test_a_homeserver_that_refuses_all_tokens_of_a_history_costs_that_history(newcomer: MatrixOwner) -> None:
    def refuses(request: web.Request) -> web.Response | None:
        if not request.path.endswith("/messages") or "from" not in request.query:
            return None
        return web.json_response({"errcode": "M_UNKNOWN", "error": "Invalid token"}, status=400)

    newcomer.front.instead = refuses
    ended = await newcomer.run()
    newcomer.front.instead = None
    assert ended.exit_code == 3, ended.stderr
    await newcomer.check_claims()
    assert (await newcomer.run()).exit_code == 0
    await newcomer.check_that_all_is_here()


@pytest.mark.requirement("RS-4.1")
async def test_a_token_that_the_homeserver_does_not_take_any_more_costs_a_reading(world: World) -> None:
    await world.bob.edits(world.harbour, world.events["old7"], "edited while the token was lost")
    await world.bob.says(world.harbour, "unheard")
    world.owner.front.answers(400, {"errcode": "M_UNKNOWN", "error": "Invalid token"}, to="/sync", times=1)
    ended = await world.owner.run()
    world.owner.front.instead = None
    assert ended.exit_code == 0, ended.stderr
    await world.owner.check_that_all_is_here()


async def test_a_full_run_changes_nothing_that_is_right(world: World) -> None:
    ended = await world.owner.run("--full")
    assert ended.exit_code == 0, ended.stderr
    assert {ended.value["streams"]["messages"][word] for word in ("new", "updated", "deleted")} == {0}
    await world.owner.check_that_all_is_here()


async def test_killed_in_a_burst(world: World) -> None:
    room = await world.bob.creates("Lamps")
    await world.ada.joins(room)
    for number in range(210):
        await world.bob.says(room, f"burst {number}")
    for number in (3, 5, 6):
        assert await world.owner.be_killed(number)
        await world.owner.check_claims()
    assert (await world.owner.run()).exit_code == 0
    await world.owner.check_that_all_is_here()


async def test_a_first_sync_asks_no_more_than_the_other_client(newcomer: MatrixOwner) -> None:
    ended = await newcomer.run()
    assert ended.exit_code == 0, ended.stderr
    ours = [path for path in newcomer.front.asked if "/messages" in path or path.endswith("/sync")]
    newcomer.front.asked.clear()
    await newcomer.truth()
    theirs = [path for path in newcomer.front.asked if "/messages" in path or path.endswith("/sync")]
    assert len(ours) <= len(theirs)
    await newcomer.check_that_all_is_here()


@pytest.mark.requirement("RS-4.1")
async def test_killed_again_and_again_in_a_first_sync_it_goes_on_where_it_was(
    world: World, newcomer: MatrixOwner
) -> None:
    for number in range(16):
        room = await world.bob.creates(f"Cabin {number}")
        await world.ada.joins(room)
        await world.bob.says(room, "all aboard")
    kills = 0
    while await newcomer.be_killed(6 + 2 * kills):
        await newcomer.check_claims()
        kills += 1
        assert kills < 20, "it does not come on"
    assert kills >= 2
    begun = [one for one in (await newcomer.partitions()).values() if one["extent"] != "untouched"]
    assert begun, "what was read by then is claimed"
    assert (await newcomer.run()).exit_code == 0
    await newcomer.check_that_all_is_here()
