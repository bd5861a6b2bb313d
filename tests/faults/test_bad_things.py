"""One bad thing costs only itself: the cases of each kind that tests/e2e/test_one_bad_thing.py leaves (RS-1)."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.bad_things import (
    ANYWHERE,
    HISTORY,
    REPLIES,
    _at_once,
    healed,
    key_of,
    let_an_answer_be_odd,
    let_lists_not_end,
    let_messages_break_their_pages,
    let_replies_break_their_pages,
    standing,
    unread,
)
from e2e.conftest import _browser, collected_home, newcomer, owner, slack
from e2e.owner import Owner
from e2e.truth import difference
from fakes.slack import Fault, script
from fakes.slack.faults import ApiError
from fakes.slack.script import play

__all__ = ["_at_once", "_browser", "collected_home", "newcomer", "owner", "slack"]


@pytest.mark.requirement("RS-1.1", "RS-1.4")
@pytest.mark.parametrize("action", ["a page of HTML", "internal_error", "JSON that is cut off"])
async def test_messages_that_break_every_page_that_holds_them_are_named_and_cost_no_other(
    newcomer: Owner, action: str
) -> None:
    await let_messages_break_their_pages(newcomer, action)


@pytest.mark.requirement("RS-1.1", "RS-1.3")
async def test_replies_that_break_every_page_that_holds_them_cost_no_other_of_their_thread(newcomer: Owner) -> None:
    await let_replies_break_their_pages(newcomer, "500")


@pytest.mark.requirement("RS-1.5")
async def test_lists_in_a_circle_are_ended_and_named(newcomer: Owner) -> None:
    await let_lists_not_end(newcomer, fresh=False)


@pytest.mark.requirement("RS-1.4", "RS-1.6")
@pytest.mark.parametrize("method", ["client.counts", "client.userBoot", "conversations.genericInfo"])
@pytest.mark.parametrize(
    "bent", [{"channels": None, "ims": 5, "mpims": None}, {"channels": [None, {"id": 5}], "ims": [None]}]
)
async def test_an_odd_answer_about_all_conversations_calls_nobody_missing(
    owner: Owner, method: str, bent: dict[str, Any]
) -> None:
    await let_an_answer_be_odd(owner, method, bent)


@pytest.mark.requirement("RS-1.1")
async def test_a_message_that_only_history_breaks_at_is_read_as_the_thread_that_it_heads(newcomer: Owner) -> None:
    world = newcomer.slack.world
    for label in ("regatta", "meeting", "cardamom"):
        said = world.find(label)[1]
        newcomer.slack.faults.add(Fault(ApiError("internal_error"), method=HISTORY, holding=said.ts, times=None))
    ran = await newcomer.run()
    assert (ran.status, ran.value["exceptions"]) == ("complete", [])
    assert await difference(newcomer) == {}


@pytest.mark.requirement("RS-1.1")
async def test_messages_in_a_row_that_break_their_pages_are_each_named_the_newest_too(newcomer: Owner) -> None:
    world = newcomer.slack.world
    room = world.conversation("tides")
    talk = sorted(said.ts for said in room.messages.values() if not said.is_reply)
    broken = [talk[0], talk[4], talk[5], talk[-1]]
    newcomer.slack.faults.add(
        *(Fault(ApiError("internal_error"), method=ANYWHERE, holding=ts, times=None) for ts in broken)
    )
    ran = await newcomer.run()
    assert standing(ran) == {("record", key_of(room.id, ts), "not_answered") for ts in broken}
    assert unread(ran) == set()
    await healed(newcomer)


@pytest.mark.requirement("RS-1.3")
async def test_a_thread_that_has_gone_silent_loses_no_reply_and_none_is_called_deleted(owner: Owner) -> None:
    room, root = owner.slack.world.find("minutes")
    replies = {reply.ts for reply in room.replies(root.at)}
    owner.slack.faults.fail(REPLIES, "thread_not_found", times=None, ts=root.ts)
    play(owner.slack.world, [script.Reply("minutes", "otto", "One more thing.")])
    ran = await owner.run(full=True)
    assert standing(ran) == {("group", root.ts, "not_found")}
    assert replies <= {record["data"]["ts"] for record in await owner.records("messages")}
    await healed(owner)
