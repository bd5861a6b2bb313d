"""A host that is killed at the places that tests/e2e/test_crash.py leaves: what is there is whole, and it goes on."""

from __future__ import annotations

import pytest

from e2e.command import CommandLine
from e2e.conftest import _browser, command, newcomer, slack
from e2e.owner import Owner
from e2e.test_crash import ANY_PLACE, PLACES, be_killed_at

__all__ = ["_browser", "command", "newcomer", "slack"]


@pytest.mark.requirement("PR-2.6", "PR-4.2")
@pytest.mark.parametrize("place", sorted(PLACES.keys() - {ANY_PLACE}))
async def test_a_host_that_is_killed_leaves_a_store_that_tells_the_truth(
    place: str, newcomer: Owner, command: CommandLine
) -> None:
    await be_killed_at(place, newcomer, command)
