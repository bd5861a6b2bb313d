"""What a record has to be to be stored (profile: RECORD; requirements PR-3.5)."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import AT, MESSAGES, Flush, delete, done, manifest, play, record, stream, strict
from polyhost.protocol.commands import PersistRecords
from polyhost.protocol.declarations import PartitionDecl
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
