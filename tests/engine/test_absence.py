"""What may be called deleted, and what may be called read, in the odd cases (ours: docs/ledger.md, "Missing"; PR-2.6).

Each of these was a doubt first: a way in which a record could be taken for gone although the source has it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from engine.rig import Rig, message, says
from playbooks import MESSAGES, coverage, delete, done, inventory, manifest
from polyhost.connectors.scripted import FLUSH, RESTART, Said, ScriptHost
from polyhost.engine.run import _walks as walks

CHATS = manifest(MESSAGES)


async def threads(rig: Rig) -> None:
    """A first run has read C1: a plain message, and a head with two members."""
    await rig.connected(CHATS)
    await rig.run(
        says(
            inventory("messages", "C1"),
            message("a", "C1", "1.0"),
            message("head", "C1", "5.0", thread="5.0"),
            message("one", "C1", "6.0", thread="5.0"),
            message("two", "C1", "7.0", thread="5.0"),
            coverage("messages", "C1", None, "9.0", groups=["5.0"]),
        )
    )
    assert await rig.keys("messages") == ["a", "head", "one", "two"]


def gone(key: str, ts: str, thread: str) -> Said:
    """A delete as a connector says it that still knows what it speaks of."""
    return delete("messages", key, {"id": key, "channel": "C1", "ts": ts, "thread": thread})


@pytest.mark.parametrize("bare", [False, True])
async def test_a_head_that_is_called_deleted_does_not_take_members_along_that_were_not_read(rig: Rig, bare: bool):
    """Slack: a deleted root stays as a tombstone while it has replies; a shallow walk sees it and reads no thread."""
    await threads(rig)
    said = delete("messages", "head") if bare else gone("head", "5.0", "5.0")
    for _ in range(2):  # the second time the head is stored as deleted already
        await rig.run(says(message("a", "C1", "1.0"), said, coverage("messages", "C1", None, "9.0")))
        assert await rig.keys("messages") == ["a", "one", "two"]


async def test_of_a_deleted_head_the_members_are_judged_once_they_were_read(rig: Rig):
    await threads(rig)
    await rig.run(
        says(
            message("a", "C1", "1.0"),
            gone("head", "5.0", "5.0"),
            message("two", "C1", "7.0", thread="5.0"),
            coverage("messages", "C1", None, "9.0", groups=["5.0"]),
        )
    )
    assert await rig.keys("messages") == ["a", "two"]


async def test_a_head_that_is_not_there_any_more_takes_its_members_along(rig: Rig):
    await threads(rig)
    await rig.run(says(message("a", "C1", "1.0"), coverage("messages", "C1", None, "9.0")))
    assert await rig.keys("messages") == ["a"]


async def test_members_of_a_group_that_was_not_read_stay(rig: Rig):
    await threads(rig)
    shallow = (message("a", "C1", "1.0"), message("head", "C1", "5.0", thread="5.0"))
    await rig.run(says(*shallow, coverage("messages", "C1", None, "9.0")))
    assert await rig.keys("messages") == ["a", "head", "one", "two"]


async def test_more_deletes_than_can_be_remembered_end_the_judging_of_absence(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    await threads(rig)
    monkeypatch.setattr(walks, "MAX_SEEN", 2)
    many = [delete("messages", f"never{number}") for number in range(4)]
    await rig.run(says(*many, coverage("messages", "C1", None, "9.0")))
    assert await rig.keys("messages") == ["a", "head", "one", "two"]


@pytest.mark.requirement("PR-2.6")
async def test_a_page_that_is_read_again_after_a_restart_deletes_only_what_neither_reading_saw(rig: Rig):
    await threads(rig)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        if "resume" not in host.start:
            yield message("head", "C1", "5.0", thread="5.0")
            yield message("one", "C1", "6.0", thread="5.0")
            yield FLUSH
            yield RESTART
        yield message("head", "C1", "5.0", thread="5.0")
        yield message("two", "C1", "7.0", thread="5.0")
        yield coverage("messages", "C1", "5.0", "9.0", groups=["5.0"])
        yield coverage("messages", "C1", None, "5.0")
        yield done(host.start["resume"]["records_emitted"] + 2)

    await rig.run(script)
    assert await rig.keys("messages") == ["head", "one", "two"]


@pytest.mark.requirement("PR-2.6")
async def test_partitions_that_are_read_at_the_same_time_are_judged_apart(rig: Rig):
    """Keys, pages and claims of two partitions in turns; equal positions in both."""
    await rig.connected(CHATS)
    both = [message(f"{room}{number}", room, f"{number}.0") for number in (3, 2, 1) for room in ("C1", "C2")]
    claims = (coverage("messages", "C2", None, "3.0"), coverage("messages", "C1", None, "3.0"))
    await rig.run(says(inventory("messages", "C1", "C2"), *both, *claims))
    mixed = [record for record in both if record["key"] != "C22"]
    await rig.run(
        says(
            *mixed[:2],
            coverage("messages", "C1", "3.0", "3.0"),
            *mixed[2:],
            coverage("messages", "C2", "2.0", "3.0"),
            coverage("messages", "C1", "2.0", "3.0"),
            coverage("messages", "C1", None, "2.0"),
            coverage("messages", "C2", None, "2.0"),
        )
    )
    assert sorted(await rig.keys("messages")) == ["C11", "C12", "C13", "C21", "C23"]


@pytest.mark.requirement("PR-1.5")
@pytest.mark.parametrize("limit", ["8.0", "9.5"])
async def test_what_a_horizon_hides_is_not_deleted(rig: Rig, limit: str):
    """A source that hides everything says so with a horizon above all it was asked for."""
    await threads(rig)
    result = await rig.run(says(coverage("messages", "C1", None, "9.0", limited_before=limit)))
    assert await rig.keys("messages") == ["a", "head", "one", "two"]
    assert ("source_limited", "messages") in rig.codes(result)


@pytest.mark.requirement("PR-2.3", "PR-1.5")
async def test_a_partition_that_the_source_hides_from_the_first_is_limited_and_no_gap(rig: Rig):
    """Nothing of it can be read. What is hidden is asked for again as part of the re-reading, within its budget: there
    is not another way to learn that it is hidden no longer."""
    await rig.connected(CHATS)
    hidden = coverage("messages", "C1", None, "9.0", limited_before="9.1")
    result = await rig.run(says(inventory("messages", "C1"), hidden))
    assert rig.codes(result) == [("source_limited", "messages")]
    assert result["receipt"]["completeness"]["claim"] == "partial"
    wanted: list[tuple[str | None, str | None, str]] = []

    async def later(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1")
        yield FLUSH
        wanted.extend((w["since"], w["until"], w["purpose"]) for w in await host.windows("messages", "C1"))
        yield message("new", "C1", "12.0")
        yield coverage("messages", "C1", "9.1", "12.0", limited_before="12.0")
        yield done(1)

    await rig.run(later)
    assert wanted == [("9.1", None, "new"), (None, "9.1", "refresh")]
    assert await rig.covered("C1") == [("12.0", "12.0")]
    state = (await rig.partitions())["C1"]
    assert (state.limited_before, state.high_water) == ("12.0", "12.0")


@pytest.mark.requirement("PR-2.6")
async def test_a_full_run_that_breaks_off_deletes_nothing_below_where_it_came_to(rig: Rig):
    await threads(rig)

    async def cut(host: ScriptHost) -> AsyncGenerator[Said]:
        yield coverage("messages", "C1", "6.0", "9.0")
        yield message("head", "C1", "5.0", thread="5.0")

    result = await rig.run(cut, full=True)
    assert result["status"] == "failed"
    assert await rig.keys("messages") == ["a", "head", "one", "two"]


@pytest.mark.requirement("PR-2.7")
async def test_a_run_over_some_time_calls_nothing_deleted_outside_of_it(rig: Rig):
    """Both are gone, as far as the claims say; but the second one reaches below what the run may see."""
    timed = {**MESSAGES, "consent_time_field": "at"}
    await rig.connected(manifest(timed))
    early = message("a", "C1", "1700000001.0", at="2023-11-14T22:13:21Z")
    late = message("b", "C1", "1700000005.0", at="2023-11-14T22:13:25Z")
    await rig.run(says(inventory("messages", "C1"), early, late, coverage("messages", "C1", None, "1700000009.0")))
    await rig.run(
        says(
            coverage("messages", "C1", "1700000004.0", "1700000009.0"),
            coverage("messages", "C1", None, "1700000004.0"),
            inventory("messages", "C1"),
        ),
        {"time_range": {"since": "2023-11-14T22:13:24Z"}},
    )
    assert await rig.keys("messages") == ["a"]


@pytest.mark.parametrize("data", [{"channel": "C2", "ts": "1.0"}, {"channel": None, "ts": "2.0"}, {"channel": "C1"}])
async def test_a_record_that_was_refused_is_not_gone_wherever_it_is_stored(rig: Rig, data: dict[str, str | None]):
    """It moved, or nobody can say any more where it belongs. Its key came by: the source has it."""
    await rig.connected(CHATS)
    first = (message("a", "C1", "1.0"), message("b", "C1", "2.0"))
    await rig.run(says(inventory("messages", "C1"), *first, coverage("messages", "C1", None, "9.0")))
    broken = {**message("b", "", ""), "data": {"id": "b", "text": 5, **data}}
    await rig.run(
        says(
            broken,
            coverage("messages", "C1", "5.0", "9.0"),
            message("a", "C1", "1.0"),
            coverage("messages", "C1", None, "5.0"),
        )
    )
    assert await rig.covered("C1") == [(None, "9.0")]
    assert await rig.keys("messages") == ["a", "b"]
