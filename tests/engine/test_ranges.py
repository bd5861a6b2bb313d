"""Which ranges the ledger takes from a run, and what it calls deleted (PR-2.4, PR-2.6; ours: docs/ledger.md)."""

from collections.abc import AsyncGenerator

import pytest

from engine.rig import Rig, message, says
from playbooks import MESSAGES, coverage, done, inventory, manifest
from polyhost.connectors.scripted import FLUSH, RESTART, Said, ScriptHost
from polyhost.engine.run import _walks as walks

CHATS = manifest(MESSAGES)


def broken(key: str, channel: object, ts: object) -> dict:
    """A record that is refused: its data is of another key."""
    return {**message(key, "", ""), "data": {"id": f"not {key}", "channel": channel, "ts": ts}}


async def stored(rig: Rig, *keys: str) -> None:
    """A first run has read C1 through, one record for each position."""
    await rig.connected(CHATS)
    records = [message(key, "C1", f"{position}.0") for position, key in enumerate(keys, start=1)]
    await rig.run(says(inventory("messages", "C1"), *records, coverage("messages", "C1", None, f"{len(keys)}.0")))


async def test_a_refused_record_is_still_stored_as_it_was_before(rig: Rig):
    """The source has it, so that it was not admitted is not a deletion."""
    await stored(rig, "a", "b", "c")
    await rig.run(says(message("a", "C1", "1.0"), broken("b", "C1", "2.0"), coverage("messages", "C1", None, "2.0")))
    assert await rig.keys("messages") == ["a", "b", "c"]


async def test_what_a_walk_did_not_see_is_deleted(rig: Rig):
    await stored(rig, "a", "b", "c")
    result = await rig.run(
        says(message("a", "C1", "1.0"), message("c", "C1", "3.0"), coverage("messages", "C1", None, "3.0"))
    )
    assert await rig.keys("messages") == ["a", "c"]
    assert result["streams"]["messages"]["deleted"] == 1


async def test_pages_that_are_claimed_in_another_order_than_they_were_read_delete_nothing(rig: Rig):
    await stored(rig, "a", "b", "c", "d")
    await rig.run(
        says(
            message("d", "C1", "4.0"),
            message("c", "C1", "3.0"),
            message("b", "C1", "2.0"),
            message("a", "C1", "1.0"),
            coverage("messages", "C1", None, "2.0"),
            coverage("messages", "C1", "2.0", "4.0"),
        )
    )
    assert await rig.keys("messages") == ["a", "b", "c", "d"]


@pytest.mark.parametrize("upwards", [False, True])
async def test_a_claim_over_pages_that_were_claimed_one_by_one_deletes_nothing_and_still_sees_the_rest(
    rig: Rig, upwards: bool
):
    """`b` lies on the edge of two pages; `e` is gone, and only the last claim reaches it."""
    await stored(rig, "a", "b", "c", "d", "e")
    low = (message("a", "C1", "1.0"), message("b", "C1", "2.0"), coverage("messages", "C1", None, "2.0"))
    high = (message("b", "C1", "2.0"), message("c", "C1", "3.0"), coverage("messages", "C1", "2.0", "3.0"))
    pages = (*low, *high) if upwards else (*high, *low)
    await rig.run(says(*pages, message("d", "C1", "4.0"), coverage("messages", "C1", None, "5.0")))
    assert await rig.keys("messages") == ["a", "b", "c", "d"]
    assert await rig.covered("C1") == [(None, "5.0")]


async def test_a_walk_too_long_to_remember_deletes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(walks, "MAX_SEEN", 2)
    await stored(rig, "a", "b", "c", "d", "e")
    await rig.run(
        says(
            *(message(key, "C1", f"{ts}.0") for key, ts in (("e", 5), ("d", 4), ("c", 3))),
            coverage("messages", "C1", "3.0", "5.0"),
            message("a", "C1", "1.0"),
            coverage("messages", "C1", None, "3.0"),
        )
    )
    assert await rig.keys("messages") == ["a", "b", "c", "d", "e"]


