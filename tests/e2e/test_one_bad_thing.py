"""One bad thing costs only itself: a record, a thread, a conversation, a list. It is named, and heals with its source.

Provenance: RS-1; public reports of tools that lost a workspace to one message.
"""

from __future__ import annotations

from typing import Any

import pytest

from e2e.bad_things import (
    HISTORY,
    MEMBERS,
    REPLIES,
    _at_once,
    healed,
    let_an_answer_be_odd,
    let_lists_not_end,
    let_messages_break_their_pages,
    let_replies_break_their_pages,
    standing,
    unread,
)
from e2e.owner import Owner
from e2e.truth import difference
from fakes.slack import Fault, script
from fakes.slack.faults import ApiError, Circle, HtmlBody, HttpStatus, Odd
from fakes.slack.script import play

__all__ = ["_at_once"]

ODD_PARTS: dict[str, Odd] = {
    "timetable": Odd(item={"files": [None], "reactions": None}),
    "timetable-file": Odd(item={"files": [{"id": "F1", "created": 1795161602.5, "name": "a.txt"}, {"id": 5}]}),
    "minutes": Odd(item={"thread_ts": None, "username": 5}),
    "storm": Odd(item={"latest_reply": 17, "reply_count": "six", "reply_users": None}),
    "rolls": Odd(item={"user": {"id": "U1"}, "blocks": {}, "attachments": [None]}),
    "meeting": Odd(item={"text": None, "edited": "yesterday", "team": [], "subtype": None}),
}
"""Messages that come with a part in a shape nobody expected: each is kept without that part."""
ODD_MESSAGES: dict[str, Odd] = {
    "cardamom": Odd(item={"ts": 1789967200.274422}),
    "sourdough": Odd(instead=None),
    "regatta": Odd(item={"thread_ts": ["1.0"], "subtype": "thread_broadcast"}),
}
"""Messages whose place cannot be told."""


@pytest.mark.requirement("RS-1.1", "RS-1.2")
async def test_an_odd_part_costs_itself_and_an_odd_message_costs_itself(newcomer: Owner) -> None:
    world = newcomer.slack.world
    for label, odd in {**ODD_PARTS, **ODD_MESSAGES}.items():
        newcomer.slack.faults.add(Fault(odd, method=HISTORY, holding=world.find(label)[1].ts, times=None))
    ran = await newcomer.run()
    assert (ran.status, ran.exit_code) == ("complete_with_gaps", 3)
    assert ran.codes == {"field_mended", "record_exception", "invalid_record", "range_unproven"}
    assert unread(ran) == {world.find(label)[0].id for label in ("cardamom", "sourdough")}
    assert ran.value["streams"]["messages"]["mended"] == len(ODD_PARTS)
    assert {key.rpartition('"')[0].rpartition('"')[2] for _, key, _ in standing(ran)} == {
        world.find("regatta")[1].ts,
        *(f"beside {above(newcomer, label)}" for label in ("cardamom", "sourdough")),
    }
    wrong = {key[-1] for key in await difference(newcomer)}
    mended = {world.find(label)[1].ts for label in ODD_PARTS}
    lost = [(room, said) for room, said in map(world.find, ODD_MESSAGES)]
    assert wrong <= mended | {one.ts for room, said in lost for one in (said, *room.replies(said.at))}
    texts = {record["data"]["ts"]: record["data"]["text"] for record in await newcomer.records("messages")}
    assert all(texts[world.find(label)[1].ts] == world.find(label)[1].text for label in ODD_PARTS if label != "meeting")

    again = await newcomer.run()
    assert standing(again) == standing(ran)
    assert again.value["exceptions"][0]["tries"] == 2
    await healed(newcomer)


def above(owner: Owner, label: str) -> str:
    """The timestamp of the message that history shows before this one."""
    room, said = owner.slack.world.find(label)
    after = [at for at in room.timeline if at > said.at]
    return room.messages[after[0]].ts


@pytest.mark.requirement("RS-1.3")
async def test_a_thread_that_cannot_be_read_costs_itself_and_is_named_until_it_answers(newcomer: Owner) -> None:
    world, faults = newcomer.slack.world, newcomer.slack.faults
    actions: dict[str, tuple[Any, str]] = {
        "minutes": (HttpStatus(500), "not_answered"),
        "storm": (HtmlBody(200), "unreadable"),
        "rolls": (ApiError("internal_error"), "not_answered"),
        "cardamom": (ApiError("thread_not_found"), "not_found"),
        "over": (Circle(), "unfinished"),
        "hasty": (ApiError("access_denied"), "refused"),
    }
    roots = {label: world.find(label)[1].ts for label in actions}
    for label, (action, _) in actions.items():
        faults.add(Fault(action, method=REPLIES, where={"ts": roots[label]}, times=None))
    small = world.find("sourdough")[1].ts
    faults.add(Fault(HttpStatus(500), method=REPLIES, where={"ts": small}, over=10, times=None))
    named = {("group", roots[label], reason) for label, (_, reason) in actions.items()}

    for deleted in (1, 0):  # a head that was deleted before it was ever read comes with its replies
        ran = await newcomer.run()
        assert ran.status == "complete_with_gaps"
        assert standing(ran) == named
        assert ran.codes == {"group_exception"}
        assert ran.counts("messages")[2] == deleted
        lost = {ts for _, _, ts in await difference(newcomer)}
        replies = {reply.ts for label in actions for reply in world.find(label)[0].replies(world.find(label)[1].at)}
        assert lost <= replies
    assert {view["extent"] for view in (await newcomer.partitions()).values()} == {"complete"}
    await healed(newcomer)


