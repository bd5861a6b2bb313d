"""A narrowed run holds its boundary all the way into the store, and moves nothing outside it (PR-2.7, PR-3)."""

import pytest

from engine.rig import Rig, message, says
from playbooks import MESSAGES, coverage, delete, inventory, manifest, record, state, stream
from polyhost.connectors.scripted import FLUSH

FOLDERS = manifest(stream("notes", selection={"fields": True, "resources": True, "resource_field": "text"}))
CHATS = manifest(MESSAGES)


@pytest.mark.requirement("PR-3.1", "PR-3.3", "PR-3.4", "PR-3.5")
async def test_what_is_outside_is_not_stored_is_counted_and_reported_and_the_run_goes_on(rig: Rig):
    await rig.connected(FOLDERS)
    result = await rig.run(
        says(
            record("notes", "n1", {"text": "other"}),
            record("notes", "n2", {"text": "A"}),
            record("notes", "n3", {"text": "B"}),
            record("notes", "n4", {"text": "A"}),
        ),
        {"resources": {"notes": ["n1", "A"]}},
    )
    assert rig.starts[0]["scope"] == {"streams": [{"name": "notes", "resources": ["n1", "A"]}]}
    assert await rig.keys("notes") == ["n1", "n2", "n4"]
    assert result["streams"]["notes"]["rejected"] == 1
    assert ("out_of_scope_record", "notes") in rig.codes(result)
    assert result["receipt"]["counts"]["skipped"] == 1


@pytest.mark.requirement("PR-3.7")
async def test_a_time_range_is_half_open_and_a_record_outside_it_is_not_stored(rig: Rig):
    await rig.connected(manifest(stream("notes")))
    times = {"before": "2026-01-01T11:59:59.999Z", "first": "2026-01-01T14:00:00+02:00", "last": "2026-01-02T00:00:00Z"}
    await rig.run(
        says(*(record("notes", key, {"at": at}) for key, at in times.items())),
        {"time_range": {"since": "2026-01-01T12:00:00Z", "until": "2026-01-02T00:00:00Z"}},
    )
    assert await rig.keys("notes") == ["first"]


@pytest.mark.requirement("PR-3.7")
async def test_fields_that_were_not_asked_for_are_not_stored(rig: Rig):
    await rig.connected(manifest(stream("notes")))
    await rig.run(
        says(record("notes", "n1", {"text": "private", "at": "2026-01-01T00:00:00Z"})), {"fields": {"notes": ["at"]}}
    )
    assert await rig.data("notes") == {"n1": {"id": "n1", "at": "2026-01-01T00:00:00Z"}}


@pytest.mark.requirement("PR-3.7")
async def test_a_projected_run_merges_over_what_is_stored_and_erases_nothing(rig: Rig):
    await rig.connected(manifest(stream("notes")))
    await rig.run(says(record("notes", "n1", {"text": "kept", "at": "2026-01-01T00:00:00Z"}), record("notes", "n2")))
    result = await rig.run(
        says(
            record("notes", "n1", {"text": "not asked for", "at": "2026-02-02T00:00:00Z"}),
            record("notes", "n2", {"text": "not asked for"}),
        ),
        {"fields": {"notes": ["at"]}},
    )
    assert await rig.data("notes") == {
        "n1": {"id": "n1", "text": "kept", "at": "2026-02-02T00:00:00Z"},
        "n2": {"id": "n2"},
    }
    counts = result["streams"]["notes"]
    assert (counts["new"], counts["updated"], counts["unchanged"]) == (0, 1, 1)


@pytest.mark.requirement("PR-3.5")
async def test_a_delete_after_its_projected_record_deletes_it(rig: Rig):
    """Both wait for the store's word; the order they came in is kept."""
    await rig.connected(FOLDERS)
    result = await rig.run(
        says(record("notes", "n1", {"text": "A"}), delete("notes", "n1")),
        {"resources": {"notes": ["A"]}, "fields": {"notes": ["text"]}},
    )
    assert await rig.keys("notes") == []
    assert await rig.keys("notes", deleted=True) == ["n1"]
    assert result["streams"]["notes"]["rejected"] == 0