@pytest.mark.requirement("PR-2.6")
async def test_ranges_of_a_run_that_broke_stand_and_the_next_run_asks_for_the_rest(rig: Rig):
    """Newest first, cut off after the first page: what is left is a hole, and exactly that is wanted."""
    await rig.connected(CHATS)

    async def cut(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1")
        yield message("b", "C1", "20.0")
        yield coverage("messages", "C1", "10.0", "20.0")
        yield message("a", "C1", "5.0")

    wanted: list[tuple] = []

    async def rest(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1")
        yield FLUSH
        windows = await host.windows("messages", "C1")
        wanted.extend((w["since"], w["until"], w["purpose"]) for w in windows if w["when"] == "due")
        yield message("a", "C1", "5.0")
        yield coverage("messages", "C1", None, "10.0")
        yield message("c", "C1", "30.0")
        yield message("b", "C1", "20.0")
        yield coverage("messages", "C1", "20.0", "30.0")
        yield done(3)

    assert (await rig.run(cut))["status"] == "failed"
    assert await rig.covered("C1") == [("10.0", "20.0")]
    assert (await rig.run(rest))["status"] == "complete"
    assert ("20.0", None, "new") in wanted
    assert (None, "10.0", "backfill") in wanted
    assert await rig.covered("C1") == [(None, "30.0")]
    assert await rig.keys("messages") == ["a", "b", "c"]


@pytest.mark.requirement("PR-2.6")
async def test_a_restarted_connector_finds_in_its_state_what_it_has_read(rig: Rig):
    await rig.connected(CHATS)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        if "resume" not in host.start:
            yield inventory("messages", "C1")
            yield message("b", "C1", "20.0")
            yield coverage("messages", "C1", "10.0", "20.0")
            yield FLUSH
            yield RESTART
        yield message("a", "C1", "5.0")
        yield coverage("messages", "C1", None, "10.0")
        yield inventory("messages", "C1")
        yield done(host.start["resume"]["records_emitted"] + 1)

    assert (await rig.run(script))["status"] == "complete"
    second = rig.starts[1]["state"]["messages"]["partitions"]["C1"]
    assert [list(piece) for piece in second["covered"]] == [["10.0", "20.0"]]
    assert await rig.covered("C1") == [(None, "20.0")]


@pytest.mark.requirement("PR-2.6")
async def test_a_range_is_written_with_the_records_before_it_or_after_them(rig: Rig):
    await rig.connected(CHATS)
    await rig.run(
        says(
            message("b", "C1", "2.0"),
            coverage("messages", "C1", "1.0", "2.0"),
            message("a", "C1", "1.0"),
            coverage("messages", "C1", None, "1.0"),
        ),
        batch=1,
    )
    order = [what if what != "stored" else key for what, key in rig.log if what != "acknowledged"]
    assert order[:5] == ["b", "TombstoneAbsent", "SavePartitions", "a", "TombstoneAbsent"]


@pytest.mark.requirement("RS-4.7")
async def test_what_a_run_had_no_budget_to_look_at_again_is_counted_and_dated(rig: Rig):
    """Three conversations, one look a run: the others are named by the time of their last look."""
    once = {**MESSAGES["partition"], "refresh": {"requests_per_run": 1, "lookback_records": 10}}
    await rig.connected(manifest({**MESSAGES, "partition": once}))

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1", "C2", "C3")
        for channel in ("C1", "C2", "C3"):
            for window in await host.windows("messages", channel):
                if window["when"] == "due" and window["purpose"] != "new":
                    yield coverage("messages", channel, window["since"], window["until"] or "9.0")
            if channel not in read:
                yield coverage("messages", channel, None, "9.0")
        yield done(0)

    read: set[str] = set()
    first = await rig.run(script)
    assert first["coverage"]["messages"]["looks"]["unlooked"] == 0, "all were read for the first time"
    read |= {"C1", "C2", "C3"}
    before = {key: state.refreshed_at for key, state in (await rig.partitions()).items()}
    rig.clock.seconds += 2 * 86_400
    second = await rig.run(script)
    found = second["coverage"]["messages"]["looks"]
    assert (second["status"], found["unlooked"], found["overdue"]) == ("complete", 2, 2)
    after = {key: state.refreshed_at for key, state in (await rig.partitions()).items()}
    assert sum(after[key] != before[key] for key in after) == 1
    assert found["oldest"] == min(before.values())
