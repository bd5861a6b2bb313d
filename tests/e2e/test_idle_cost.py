"""What a run costs the site in a large workspace, counted at the server, never timed.

Provenance: README: 1,000 channels, nothing new, at most 3 API requests; k changed, at most 3 + k.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest

from e2e.owner import Owner
from e2e.truth import difference
from fakes.slack import FakeSlack, populated
from polyhost.browser.governor import Governor, GovernorLimits
from polyhost.engine.sources import connectors as sources

CHANNELS = 1_000
IDLE_REQUESTS = 3
UNHURRIED = GovernorLimits(initial_rate=1_000.0, maximum_rate=1_000.0)
"""The first run asks a thousand times; at a person's pace that is a minute in which nothing is proven."""


@pytest.fixture(scope="module")
async def plenty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Owner]:
    """A thousand channels with two messages each, collected once."""
    async with FakeSlack(populated(channels=CHANNELS, messages=2, users=20)) as slack:
        owner = Owner(slack, tmp_path_factory.mktemp("plenty") / "home")
        await owner.connect()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sources, "Governor", partial(Governor, limits=UNHURRIED))
            first = await owner.run()
        assert (first.status, first.requests["conversations.history"]) == ("complete", CHANNELS)
        yield owner
        assert slack.violations == []


async def test_an_idle_run_over_a_thousand_channels_takes_three_requests(plenty: Owner) -> None:
    idle = await plenty.run()
    assert (idle.status, idle.value["diagnostics"]) == ("complete", [])
    assert {stream: idle.counts(stream) for stream in ("users", "channels", "messages")} == dict.fromkeys(
        ("users", "channels", "messages"), (0, 0, 0)
    )
    assert sum(idle.requests.values()) == idle.value["requests"] <= IDLE_REQUESTS


@pytest.mark.requirement("PR-1.8", "PR-2.1")
async def test_changed_channels_cost_one_request_each_and_a_missing_one_none(plenty: Owner) -> None:
    world = plenty.slack.world
    *changed, left = [room for room in world.conversations.values() if room.is_private][:6]
    for room in changed:
        world.post(room.id, room.creator, "Something new.")
    world.leave(left.id, world.account, announce=False)
    ran = await plenty.run()
    assert ran.diagnostic("partition_missing")["partitions"] == [left.id]
    assert ran.counts("messages") == (len(changed), 0, 0)
    assert {seen.params["channel"] for seen in plenty.slack.requests("conversations.history")} == {
        room.id for room in changed
    }
    assert sum(ran.requests.values()) <= IDLE_REQUESTS + len(changed)
    assert await difference(plenty) == {}
