"""Every row of the table in docs/reliability.md that the fake workspace can show: its cost, its name, its healing.

Rows of one batch strike together, in the first run of a home of its own; then all heal, and one run follows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from e2e.conftest import _browser
from e2e.owner import Owner, Ran
from e2e.truth import difference
from fakes.slack import FakeSlack, scenarios, usual_port
from fakes.slack.faults import Fault
from fakes.slack.world import Workspace
from faults.slack.catalog import ROWS, SlackRow, reply_of
from faults.slack.named import standing, unread
from faults.words import Cost
from polyhost.browser.governor import Governor, GovernorLimits
from polyhost.engine.sources import connectors as sources

__all__ = ["_browser"]

pytestmark = pytest.mark.requirement("RS-1.1", "RS-1.2", "RS-1.3", "RS-1.4", "RS-1.5")
PATIENT = GovernorLimits(initial_rate=1_000.0, maximum_rate=1_000.0, backoff_base=0.01)
Keys = set[tuple[str, ...]]


@dataclass(slots=True)
class Shown:
    """What one batch came to. `fired`: how often each row's rule struck."""

    world: Workspace
    ran: Ran
    wrong: Keys
    fired: dict[str, int]
    healed: Ran
    left: Keys


_SHOWN: dict[str, Shown] = {}


@pytest.fixture
async def shown(row: SlackRow, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """The batch of this row, run when the first of its rows asks for it."""
    monkeypatch.setattr(sources, "Governor", partial(Governor, limits=PATIENT))
    if row.batch not in _SHOWN:
        rows = [one for one in ROWS if one.batch == row.batch]
        _SHOWN[row.batch] = await show(rows, Owner(*await _made(tmp_path_factory)))
    return _SHOWN[row.batch]


async def _made(factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    return FakeSlack(scenarios.small(), port=usual_port()), factory.mktemp("fault") / "home"


async def show(rows: Sequence[SlackRow], owner: Owner) -> Shown:
    """One run with all of them, one without any."""
    async with owner.slack as slack:
        if rows[0].batch.startswith("pages"):
            slack.behaviour.page_cap = 5
        await owner.connect()
        rules: dict[str, Fault] = {row.id: row.rule(slack.world) for row in rows}
        slack.faults.add(*rules.values())
        ran = await owner.run()
        wrong = set(await difference(owner))
        slack.faults.heal()
        healed = await owner.run(full=rows[0].cost is Cost.PART)
        left = set(await difference(owner))
        assert slack.violations == []
        return Shown(slack.world, ran, wrong, {of: rule.fired for of, rule in rules.items()}, healed, left)


def may_cost(row: SlackRow, world: Workspace) -> Keys:
    """All that this row may cost."""
    if row.cost is Cost.NOTHING or row.subject is None:
        return set()
    if row.cost is Cost.CONVERSATION:
        room = world.conversation(row.subject)
        return {("messages", room.id, said.ts) for said in room.messages.values()}
    room, root = world.find(row.subject)
    replies = {("messages", room.id, said.ts) for said in room.replies(root.at)}
    itself = {("messages", room.id, root.ts)}
    if row.cost is Cost.REPLY:
        return {("messages", room.id, reply_of(world, row.subject))}
    return {Cost.REPLIES: replies, Cost.PART: itself, Cost.MESSAGE: itself | replies}[row.cost]


def _itself(row: SlackRow, world: Workspace) -> tuple[str, ...]:
    room, said = world.find(row.subject or "")
    return ("messages", room.id, said.ts)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_it_costs_that_is_called_that_and_heals(row: SlackRow, shown: Shown) -> None:
    ran, rows = shown.ran, [one for one in ROWS if one.batch == row.batch]
    assert shown.fired[row.id] > 0, "it struck"
    assert ran.exit_code == max(one.exit for one in rows)
    codes = ran.codes | {ran.value.get("error", {}).get("code")} - {None}
    assert row.codes <= codes
    if row.cost is not Cost.REST:
        assert ran.codes <= {code for one in rows for code in one.codes}, "nothing else is told"
        allowed = {key for one in rows for key in may_cost(one, shown.world)}
        assert shown.wrong <= allowed, "it costs nothing else"
        if row.cost in {Cost.CONVERSATION, Cost.REPLIES, Cost.MESSAGE, Cost.REPLY}:
            assert shown.wrong & may_cost(row, shown.world), "it costs that"
    else:
        assert shown.wrong
    assert _is_named(row, shown)
    assert (shown.healed.status, shown.healed.value["exceptions"], shown.left) == ("complete", [], set())


def _is_named(row: SlackRow, shown: Shown) -> bool:
    """By its key: the thread, the conversation, the message or the one it stands beside."""
    if row.cost is Cost.CONVERSATION and row.subject is not None:
        return shown.world.conversation(row.subject).id in unread(shown.ran)
    if row.area == "thread" and row.reason is not None and row.subject is not None:
        return ("group", shown.world.find(row.subject)[1].ts, row.reason) in standing(shown.ran)
    if row.batch == "poison" and row.cost is not Cost.NOTHING and row.subject is not None:
        ((_, room_id, ts),) = may_cost(row, shown.world) if row.cost is Cost.REPLY else {_itself(row, shown.world)}
        key = json.dumps([room_id, ts], separators=(",", ":"))
        return ("record", key, row.reason) in standing(shown.ran) and room_id not in unread(shown.ran)
    if row.cost is Cost.MESSAGE and row.subject is not None:
        room, _ = shown.world.find(row.subject)
        beside = any(
            one["partition"] == room.id and one["reason"] == row.reason for one in shown.ran.value["exceptions"]
        )
        return room.id in unread(shown.ran) and (beside or row.reason is None)
    return True
