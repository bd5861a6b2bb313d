"""Random faults of all kinds over random days of the fake workspace, in a real browser (RS-1).

POLYHOST_SEEDS=100 .venv/bin/python -m pytest -q tests/faults/test_chromium_chaos.py
"""

from __future__ import annotations

import json
import random
from datetime import timedelta
from functools import partial

import pytest

from e2e.conftest import _browser, collected_home, owner, slack
from e2e.owner import Owner, Ran
from e2e.truth import difference, true
from fakes.slack import Behaviour, happen
from fakes.slack.faults import Fault, Odd
from fakes.slack.truth import visible_messages
from faults.seeds import seeds
from faults.slack.chances import ODD_PARTS, some_faults
from faults.slack.named import Names, unread
from polyhost.browser.governor import Governor, GovernorLimits
from polyhost.engine.sources import connectors as sources

__all__ = ["_browser", "collected_home", "owner", "slack"]

pytestmark = pytest.mark.requirement("RS-1.1", "RS-1.2", "RS-1.3", "RS-1.4", "RS-1.5")
PATIENT = GovernorLimits(initial_rate=1_000.0, maximum_rate=1_000.0, backoff_base=0.01)
FINISHED = {"complete", "complete_with_gaps"}
ENDED = {("failed", "source_unavailable"), ("needs_owner", "signed_out")}
"""How else a run may end, where the site is down or knows the session no more."""
MOST_REQUESTS = 600
"""Of one run over some two hundred messages, whatever answers."""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries of the host take no time."""
    monkeypatch.setattr(sources, "Governor", partial(Governor, limits=PATIENT))


@pytest.mark.parametrize("seed", seeds(5))
async def test_what_is_touched_is_named_what_is_not_is_whole_and_all_heals(seed: int, owner: Owner) -> None:
    die = random.Random(seed)
    owner.slack.behaviour = Behaviour(page_cap=die.choice((None, 9, 30)), repeat_root=die.random() < 0.5)
    for day in range(2):
        happen(owner.slack.world, 1_000 * seed + day, times=15)
        owner.clock.passed += timedelta(days=1)
        owner.slack.faults.add(*some_faults(owner.slack.world, die))
        ran = await owner.run(full=True)
        await holds(owner, ran)
        if die.random() < 0.5:
            owner.slack.faults.heal()
            owner.slack.faults.clear()
    owner.slack.faults.clear()
    healed = await owner.run(full=True)
    told = [one for one in healed.value["exceptions"] if one["partition"] not in missing(healed)]
    codes = healed.codes - {"partition_missing"} - ({"record_exception", "group_exception"} if not told else set())
    assert (told, codes) == ([], set())
    assert await difference(owner) == {}


def missing(ran: Ran) -> set[str]:
    """What the account has left: nothing heals there until it comes back."""
    return {key for one in ran.value["diagnostics"] if one["code"] == "partition_missing" for key in one["partitions"]}


def is_mended(rule: Fault) -> bool:
    """Whether it makes a part of one message odd."""
    return isinstance(rule.action, Odd) and rule.action.item in ODD_PARTS


async def holds(owner: Owner, ran: Ran) -> None:
    """Whatever went wrong in this run."""
    told = f"{ran.value['diagnostics']} {owner.slack.faults.rules}"
    assert sum(ran.requests.values()) <= MOST_REQUESTS
    deleted = {tuple(json.loads(one["key"])) for one in await owner.records("messages", deleted=True) if one["deleted"]}
    there = {key[1:] for key in true(owner.slack.world) if key[0] == "messages"}
    assert not deleted & there, told
    if ran.status not in FINISHED:
        assert (ran.status, ran.value["error"]["code"]) in ENDED, told
        return
    names = Names(ran, owner.slack.world, owner.slack.faults.rules)
    mended = {rule.holding: rule for rule in owner.slack.faults.rules if is_mended(rule)}
    struck = {ts for ts, rule in mended.items() if rule.fired}
    read = {ts for room, ts in visible_messages(owner.slack.world) if room not in unread(ran)}
    assert not struck & read or "field_mended" in ran.codes, told
    unnamed = {
        key: pair
        for key, pair in (await difference(owner)).items()
        if not (key[-1] in mended and pair[0] is not None) and not names.holds(key, pair)
    }
    assert not unnamed, f"{unnamed} {told}"
