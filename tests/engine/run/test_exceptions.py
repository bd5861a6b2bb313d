"""What cannot be taken costs itself: named in the ledger, tried again in every run, gone once it is well (RS-1)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from engine.rig import Rig, message, says
from playbooks import AT, MESSAGES, coverage, delete, done, inventory, looked, manifest, record, stream, strict
from polyhost.connectors.scripted import RESTART, Said, Script, ScriptHost
from polyhost.ledger import exceptions as rules
from polyhost.ledger.exceptions import StandingException
from polyhost.ledger.state import PartitionStatus
from polyhost.store.base import SaveExceptions, SavePartitions
from store.conftest import make_home, store

__all__ = ["make_home", "store"]

PEOPLE = strict(stream("people", required=False), "text")
CHATS = manifest(strict(MESSAGES, "text"), PEOPLE)
ONCE = {**MESSAGES["partition"], "refresh": {"lookback_records": 0, "requests_per_run": 0}}
UNREFRESHED = manifest(strict({**MESSAGES, "partition": ONCE}, "text"), PEOPLE)
"""The same, and nothing is read again but what is asked for."""


@pytest.fixture
async def rig(store: Any) -> Rig:
    """A connection to a source of chats."""
    return await Rig(store).connected(CHATS)


def said(key: str, channel: str, ts: str, **over: Any) -> dict[str, Any]:
    return message(key, channel, ts, text="t", **over)


def broken(key: str, channel: object, ts: object, **over: Any) -> dict[str, Any]:
    """Its text is not a text, and it cannot do without one."""
    return {**message(key, "", ""), "data": {"id": key, "channel": channel, "ts": ts, "text": 5, **over}}


def group(ts: str, channel: str = "C1", reason: str = "not_answered") -> dict[str, Any]:
    told = {"type": "EXCEPTION", "stream": "messages", "kind": "group", "key": ts}
    return {**told, "partition": channel, "reason": reason}


async def standing(rig: Rig) -> list[StandingException]:
    return [*await rig.store.ledger.exceptions(rig.connection.id)]


async def named(rig: Rig) -> list[tuple[str, str | None, str, int]]:
    return [(one.key, one.position, str(one.reason), one.tries) for one in await standing(rig)]


def walks(source: Sequence[dict[str, Any]], channel: str = "C1", groups: Sequence[str] = ()) -> Script:
    """Walks every window it is given, over a source that is what these messages say."""

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        emitted = host.start.get("resume", {}).get("records_emitted", 0)
        yield inventory("messages", channel)
        yield looked("people")
        for window in await host.windows("messages", channel):
            since, until = window["since"], window["until"] or "99.0"
            for one in source:
                at = one["data"].get("thread") or one["data"]["ts"]
                if (since is None or float(since) <= float(at)) and float(at) <= float(until):
                    emitted += 1
                    yield one
            yield coverage("messages", channel, since, until, groups=list(groups))
        yield done(emitted)

    return script


SOUND = [said("c", "C1", "3.0"), said("b", "C1", "2.0"), said("a", "C1", "1.0")]
SICK = [said("c", "C1", "3.0"), broken("b", "C1", "2.0"), said("a", "C1", "1.0")]


@pytest.mark.requirement("RS-1.1")
@pytest.mark.parametrize("batch", [1, 2, 100])
async def test_a_refused_record_costs_itself_and_what_lies_around_it_is_proven(rig: Rig, batch: int):
    result = await rig.run(walks(SICK), batch=batch)
    assert await rig.keys("messages") == ["a", "c"]
    assert await rig.covered("C1") == [(None, "99.0")]
    assert result["status"] == "complete_with_gaps"
    assert rig.codes(result) == [("invalid_record", "messages"), ("record_exception", "messages")]
    told = result["diagnostics"][1]
    assert (told["keys"], told["partitions"], told["total"]) == (["b"], ["C1"], 1)
    [shown] = result["exceptions"]
    expected = {"stream": "messages", "kind": "record", "partition": "C1", "key": "b", "position": "2.0", "tries": 1}
    assert {name: shown[name] for name in expected} == expected
    assert (shown["reason"], shown["detail"], shown["set_aside"]) == ("invalid", "type at /text", None)
    assert shown["since"] == shown["last_tried"]


@pytest.mark.requirement("RS-1.1")
async def test_every_run_asks_for_it_again_and_for_nothing_else_until_it_is_well(rig: Rig):
    """With its first look at it, and how often it was tried."""
    await rig.run(walks(SICK))
    [first] = await standing(rig)
    asked: list[list[tuple[Any, ...]]] = []

    def watched(source: Sequence[dict[str, Any]]) -> Script:
        async def script(host: ScriptHost) -> AsyncGenerator[Said]:
            shown = await host.windows("messages", "C1")
            asked.append([(one["since"], one["until"], one["deep"]) for one in shown if one["purpose"] == "retry"])
            async for one in walks(source)(host):
                yield one

        return script

    rig.manifest = UNREFRESHED
    again = await rig.run(watched(SICK))
    assert (await named(rig), rig.codes(again)[-1][0]) == ([("b", "2.0", "invalid", 2)], "record_exception")
    [tried] = await standing(rig)
    assert (tried.since, tried.last_tried > first.last_tried) == (first.since, True)
    healed = await rig.run(watched(SOUND))
    assert (await standing(rig), healed["status"], healed["exceptions"]) == ([], "complete", [])
    assert await rig.keys("messages") == ["a", "b", "c"]
    await rig.run(watched(SOUND))
    assert asked == [[("2.0", "2.0", False)], [("2.0", "2.0", False)], []]


@pytest.mark.requirement("RS-1.1")
async def test_one_whose_place_is_proven_to_be_empty_is_gone(rig: Rig):
    await rig.run(walks(SICK))
    result = await rig.run(walks([said("c", "C1", "3.0"), said("a", "C1", "1.0")]))
    assert (await standing(rig), result["status"]) == ([], "complete")


async def test_one_that_is_deleted_is_gone(rig: Rig):
    await rig.run(walks(SICK))
    await rig.run(says(inventory("messages", "C1"), delete("messages", "b")))
    assert await standing(rig) == []


async def test_well_formed_right_after_it_never_stands(rig: Rig):
    await rig.run(says(inventory("messages", "C1"), broken("b", "C1", "2.0"), said("b", "C1", "2.0")), batch=9)
    assert (await standing(rig), await rig.keys("messages")) == ([], ["b"])


async def test_what_was_stored_of_it_before_stays_and_stands_out_as_it_is_now(rig: Rig):
    await rig.run(walks(SOUND))
    await rig.run(walks(SICK), full=True)
    assert (await rig.keys("messages"), await named(rig)) == (["a", "b", "c"], [("b", "2.0", "invalid", 1)])


@pytest.mark.parametrize(
    ("odd", "position"),
    [
        (broken("b", "C1", "soon"), None),
        (broken("b", None, "2.0"), None),
        (broken("b", "C1", None), None),
        ({**said("b", "C1", "2.0"), "key": "other"}, "2.0"),
    ],
)
async def test_one_whose_place_cannot_be_read_is_named_by_its_key_alone(rig: Rig, odd: dict[str, Any], position: Any):
    await rig.run(
        says(inventory("messages", "C1"), odd, said("a", "C1", "1.0"), coverage("messages", "C1", None, "9.0"))
    )
    [one] = await standing(rig)
    assert (one.key, one.position) == (odd["key"], position)
    assert await rig.covered("C1") == [(None, "9.0")]


async def test_one_that_moves_is_one_still(rig: Rig):
    await rig.run(says(inventory("messages", "C1", "C2"), broken("b", None, "2.0")))
    await rig.run(says(inventory("messages", "C1", "C2"), broken("b", "C2", "5.0")))
    [one] = await standing(rig)
    assert (one.partition, one.position, one.tries) == ("C2", "5.0", 2)


@pytest.mark.requirement("RS-1.1")
async def test_one_of_a_stream_without_partitions_is_handed_back_by_its_key(rig: Rig):
    await rig.run(says(inventory("messages"), record("people", "p1", {"text": 5})))
    due: list[Any] = []

    async def looks_it_up(host: ScriptHost) -> AsyncGenerator[Said]:
        due.extend(await host.due_exceptions("people"))
        yield inventory("messages")
        yield record("people", "p1", {"text": "well"})
        yield done(1)

    assert (await rig.run(looks_it_up))["status"] == "complete"
    assert [(one["kind"], one["key"], one["partition"], one["tries"]) for one in due] == [("record", "p1", None, 1)]
    assert await standing(rig) == []


# ------------------------------------------------------------------ groups

HEAD = said("h", "C1", "2.0")
REPLY = said("r", "C1", "2.5", thread="2.0")


@pytest.mark.requirement("RS-1.3")
async def test_a_group_that_cannot_be_read_costs_itself_until_it_is_read(rig: Rig):
    read = coverage("messages", "C1", None, "99.0")
    failing = says(inventory("messages", "C1"), looked("people"), HEAD, group("2.0"), read)
    result = await rig.run(failing)
    assert rig.codes(result) == [("group_exception", "messages")]
    assert (result["diagnostics"][0]["keys"], result["diagnostics"][0]["partitions"]) == (["2.0"], ["C1"])
    shallow = says(inventory("messages", "C1"), looked("people"), HEAD, read)
    assert rig.codes(await rig.run(shallow)) == [("group_exception", "messages")], "its head alone says nothing of it"
    assert (await rig.run(walks([HEAD, REPLY], groups=["2.0"])))["status"] == "complete"
    assert (await standing(rig), await rig.keys("messages")) == ([], ["h", "r"])


@pytest.mark.requirement("RS-1.3")
async def test_members_of_a_group_that_cannot_be_read_are_not_taken_for_gone(rig: Rig):
    await rig.run(walks([HEAD, REPLY], groups=["2.0"]))
    await rig.run(says(inventory("messages", "C1"), HEAD, group("2.0"), coverage("messages", "C1", None, "99.0")))
    assert await rig.keys("messages") == ["h", "r"]


@pytest.mark.requirement("RS-1.3")
async def test_a_group_whose_head_is_gone_is_gone(rig: Rig):
    await rig.run(says(inventory("messages", "C1"), HEAD, group("2.0"), coverage("messages", "C1", None, "99.0")))
    await rig.run(walks([said("a", "C1", "1.0")]))
    assert await standing(rig) == []


@pytest.mark.requirement("RS-1.3")
async def test_a_member_that_cannot_be_taken_waits_for_its_group_to_be_read(rig: Rig):
    sick = broken("r", "C1", "2.5", thread="2.0")
    await rig.run(
        says(inventory("messages", "C1"), HEAD, sick, coverage("messages", "C1", None, "99.0", groups=["2.0"]))
    )
    assert await named(rig) == [("r", "2.0", "invalid", 1)]
    await rig.run(says(inventory("messages", "C1"), HEAD, coverage("messages", "C1", None, "99.0")))
    assert len(await standing(rig)) == 1
    await rig.run(walks([HEAD], groups=["2.0"]))
    assert await standing(rig) == []


# ------------------------------------------------------------------ what it does not touch


async def test_a_scoped_run_names_those_of_its_scope_and_heals_those_alone(rig: Rig):
    both = (broken("b", "C1", "2.0"), broken("d", "C2", "2.0"))
    await rig.run(says(inventory("messages", "C1", "C2"), *both))
    scoped = await rig.run(walks(SOUND), {"streams": ["messages"], "resources": {"messages": ["C1"]}})
    assert [one["key"] for one in scoped["exceptions"]] == []
    assert await named(rig) == [("d", "2.0", "invalid", 1)]
    assert [one["key"] for one in (await rig.run(says(inventory("messages", "C1", "C2"))))["exceptions"]] == ["d"]


async def test_a_run_that_keeps_only_some_fields_heals_nothing(rig: Rig):
    await rig.run(walks(SICK))
    await rig.run(walks(SOUND), {"fields": {"messages": ["at"]}})
    assert len(await standing(rig)) == 1


async def test_one_of_a_partition_that_its_owner_let_go_is_named_no_more_and_stays(rig: Rig):
    await rig.run(walks(SICK))
    [state] = (await rig.partitions()).values()
    retired = [SavePartitions([_with(state, status=PartitionStatus.RETIRED)])]
    await rig.store.write(rig.connection.id, None, retired)
    result = await rig.run(says(inventory("messages", "C1")))
    assert (result["exceptions"], len(await standing(rig))) == ([], 1)


def _with(state: Any, **changes: Any) -> Any:
    from dataclasses import replace  # noqa: PLC0415

    return replace(state, **changes)


async def test_one_that_is_set_aside_makes_no_gap_and_is_not_tried_on_purpose(rig: Rig):
    await rig.run(walks(SICK))
    [one] = await standing(rig)
    aside = rules.set_aside(one, reason="A bot wrote it", at=AT)
    await rig.store.write(rig.connection.id, None, [SaveExceptions([aside])])
    asked: list[str] = []

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1")
        asked.extend(window["purpose"] for window in await host.windows("messages", "C1"))
        yield looked("people")
        yield done(0)

    result = await rig.run(script)
    assert (result["status"], [shown["set_aside"] for shown in result["exceptions"]]) == (
        "complete",
        [{"at": AT, "reason": "A bot wrote it"}],
    )
    assert "retry" not in asked
    await rig.run(walks(SOUND), full=True)
    assert await standing(rig) == [], "it heals by itself all the same"


# ------------------------------------------------------------------ bounds, restarts, death


async def test_more_than_are_kept_leave_their_stream_unproven(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules, "MAX_STANDING", 2)
    sick = [broken(key, "C1", f"{ts}.0") for ts, key in enumerate("abc", start=1)]
    result = await rig.run(says(inventory("messages", "C1"), *sick, coverage("messages", "C1", None, "9.0")))
    assert (len(await standing(rig)), await rig.covered("C1")) == (2, [])
    assert "range_unproven" in {code for code, _ in rig.codes(result)}


async def test_a_run_tries_as_many_as_its_budget_allows_and_the_others_next(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    """Groups, so that each takes a window of its own."""
    monkeypatch.setattr(rules, "RETRY_REQUESTS", 4)
    heads = [said(f"h{at}", "C1", f"{at}.0") for at in range(1, 6)]
    failing = [group(f"{at}.0") for at in range(1, 6)]
    rig.manifest = UNREFRESHED
    await rig.run(says(inventory("messages", "C1"), *heads, *failing, coverage("messages", "C1", None, "9.0")))
    tried: list[list[str]] = []

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1")
        wanted = [one["since"] for one in await host.windows("messages", "C1") if one["purpose"] == "retry"]
        tried.append(wanted)
        for at in wanted:
            yield said(f"h{at[0]}", "C1", at)
            yield group(at)
            yield coverage("messages", "C1", at, at)
        yield done(len(wanted))

    for _ in range(3):
        await rig.run(script)
    assert [len(wanted) for wanted in tried] == [2, 2, 2]
    assert {at for wanted in tried for at in wanted} == {f"{at}.0" for at in range(1, 6)}


async def test_a_restart_asks_only_for_what_was_not_tried_yet(rig: Rig):
    await rig.run(walks(SICK))
    rig.manifest = UNREFRESHED
    asked: list[list[str]] = []

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1")
        asked.append([one["purpose"] for one in await host.windows("messages", "C1") if one["purpose"] == "retry"])
        if len(asked) == 1:
            yield broken("b", "C1", "2.0")
            yield RESTART
        yield done(1)

    await rig.run(script, batch=1)
    assert asked == [["retry"], []]
    assert await named(rig) == [("b", "2.0", "invalid", 2)]


async def test_it_is_written_before_the_range_it_stands_out_of(rig: Rig):
    """A process that dies in between leaves a name too many, and never a range that says too much."""
    await rig.run(walks(SICK), batch=1)
    kinds = [what for what, _ in rig.log if what in ("SaveExceptions", "SavePartitions")]
    assert kinds.index("SaveExceptions") < len(kinds) - 1
    assert kinds[-1] == "SavePartitions"


# ------------------------------------------------------------------ found by chaos (tests/faults)


@pytest.mark.requirement("RS-1.1")
async def test_one_without_a_partition_is_not_taken_for_gone_where_the_run_was_asked_for_some(rig: Rig):
    """Nobody can say that it belongs to a resource which nobody asked for."""
    await rig.run(walks(SOUND))
    lost = [said("c", "C1", "3.0"), broken("b", None, "2.0"), said("a", "C1", "1.0")]
    result = await rig.run(walks(lost), {"streams": ["messages"], "resources": {"messages": ["C1"]}}, full=True)
    assert await rig.keys("messages") == ["a", "b", "c"]
    assert [(one["key"], one["partition"]) for one in result["exceptions"]] == [("b", None)]


@pytest.mark.requirement("RS-1.1")
@pytest.mark.parametrize("place", [("C1", "soon"), (None, "2.0")])
async def test_one_without_a_place_is_gone_once_all_it_may_lie_in_was_read_without_it(rig: Rig, place: Any):
    lost = (said("c", "C1", "3.0"), broken("b", *place), said("a", "C1", "1.0"))
    await rig.run(says(inventory("messages", "C1"), looked("people"), *lost, coverage("messages", "C1", None, "99.0")))
    rig.manifest = UNREFRESHED
    without = [said("c", "C1", "3.0"), said("a", "C1", "1.0")]
    partly = await rig.run(walks(without))
    assert [one["key"] for one in partly["exceptions"]] == ["b"], "a part of it was read"
    whole = await rig.run(walks(without), full=True)
    assert (await standing(rig), whole["status"]) == ([], "complete")


@pytest.mark.requirement("RS-1.1")
async def test_one_without_a_place_stays_where_not_everything_was_read(rig: Rig):
    await rig.run(walks([broken("b", None, "2.0")]))
    await rig.run(says(inventory("messages", "C1", "C2")))
    await rig.run(walks([]), {"streams": ["messages"], "resources": {"messages": ["C1"]}}, full=True)
    assert await named(rig) == [("b", None, "invalid", 1)]


@pytest.mark.requirement("RS-1.3")
async def test_members_of_a_head_that_was_never_taken_go_with_it(rig: Rig):
    sick = broken("h", "C1", "2.0")
    await rig.run(walks([sick, REPLY], groups=["2.0"]))
    assert await rig.keys("messages") == ["r"]
    await rig.run(walks([]))
    assert (await rig.keys("messages"), await standing(rig)) == ([], [])