@pytest.mark.requirement("PR-3.5")
async def test_a_record_after_its_delete_is_live_again(rig: Rig):
    await rig.connected(FOLDERS)
    await rig.run(says(record("notes", "n1", {"text": "A"})))
    await rig.run(
        says(delete("notes", "n1"), record("notes", "n1", {"text": "A", "at": "2026-01-01T00:00:00Z"})),
        {"resources": {"notes": ["A"]}},
    )
    assert await rig.keys("notes") == ["n1"]


@pytest.mark.requirement("PR-2.7")
@pytest.mark.parametrize(
    "request_",
    [
        {"resources": {"notes": ["n1"]}},
        {"time_range": {"since": "2020-01-01"}},
        {"fields": {"notes": ["at"]}},
    ],
)
async def test_a_narrowed_run_moves_no_cursor_and_the_next_whole_one_gets_the_old_one(rig: Rig, request_):
    await rig.connected(manifest(stream("notes")))
    await rig.run(says(state("notes", "old")))
    result = await rig.run(says(record("notes", "n1", {"at": "2026-01-01T00:00:00Z"}), state("notes", "new")), request_)
    assert result["status"] == "complete"
    assert await rig.keys("notes") == ["n1"]
    assert result["withheld"] == {"notes": "stream_narrowed"}
    await rig.run(says())
    assert rig.starts[0]["state"] == {"notes": "old"}


@pytest.mark.requirement("PR-2.7")
async def test_a_run_over_one_stream_moves_no_cursor_that_stands_for_another_too(rig: Rig):
    shared = manifest(
        stream("threads"), stream("replies", state_stream="threads", coverage_strategy="checkpoint_window")
    )
    await rig.connected(shared)
    await rig.run(says(state("threads", 1)), {"streams": ["threads"]})
    assert await rig.cursors() == {}
    await rig.run(says(state("threads", 2)))
    assert await rig.cursors() == {"threads": 2}


@pytest.mark.requirement("PR-2.7", "PR-1.6")
async def test_a_run_over_one_partition_touches_no_other_partition(rig: Rig):
    await rig.connected(CHATS)
    both = (
        inventory("messages", "C1", "C2"),
        message("a", "C1", "1.0"),
        coverage("messages", "C1", None, "1.0"),
        message("b", "C2", "2.0"),
        coverage("messages", "C2", None, "2.0"),
    )
    await rig.run(says(*both))
    before = await rig.partitions()
    result = await rig.run(
        says(
            inventory("messages", "C1", "C3"),
            message("a", "C1", "1.0"),
            message("c", "C1", "3.0"),
            FLUSH,
            message("d", "C2", "9.0"),
            coverage("messages", "C1", "1.0", "3.0"),
            coverage("messages", "C2", "2.0", "9.0"),
        ),
        {"resources": {"messages": ["C1"]}},
    )
    after = await rig.partitions()
    assert result["status"] == "complete"
    assert after.keys() == {"C1", "C2"}
    assert after["C2"] == before["C2"]
    assert await rig.covered("C1") == [(None, "3.0")]
    assert await rig.keys("messages") == ["a", "b", "c"]
    assert rig.starts[0]["state"]["messages"]["partitions"].keys() == {"C1"}


@pytest.mark.requirement("PR-3.7")
async def test_a_projected_run_claims_no_range_and_calls_nothing_deleted(rig: Rig):
    await rig.connected(CHATS)
    await rig.run(says(message("a", "C1", "1.0"), message("b", "C1", "2.0"), coverage("messages", "C1", None, "2.0")))
    await rig.run(
        says(message("b", "C1", "2.0", text="x"), coverage("messages", "C1", None, "5.0")),
        {"fields": {"messages": ["channel"]}},
    )
    assert await rig.keys("messages") == ["a", "b"]
    assert await rig.covered("C1") == [(None, "2.0")]
