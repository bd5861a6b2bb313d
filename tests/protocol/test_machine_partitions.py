"""Inventories and claims of partitions, as the run machine takes them (profile: partitions)."""

import pytest

from playbooks import (
    MESSAGES,
    coverage,
    done,
    inventory,
    manifest,
    play,
    record,
    stream,
)
from polyhost.protocol.commands import (
    CommitCoverage,
    CommitHidden,
    CommitInventory,
    InventoryEntry,
    PersistRecords,
    TerminateConnector,
)


def messages(request=None, **options):
    return play(manifest(MESSAGES), request, **options)


def message(key: str, channel: str, ts: str):
    return record("messages", key, {"channel": channel, "ts": ts})


@pytest.mark.requirement("PR-2.1", "PR-4.2")
def test_coverage_follows_the_records_it_speaks_of():
    book = messages() >> message("m1", "C1", "1700000000.000100")
    claim = CommitCoverage(
        sequence=1, stream="messages", partition="C1", since=None, until="1700000000.000100", groups=("1.0",)
    )
    assert book >> coverage("messages", "C1", None, "1700000000.000100", groups=["1.0"]) << [PersistRecords, claim]


def test_a_claim_that_names_a_group_nobody_can_read_is_refused_by_name():
    """Ours: dropped in silence, its absent members would be kept for ever."""
    book = messages() >> coverage("messages", "C1", None, "5.0", groups=["1.0", "soon"]) << []
    assert ("range_unproven", "messages", None) in (book >> done()).finish().codes


def test_an_inventory_is_handed_on_as_it_comes():
    entries = (InventoryEntry("C1"), InventoryEntry("C2"))
    assert (
        messages() >> inventory("messages", "C1", "C2", complete=False) << [CommitInventory("messages", entries, False)]
    )


@pytest.mark.requirement("RS-4.4")
def test_what_the_source_says_is_over_is_handed_on():
    told = {**inventory("messages"), "partitions": [{"key": "C1", "deleted": True}, {"key": "C2", "became": "C3"}]}
    entries = (InventoryEntry("C1", deleted=True), InventoryEntry("C2", became="C3"))
    assert messages() >> told << [CommitInventory("messages", entries, True)]


@pytest.mark.parametrize(
    "odd",
    [{"deleted": "yes"}, {"became": 5}, {"became": ""}, {"became": "C1"}, {"deleted": True, "became": "C2"}],
)
def test_an_entry_of_which_nobody_can_read_whether_it_is_there_proves_nothing(odd: dict[str, object]):
    told = {**inventory("messages"), "partitions": [{"key": "C1", **odd}, {"key": "C2", "deleted": None}]}
    book = messages() >> told << [CommitInventory("messages", (InventoryEntry("C2"),), False)]
    assert ("inventory_unproven", "messages", 1) in (book >> done()).finish().codes


@pytest.mark.requirement("PR-1.6", "PR-2.7")
def test_partitions_outside_a_resource_scope_are_neither_listed_nor_proven():
    book = messages({"resources": {"messages": ["C1"]}})
    assert (
        book >> inventory("messages", "C1", "C2", "C3") << [CommitInventory("messages", (InventoryEntry("C1"),), True)]
    )
    assert book >> coverage("messages", "C2", None, "5.0") << []
    assert book >> coverage("messages", "C1", None, "5.0") << [CommitCoverage]
    assert ("out_of_scope_record", "messages", 3) in (book >> done()).finish().codes


