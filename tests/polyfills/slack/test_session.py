"""Where the polyfill finds its token, and what it says when there is none.

Provenance: the fallbacks other clients were seen to need; HO-4 for signed-out sessions.
"""

from __future__ import annotations

from typing import Any

import pytest

from fakes.slack import FakeSlack, scenarios
from fakes.slack.world import Workspace
from polyfills.slack.host import Home, collect, fake_slack
from polyhost.errors import NeedsOwnerError

ONE = ["workspace"]


def without_storage(slack: FakeSlack) -> dict[str, Any]:
    """The signed-in browser, with its cookies only."""
    return slack.storage_state() | {"origins": []}


async def test_the_token_is_found_under_either_key_once_the_client_has_booted(slack: FakeSlack) -> None:
    slack.behaviour.token_key, slack.behaviour.token_delay_ms = "localConfig_v3", 600
    home = Home()
    report = await collect(slack, home, streams=ONE, storage_state=without_storage(slack))
    assert report.status == "succeeded"
    assert [data["name"] for data in home.live("workspace").values()] == ["Lantern Bay"]


async def test_a_client_that_keeps_its_token_in_memory_is_asked_for_another(slack: FakeSlack) -> None:
    slack.behaviour.token_stored = False
    home = Home()
    report = await collect(slack, home, streams=ONE, storage_state=without_storage(slack))
    assert report.status == "succeeded"
    assert set(home.live("workspace")) == {slack.world.team_id}


@pytest.mark.requirement("HO-4")
async def test_a_session_that_was_revoked_is_signed_out_and_nothing_is_claimed(slack: FakeSlack, home: Home) -> None:
    slack.faults.sign_out_at(3)
    cursors = dict(home.cursors)
    report = await collect(slack, home)
    assert (report.status, report.code) == ("failed", "signed_out")
    assert report.coverage == []
    assert home.cursors == cursors


@pytest.mark.requirement("HO-4")
async def test_a_signed_out_browser_is_told_from_its_address(slack: FakeSlack) -> None:
    slack.sign_out()
    with pytest.raises(NeedsOwnerError):
        await collect(slack, Home(), streams=ONE)


async def test_another_workspace_in_the_same_browser_is_never_taken_for_the_first() -> None:
    other = Workspace(domain="otherside", name="Other Side", team_id="T0OTHER001")
    other.add_user("mina", "Mina Okafor-Lund")
    home = Home()
    async with fake_slack(scenarios.small(), other) as slack:
        await collect(slack, home, streams=ONE)
    async with fake_slack(other, scenarios.small()) as slack:
        state = slack.storage_state("otherside")
        await collect(slack, home, streams=ONE, storage_state=state, full=True)
        assert {seen.host for seen in slack.requests()} == {"lanternbay.slack.com"}
    assert set(home.live("workspace")) == {"T0LANTERN1"}
