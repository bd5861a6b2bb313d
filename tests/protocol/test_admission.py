"""What a record has to be to be stored (profile: RECORD; requirements PR-3.5)."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import AT, MESSAGES, Flush, coverage, delete, done, looked, manifest, play, record, state, stream, strict
from polyhost.protocol import findings
from polyhost.protocol.commands import (
    CommitCheckpoints,
    CommitCoverage,
    CommitInventory,
    InventoryEntry,
    NoteException,
    PersistRecords,
    ReportProgress,
)
from polyhost.protocol.declarations import PartitionDecl
from polyhost.protocol.exceptions import ExceptionFact, ExceptionKind, ExceptionReason
from polyhost.protocol.left_out import MAX_NAMED
from polyhost.protocol.messages import MalformedLine, OddMessage
from polyhost.protocol.positions import Place
from polyhost.protocol.records import Record
from polyhost.protocol.validation import Fault, MendedRecord, RecordValidator, build_validators

PAIRS = manifest(stream("pairs", primary_key=["id", "text"]))


@pytest.mark.parametrize("data", [{"id": "n2"}, {}, {"id": None}, {"id": ["n1"]}])
def test_data_that_names_another_key_is_invalid(data):
    message = {**record("notes", "n1"), "data": data}
    book = (play() >> message >> done(1)).finish()
    assert book.stored == []
    assert book.codes == [("invalid_record", "notes", 1)]
    assert book.outcome.status == "succeeded"


def test_of_a_file_a_record_without_a_place_is_counted_and_named_nowhere():
    of = manifest(strict(stream("notes"), "text"))
    broken = {**record("notes", "n1"), "data": {"id": "n1", "text": 5}}
    book = (play(of, validators=build_validators(of), keeps_exceptions=False) >> broken >> done(1)).finish()
    assert (book.stored, book.of(NoteException)) == ([], [])
    assert book.codes == [("invalid_record", "notes", 1)]


def test_data_with_a_number_for_its_key_is_fine():
    of = manifest(stream("notes", properties={"id": {"type": "integer"}}))
    assert (play(of) >> {**record("notes", "7"), "data": {"id": 7}} >> Flush()).stored == ["7"]


def test_a_compound_key_is_stored_in_its_canonical_form():
    book = play(PAIRS) >> record("pairs", ["a", 'b"'], {"id": "a", "text": 'b"'}) >> Flush()
    assert book.stored == ['["a","b\\""]']


def test_a_delete_leaves_no_content_and_is_judged_by_no_schema():
    of = manifest()
    book = (
        play(of, validators=build_validators(of))
        >> delete("notes", "n1", {"text": 5})
        >> delete("notes", "n2")
        >> Flush()
    )
    assert book.of(PersistRecords)[0].records == tuple(Record("notes", key, None, AT, "delete") for key in ("n1", "n2"))


def test_a_delete_whose_data_names_another_key_is_invalid():
    book = (play() >> delete("notes", "n1", {"id": "n2"}) >> done(1)).finish()
    assert book.codes == [("invalid_record", "notes", 1)]


def test_the_whole_record_is_judged_by_the_schema_though_only_a_part_is_kept():
    of = manifest(strict(stream("notes"), "text"))
    book = play(of, {"fields": {"notes": ["at"]}}, validators=build_validators(of))
    (book >> record("notes", "n1", {"text": 5}) >> record("notes", "n2", {"text": "x"}) >> done(2)).finish()
    assert book.stored == ["n2"]


def test_formats_are_checked():
    of = manifest()
    book = play(of, validators=build_validators(of))
    (book >> record("notes", "n1", {"at": "yesterday"}) >> done(1)).finish()
    assert book.codes == [("invalid_record", "notes", 1)]


def test_a_schemas_pattern_cannot_run_away():
    """Ours: a manifest is text from a stranger, and a pattern may take exponential time."""
    runaway = stream("notes", properties={"text": {"type": "string", "pattern": r"^(?=(a+)+$)(a+)+$"}})
    of = manifest(strict(runaway, "text"))
    book = play(of, validators=build_validators(of))
    (book >> record("notes", "n1", {"text": "a" * 60 + "!"}) >> done(1)).finish()
    assert book.stored == []


def test_nothing_is_handed_on_twice():
    book = play() >> record("notes", "n1") >> Flush()
    book.unseen.clear()
    assert book >> Flush() << []


@given(keys=st.lists(st.sampled_from(["n1", "n2", "n3"]), max_size=20), cuts=st.sets(st.integers(0, 20)))
def test_batches_hand_on_every_record_in_order_whatever_their_size(keys, cuts):
    book = play()
    for position, key in enumerate(keys):
        book >> record("notes", key)
        if position in cuts:
            book >> Flush()
    book >> Flush()
    assert book.stored == keys
    assert [batch.sequence for batch in book.of(PersistRecords)] == sorted(
        {batch.sequence for batch in book.of(PersistRecords)}
    )


@pytest.mark.parametrize(("cursor", "group"), [(7, 7.0), (1, True), ("7", False)])
def test_a_group_that_cannot_be_read_is_a_fault_also_where_python_calls_it_equal_to_the_cursor(cursor, group):
    place = Place(PartitionDecl(field="box", cursor_field="at", order="numeric", group_field="g"))
    assert place.fault({"box": "A", "at": cursor, "g": group}) == "g"
    assert place.fault({"box": "A", "at": cursor, "g": cursor}) is None


class Forgetful(RecordValidator):
    """Finds every record odd, and leaves out the field that says whose it is."""

    def __call__(self, data: Mapping[str, Any], /) -> Fault | None:
        return Fault("type", "/channel")

    def mend(self, data: Mapping[str, Any], /) -> MendedRecord | None:
        return MendedRecord({"id": data["id"]}, (Fault("type", "/channel"),))

    def field_of(self, name: str, /) -> str:
        return name


def test_a_record_that_was_inside_only_by_what_it_lost_is_outside():
    of = manifest(
        stream("notes", properties={"channel": {}}, selection={"resources": True, "resource_field": "channel"})
    )
    book = play(of, {"resources": {"notes": ["C1"]}}, validators={"notes": Forgetful()})
    book >> record("notes", "n1", {"channel": "C1"}) >> record("notes", "C1", {"channel": "C1"}) >> Flush()
    assert book.stored == ["C1"]
    assert dict(book.machine.rejected["notes"]) == {"out_of_scope_record": 1}


@pytest.mark.requirement("RS-1.1", "PR-3.5")
def test_a_record_whose_partition_cannot_be_read_is_invalid_and_not_of_another_resource():
    """Else its stored copy would be taken for gone; one that names another resource is out of scope."""
    book = play(manifest(MESSAGES), {"resources": {"messages": ["C1"]}})
    odd = record("messages", "m1", {"channel": None, "ts": "1.0"})
    (book >> odd >> record("messages", "m2", {"channel": "C2", "ts": "1.0"}) >> Flush())
    assert dict(book.machine.rejected["messages"]) == {"invalid_record": 1, "out_of_scope_record": 1}


# ------------------------------------------------------------------ wrong by itself


def refusing(message: dict[str, Any], of: Any = None, request: Any = None) -> Any:
    """A run in which this one and a sound neighbour come by."""
    book = play(of or manifest(MESSAGES), request)
    return (book >> message >> record("messages", "m2", {"channel": "C1", "ts": "2.0"}) >> done(2)).finish()


SINCE = {"time_range": {"since": "2024-01-01"}}
WRONG = {"key": 5, "data": [], "op": "merge", "emitted_at": "soon"}


@pytest.mark.requirement("RS-1.1")
@pytest.mark.parametrize("part", WRONG)
def test_a_record_that_is_wrong_by_itself_costs_itself_and_is_named(part):
    book = refusing({**record("messages", "m1", {"channel": "C1", "ts": "1.0"}), part: WRONG[part]})
    assert (book.stored, book.outcome.status) == (["m2"], "succeeded")
    [noted] = book.of(NoteException)
    assert (noted.fact.stream, noted.fact.key, noted.fact.reason) == ("messages", "m1", "invalid")
    assert noted.fact.detail.endswith(f"RECORD.{part}")


@pytest.mark.requirement("RS-1.1")
def test_one_that_nothing_names_is_counted_and_opens_what_it_may_lie_in():
    nameless = {**record("messages", "m1", {"channel": "C1", "ts": "1.0"}), "key": None}
    nameless["data"]["id"] = ""
    book = play(manifest(MESSAGES)) >> nameless >> coverage("messages", "C1", None, "0.9")
    book >> coverage("messages", "C1", None, "9.0") >> done(1)
    book.finish()
    assert [claim.until for claim in book.of(CommitCoverage)] == ["0.9"]
    assert (book.of(NoteException), book.machine.unnamed) == ([], {"messages": 1})
    assert ("invalid_record", "messages", 1) in book.codes


@pytest.mark.requirement("RS-1.1")
def test_one_that_nothing_names_holds_the_cursor_of_its_stream_back_and_no_others():
    of = manifest(stream("notes"), stream("tags"))
    book = play(of) >> {**record("notes", ""), "data": {}} >> state("notes") >> looked("tags") >> state("tags")
    (book >> done(1)).finish()
    assert book.of(CommitCheckpoints) == [CommitCheckpoints({"tags": "c1"})]
    assert book.outcome.withheld == {"notes": "record_refused"}
    assert book.codes == [("invalid_record", "notes", 1), ("range_unproven", "notes", 1)]


@pytest.mark.requirement("PR-3.5")
@pytest.mark.parametrize(
    ("data", "request_", "code"),
    [
        ({"channel": "C2", "ts": "1.0"}, {"resources": {"messages": ["C1"]}}, "out_of_scope_record"),
        ({"channel": "C1", "ts": "1.0"}, {"resources": {"messages": ["C1"]}}, "invalid_record"),
        ({"ts": "1.0"}, {"resources": {"messages": ["C1"]}}, "invalid_record"),
        ({"at": "2020-01-01T00:00:00Z", "channel": "C1", "ts": "1.0"}, SINCE, "out_of_scope_record"),
        ({"at": "soon", "channel": "C1", "ts": "1.0"}, SINCE, "invalid_record"),
    ],
)
def test_a_wrong_record_is_out_of_scope_where_that_can_be_told(data, request_, code):
    book = play(manifest(MESSAGES), request_) >> record("messages", "m1", data, emitted_at="soon")
    assert dict(book.machine.rejected["messages"]) == {code: 1}


def test_a_wrong_record_of_a_stream_that_nobody_asked_for_is_counted_as_such():
    book = play(manifest(stream("notes"), stream("tags")), {"streams": ["notes"]})
    book >> record("tags", "t", emitted_at="soon") >> record("ghosts", "g", emitted_at="soon")
    assert {name: dict(codes) for name, codes in book.machine.rejected.items()} == {"tags": {"out_of_scope_record": 1}}


@pytest.mark.requirement("RS-1.1")
def test_a_record_that_is_taken_makes_good_what_was_refused_under_its_key():
    """The later word counts, also of a deletion."""
    of = manifest(stream("notes"))
    wrong, told = record("notes", "n1", emitted_at="soon"), record("notes", "n2", emitted_at="soon")
    book = play(of) >> wrong >> wrong >> record("notes", "n1") >> told >> delete("notes", "n2") >> done(5)
    book.finish()
    assert (book.codes, book.machine.rejected["notes"].total()) == ([], 0)


def test_a_deletion_that_only_what_is_stored_can_place_makes_good_what_was_refused():
    of = manifest(stream("notes", selection={"resources": True, "resource_field": "text"}))
    book = play(of, {"resources": {"notes": ["x"]}}) >> record("notes", "n1", {"text": "x"}, emitted_at="soon")
    book >> delete("notes", "n1") >> Flush()
    [undecided] = [one for batch in book.of(PersistRecords) for one in batch.undecided]
    assert book.machine.rejected["notes"].total() == 1
    assert book.machine.decide(undecided, {"id": "n1", "text": "x"})
    assert book.machine.rejected["notes"].total() == 0


# ------------------------------------------------------------------ odd lines


def odd(message: Any, /, **places: str) -> MalformedLine:
    """A line of which this could be read; `places`: what was changed, `data__text="half_surrogate"`."""
    read = OddMessage(message, {tuple(place.split("__")): why for place, why in places.items()})
    return MalformedLine(1, 9, "0", "invalid_json", read)


@pytest.mark.requirement("RS-1.1")
def test_half_a_character_costs_itself_and_any_other_value_its_field():
    of = manifest(stream("notes"))
    book = play(of, validators=build_validators(of))
    book >> odd(record("notes", "n1", {"text": "so \ufffd"}), data__text="half_surrogate")
    book >> odd({**record("notes", "n2", {"text": None}), "mended": ["at"]}, data__text="not_a_number")
    (book >> done(2)).finish()
    stored = {one.key: one.data for batch in book.of(PersistRecords) for one in batch.records}
    assert stored == {"n1": {"id": "n1", "text": "so \ufffd"}, "n2": {"id": "n2"}}
    assert [found.code for found in book.diagnostics] == ["field_mended"] * 3


@pytest.mark.requirement("RS-1.1")
def test_what_names_a_record_is_not_taken_from_a_text_that_was_changed():
    book = play(manifest(MESSAGES))
    book >> odd(record("messages", "m\ufffd", {"channel": "C1", "ts": "1.0"}), key="half_surrogate")
    book >> odd(record("messages", "m2", {"channel": "C\ufffd", "ts": "1.0"}), data__channel="half_surrogate")
    book >> odd(record("messages", "m3", {"channel": "C1", "ts": "1.0"}), stream="half_surrogate")
    book >> odd({**record("messages", "m4"), "data": None}, data="not_a_number")
    book >> Flush()
    assert [(one.fact.key, one.fact.partition) for one in book.of(NoteException)] == [
        ("m\ufffd", "C1"),
        ("m2", None),
        ("m4", None),
    ]
    assert book.stored == []


@pytest.mark.requirement("RS-1.1")
def test_a_record_of_no_stream_leaves_every_stream_unproven():
    of = manifest(stream("notes"), MESSAGES)
    book = play(of) >> {**record("notes", "n1"), "stream": 5} >> coverage("messages", "C1", None, "9.0")
    (book >> state("notes") >> looked("notes") >> done(1)).finish()
    assert (book.of(CommitCoverage), book.of(CommitCheckpoints)) == ([], [])
    assert ("invalid_record", None, 1) in book.codes
    assert book.machine.unnamed == {"notes": 1}, "one record is one"


def test_an_exception_that_the_ledger_does_not_keep_leaves_its_stream_unproven():
    book = play(manifest(stream("notes"))) >> record("notes", "n1", emitted_at="soon") >> state("notes")
    [noted] = book.of(NoteException)
    book.machine.not_kept(noted.fact)
    assert book.machine.unnamed == {"notes": 1}
    (book >> done(1)).finish()
    assert book.outcome.withheld == {"notes": "record_refused"}
    assert ("range_unproven", "notes", 1) in book.codes


def test_a_group_that_the_ledger_does_not_keep_is_no_record_that_nothing_names():
    book = play(manifest(MESSAGES)) >> state("messages")
    book.machine.not_kept(
        ExceptionFact(stream="messages", kind=ExceptionKind.GROUP, key="1.0", reason=ExceptionReason.INVALID)
    )
    (book >> coverage("messages", "C1", None, "9.0") >> done(0)).finish()
    assert (book.machine.unnamed, book.of(CommitCoverage)) == ({}, [])
    assert book.outcome.withheld == {"messages": "record_refused"}


def test_one_that_nobody_asked_for_is_no_wrong_record_that_nothing_names():
    book = play(manifest(MESSAGES), SINCE)
    book >> {**record("messages", "", {"at": "2020-01-01T00:00:00Z", "channel": "C1", "ts": "1.0"}), "key": None}
    assert dict(book.machine.rejected["messages"]) == {"out_of_scope_record": 1}
    assert book.machine.unnamed == {}


@pytest.mark.requirement("RS-1.1")
@pytest.mark.parametrize("first", ["not_a_number", "half_surrogate"])
def test_of_all_that_is_odd_in_one_field_the_gravest_counts(first):
    """Half a character leaves the field, and anything else does not."""
    second = {"not_a_number": "half_surrogate", "half_surrogate": "not_a_number"}[first]
    places = {("data", "text", 0): first, ("data", "text", 1): second}
    line = MalformedLine(
        1, 9, "0", "invalid_json", OddMessage(record("notes", "n1", {"text": [None, "\ufffd"]}), places)
    )
    book = play(manifest(stream("notes"))) >> line >> Flush()
    [batch] = book.of(PersistRecords)
    assert [one.data for one in batch.records] == [{"id": "n1"}]


@pytest.mark.requirement("RS-1.1")
def test_however_many_fields_a_connector_names_what_was_odd_in_its_line_is_told_too():
    of = manifest(stream("notes"))
    named = [["at", "bigint"], *(["other", "date"] for _ in range(MAX_NAMED - 1))]
    book = play(of, validators=build_validators(of))
    book >> odd({**record("notes", "n1", {"text": None}), "mended": named}, data__text="not_a_number")
    (book >> done(1)).finish()
    told = " ".join(found.message for found in book.diagnostics)
    assert all(said in told for said in ("not_a_number at /text", "bigint at /at", "date at /*")), told


def test_progress_and_inventories_are_taken_from_odd_lines_and_nothing_else():
    inventoried = {"type": "PARTITION_INVENTORY", "stream": "messages", "partitions": [{"key": None}], "complete": True}
    book = play(manifest(MESSAGES)) >> odd({"type": "PROGRESS", "message": "so \ufffd"}, message="half_surrogate")
    book >> odd(inventoried)
    assert [found.message for found in book.of(ReportProgress)] == ["so \ufffd"]
    assert book.of(CommitInventory) == [CommitInventory("messages", (), False)]


@pytest.mark.requirement("RS-1.1")
@pytest.mark.parametrize("entry", [5, None, {}, {"key": ""}, {"key": 5}, {"key": "k" * 300}])
def test_an_entry_that_cannot_be_read_leaves_the_inventory_unproven_in_this_run(entry: Any):
    told = {"type": "PARTITION_INVENTORY", "stream": "messages", "complete": False}
    book = play(manifest(MESSAGES)) >> {**told, "partitions": [entry, {"key": "C1", "label": 5, "status": "open"}]}
    book >> {**told, "partitions": [], "complete": True} >> done()
    book.finish()
    first, last = book.of(CommitInventory)
    assert (first.partitions, last.complete) == ((InventoryEntry("C1", None, "open"),), False)
    assert ("inventory_unproven", "messages", 1) in book.codes
    assert (play(manifest(MESSAGES)) >> {**told, "partitions": 5}).machine.state.value == "failed"


def test_more_kinds_of_refusals_than_are_kept_are_taken_back_from_where_they_were_counted(monkeypatch):
    monkeypatch.setattr(findings, "MAX_FINDINGS", 1)
    book = play(manifest(stream("notes"))) >> record("notes", "n1", op="merge") >> record("notes", "n2", emitted_at="x")
    (book >> record("notes", "n2") >> record("notes", "n1") >> done(4)).finish()
    assert (book.codes, book.machine.rejected["notes"].total()) == ([], 0)