@pytest.mark.parametrize(
    ("wrong", "options"),
    [
        (inventory("messages", "C1"), {"bindings": {}}),
        (coverage("messages", "C1", None, "5.0"), {"bindings": {}}),
        (inventory("notes", "C1"), {}),
        (coverage("nobody", "C1", None, "5.0"), {}),
        (coverage("messages", "C1", None, "soon"), {}),
        (coverage("messages", "C1", "x", "5.0"), {}),
        (coverage("messages", "C1", None, "5.0", limited_before="1e3"), {}),
        (coverage("messages", "C1", "5.1", "5.0"), {}),
        (coverage("messages", "C1", "10.0", "9.0"), {}),
        (coverage("messages", "", None, "5.0"), {}),
        (coverage("messages", "C1", 4, "5.0"), {}),  # type: ignore[arg-type]
        ({**inventory("messages", "C1"), "complete": "yes"}, {}),
    ],
)
def test_a_partition_message_that_is_not_legal_is_a_violation(wrong, options):
    book = play(manifest(MESSAGES, stream("notes")), **options)
    assert book >> wrong << [TerminateConnector]


def hidden(since: str | None, until: str, **over: object) -> dict[str, object]:
    told = {"type": "PARTITION_HIDDEN", "stream": "messages", "partition": "C1", "since": since, "until": until}
    return {**told, **over}


@pytest.mark.requirement("RS-4.3")
def test_what_the_source_hides_is_handed_on_as_far_as_the_scope_lets_it_count():
    stated = CommitHidden(stream="messages", partition="C1", since=None, until="5.0", reason="left")
    assert messages() >> hidden(None, "5.0", reason="left") << [stated]
    assert messages({"resources": {"messages": ["C2"]}}) >> hidden(None, "5.0") << []
    assert messages({"time_range": {"since": "2024-01-01"}}) >> hidden(None, "1704067201.0") << []


@pytest.mark.parametrize(
    "wrong",
    [
        hidden("9.0", "5.0"),
        hidden("soon", "5.0"),
        hidden(None, "soon"),
        hidden(None, None),  # type: ignore[arg-type]
        hidden(None, "5.0", reason="Ada left"),
        hidden(None, "5.0", stream="notes"),
    ],
)
def test_a_stretch_that_cannot_be_read_is_a_violation(wrong: dict[str, object]):
    assert play(manifest(MESSAGES, stream("notes"))) >> wrong << [TerminateConnector]


def test_a_partition_message_of_a_stream_out_of_scope_is_a_violation():
    book = play(manifest(MESSAGES, stream("notes")), {"streams": ["notes"]})
    assert book >> inventory("messages", "C1") << [TerminateConnector]


@pytest.mark.requirement("PR-3.7")
@pytest.mark.parametrize(
    ("since", "until", "counts"),
    [
        ("1704067200.0", "1706745599.999999", True),
        (None, "1706745599.0", False),
        ("1704067199.999999", "1706745599.0", False),
        ("1704067200.0", "1706745600.0", False),
    ],
)
def test_under_a_time_range_only_a_claim_that_lies_inside_it_counts(since, until, counts):
    """Ours: a connector that rightly sends nothing from outside cannot have proven what lies there."""
    book = messages({"time_range": {"since": "2024-01-01", "until": "2024-02-01"}})
    assert book >> coverage("messages", "C1", since, until) << ([CommitCoverage] if counts else [])


def test_a_run_that_keeps_some_fields_only_proves_nothing():
    """Ours: what it left out would never be asked for again."""
    book = messages({"fields": {"messages": ["text"]}})
    assert book >> coverage("messages", "C1", None, "5.0") << []


def test_positions_that_are_no_declared_time_cannot_be_placed_in_a_time_range():
    counted = {**MESSAGES, "partition": {"field": "channel", "cursor_field": "ts", "order": "numeric"}}
    book = play(manifest(counted), {"time_range": {"since": "2024-01-01"}})
    assert book >> coverage("messages", "C1", "1704067200", "1706745599") << []


@pytest.mark.parametrize(
    "data", [{"ts": "5.0"}, {"channel": "C1"}, {"channel": "C1", "ts": "x"}, {"channel": 5, "ts": "5.0"}]
)
def test_a_record_without_a_place_in_its_partition_is_invalid(data):
    book = (messages() >> record("messages", "m1", data) >> done(1)).finish()
    assert book.stored == []
    assert book.codes == [("invalid_record", "messages", 1)]