@pytest.mark.requirement("RS-1.4")
async def test_broken_conversations_cost_themselves_wherever_they_stand(newcomer: Owner) -> None:
    world, faults = newcomer.slack.world, newcomer.slack.faults
    rooms = sorted(room.id for room in world.conversations.values())
    broken = dict(
        zip(
            rooms[:5],
            (HttpStatus(500), HtmlBody(200), ApiError("fatal_error"), HttpStatus(403), Odd(answer={"messages": None})),
            strict=True,
        )
    )
    for room, action in broken.items():
        faults.add(Fault(action, method=HISTORY, where={"channel": room}, times=None))
    for _ in range(2):
        ran = await newcomer.run()
        assert ran.status == "complete_with_gaps"
        assert ran.counts("messages")[2] == 0
        assert unread(ran) == set(broken)
        assert {channel for _, channel, _ in await difference(newcomer)} == set(broken)
    await healed(newcomer)


@pytest.mark.requirement("RS-1.4")
async def test_a_site_that_is_down_is_told_from_that_by_asking_it(owner: Owner) -> None:
    play(owner.slack.world, [script.Post(room, "otto", "Fog.") for room in ("harbour", "kitchen", "tides")])
    owner.slack.faults.add(Fault(HttpStatus(503), times=None, after=3))
    ran = await owner.run()
    assert (ran.status, ran.value["error"]["code"]) == ("failed", "source_unavailable")
    assert sum(ran.requests.values()) < 60
    await healed(owner)


@pytest.mark.requirement("RS-1.4")
async def test_a_refusal_of_one_thing_signs_nobody_out(owner: Owner) -> None:
    world = owner.slack.world
    play(world, [script.Post("harbour", "otto", "Fog."), script.Post("kitchen", "lena", "Rolls.")])
    kitchen = world.conversation("kitchen").id
    owner.slack.faults.fail(HISTORY, "invalid_auth", times=None, channel=kitchen)
    ran = await owner.run()
    assert (ran.status, unread(ran)) == ("complete_with_gaps", {kitchen})
    await healed(owner)


@pytest.mark.requirement("RS-1.1", "RS-1.4")
async def test_a_user_and_a_channel_that_are_odd_or_not_answered_cost_themselves(newcomer: Owner) -> None:
    world, faults = newcomer.slack.world, newcomer.slack.faults
    kitchen, otto = world.conversation("kitchen").id, world.user("otto").id
    faults.add(
        Fault(
            Odd(item={"name": 5, "topic": "rye", "created": "then"}),
            method="*",
            holding=kitchen,
            times=None,
        ),
        Fault(Odd(instead=None), method=MEMBERS, holding=otto, times=None),
        Fault(HttpStatus(500), method="users.info", where={"user": otto}, times=None),
    )
    for _ in range(2):
        ran = await newcomer.run()
        assert ran.status == "complete_with_gaps"
        assert ("record", otto, "not_answered") in standing(ran)
        assert {key[:2] for key in await difference(newcomer)} == {("channels", kitchen), ("users", otto)}
    await healed(newcomer)


@pytest.mark.requirement("RS-1.1", "RS-1.4")
async def test_messages_that_break_every_page_that_holds_them_are_named_and_cost_no_other(newcomer: Owner) -> None:
    await let_messages_break_their_pages(newcomer, "500")


@pytest.mark.requirement("RS-1.1", "RS-1.3")
async def test_replies_that_break_every_page_that_holds_them_cost_no_other_of_their_thread(newcomer: Owner) -> None:
    await let_replies_break_their_pages(newcomer, "JSON that is cut off")


@pytest.mark.requirement("RS-1.5")
async def test_lists_that_do_not_end_are_ended_and_named(newcomer: Owner) -> None:
    await let_lists_not_end(newcomer, fresh=True)


@pytest.mark.requirement("RS-1.4", "RS-1.6")
async def test_an_odd_answer_about_all_conversations_calls_nobody_missing(owner: Owner) -> None:
    await let_an_answer_be_odd(owner, "client.counts", {"channels": [None, {"id": 5}], "ims": [None]})
