"""Each trap that other implementations fell into and this layer can fall into, by its number in the protocol's list."""

import pytest

from playbooks import (
    AT,
    MESSAGES,
    Flush,
    Persisted,
    certified,
    coverage,
    delete,
    details,
    done,
    gap,
    manifest,
    play,
    record,
    skip,
    state,
    stream,
    strict,
)
from polyhost.protocol.commands import CommitCheckpoints, CommitCoverage, PersistRecords
from polyhost.protocol.messages import MalformedLine, OddMessage
from polyhost.protocol.scope_request import ScopeError, resolve_request
from polyhost.protocol.validation import build_validators

SECRET = "Anna, xoxc-17-secret, 1700000000"


@pytest.mark.requirement("PR-3.2", "PR-3.6")
@pytest.mark.parametrize(
    "request_",
    [
        [],
        None,
        "notes",
        0,
        {"resources": []},
        {"resources": None},
        {"resources": {}},
        {"resources": {"notes": []}},
        {"resources": {"notes": None}},
        {"resources": {"notes": {}}},
        {"resources": {"nots": ["n1"]}},
        {"resource": {"notes": ["n1"]}},
        {"Resources": {"notes": ["n1"]}},
    ],
)
def test_trap_1_nothing_turns_a_scoped_request_into_an_unscoped_run(request_):
    with pytest.raises(ScopeError):
        resolve_request(manifest(), request_)


def test_trap_2_an_explicit_upsert_is_taken():
    assert (play() >> record("notes", "n1", op="upsert") >> Flush()).stored == ["n1"]


@pytest.mark.parametrize(
    "time", ["yesterday", "", None, 0, 1700000000, "2026-02-30T00:00:00Z", "2026-01-31T09:30:00", "2026-01-31"]
)
def test_trap_2_an_emitted_at_that_is_no_time_is_not_accepted(time):
    """It costs the record (ours), which the text has a runtime refuse, and nothing else."""
    book = (play() >> record("notes", "n1", emitted_at=time) >> record("notes", "n2") >> done(2)).finish()
    assert book.codes == [("invalid_record", "notes", 1)]
    assert book.stored == ["n2"]


@pytest.mark.requirement("PR-3.5")
def test_trap_3_a_stray_record_is_rejected_counted_and_reported_and_the_run_goes_on():
    of = manifest(stream("notes"), stream("tags"))
    book = play(of, {"streams": ["notes"], "resources": {"notes": ["n1", "n2"]}})
    for message in (
        record("notes", "n1"),
        record("notes", "n9"),
        record("tags", "t1"),
        record("ghosts", "g"),
        record("notes", "n2"),
    ):
        book >> message
    (book >> done(5)).finish()
    assert book.outcome.status == "succeeded"
    assert book.stored == ["n1", "n2"]
    assert {name: dict(codes) for name, codes in book.machine.rejected.items()} == {
        "notes": {"out_of_scope_record": 1},
        "tags": {"out_of_scope_record": 1},
    }
    assert sorted(book.codes, key=str) == [
        ("out_of_scope_record", "notes", 1),
        ("out_of_scope_record", "tags", 1),
        ("out_of_scope_record", None, 1),
    ]


@pytest.mark.requirement("PR-3.4", "PR-3.5")
def test_trap_4_a_tombstone_without_the_resource_field_is_judged_by_the_stored_record():
    of = manifest(stream("notes", selection={"resources": True, "resource_field": "text"}))
    book = play(of, {"resources": {"notes": ["A", "n4"]}})
    for key in ("n4", "n1", "n2", "n3"):
        book >> delete("notes", key)
    book >> delete("notes", "n5", {"text": "B"})
    book >> Flush()
    (batch,) = book.of(PersistRecords)[-1:]
    assert [found.key for found in batch.undecided] == ["n1", "n2", "n3"]
    assert book.stored == ["n4"]
    stored = {"n1": {"id": "n1", "text": "A"}, "n2": {"id": "n2", "text": "B"}}
    assert [book.machine.decide(found, stored.get(found.key)) for found in batch.undecided] == [True, False, False]
    assert book.machine.rejected["notes"]["out_of_scope_record"] == 3


@pytest.mark.requirement("PR-3.5")
def test_trap_4_what_a_tombstone_says_for_itself_does_not_open_the_scope():
    of = manifest(stream("notes", selection={"resources": True, "resource_field": "text"}))
    book = play(of, {"resources": {"notes": ["A"]}}) >> delete("notes", "n1", {"text": "A"}) >> Flush()
    (found,) = book.of(PersistRecords)[0].undecided
    assert not book.machine.decide(found, {"id": "n1", "text": "B"})


@pytest.mark.requirement("SE-7")
def test_an_upsert_moves_nothing_into_the_scope_that_is_stored_outside_of_it():
    of = manifest(stream("notes", selection={"resources": True, "resource_field": "text"}))
    moved = record("notes", "n1", {"text": "A"})
    book = play(of, {"resources": {"notes": ["A", "n4"]}}) >> moved >> Flush()
    held = {key: {"id": key, "text": text} for key, text in (("n1", "B"), ("n2", "A"), ("n4", "B"))}
    keys = ("n1", "n2", "n3", "n4")
    assert [book.machine.stays_outside("notes", key, held.get(key)) for key in keys] == [True, False, False, False]
    assert book.machine.rejected["notes"]["out_of_scope_record"] == 1
    told = book.machine.stored_outside("notes", "n1", moved["data"])
    assert (told.key, told.kind, told.reason, told.detail) == ("n1", "record", "stored_outside", "")


@pytest.mark.requirement("PR-4.2", "PR-4.7")
def test_trap_5_a_certified_failure_stores_every_record_before_any_cursor_commits():
    of = manifest(
        stream("parents"),
        stream("children", parent_streams=["parents"], coverage_strategy="parent_detail_accounting"),
        stream("bad"),
    )
    book = (
        play(of)
        >> record("parents", "p1")
        >> record("children", "c1")
        >> details("children", "parents", ["p1"], ["p1"])
    )
    book >> state("parents") >> record("children", "c2") >> skip("bad") >> certified(3)
    assert book.of(CommitCheckpoints) == []
    book >> Persisted(2)
    assert book.of(CommitCheckpoints) == []
    book.finish(1)
    assert book.stored == ["p1", "c1", "c2"]
    assert book.of(CommitCheckpoints) == [CommitCheckpoints({"parents": "c1"})]
    assert book.outcome.status == "failed"
    assert book.outcome.certified


@pytest.mark.requirement("PR-4.5")
@pytest.mark.parametrize(
    "wrong",
    [
        MalformedLine(3, 40, "deadbeef", "invalid_json"),
        {"type": SECRET},
        {"type": "STATE", "stream": SECRET, "cursor": 1},
        {"type": "DONE", "status": SECRET, "records_emitted": 0},
        {"type": "SKIP_RESULT", "recovery_hint": {"action": SECRET}},
        {"type": "PARTITION_COVERAGE", "stream": "notes", "partition": SECRET, "since": SECRET, "until": SECRET},
        MalformedLine(3, 40, "deadbeef", "invalid_json", OddMessage({"type": "PROGRESS", SECRET: SECRET}, {})),
    ],
)
def test_trap_6_the_text_of_a_bad_line_is_kept_nowhere(wrong):
    book = (play() >> wrong).finish(None)
    assert book.outcome.code == "protocol_violation"
    assert_untold(book)


@pytest.mark.requirement("PR-4.5")
@pytest.mark.parametrize(
    "wrong",
    [
        record("notes", [SECRET, SECRET]),
        record("notes", "n1", {"id": SECRET}),
        record("notes", "n1", emitted_at=SECRET),
        record("notes", "n1", op=SECRET),
        {**record("notes", "n1"), "data": SECRET},
        {**record("notes", "n1"), "stream": [SECRET]},
        MalformedLine(3, 40, "deadbeef", "invalid_json", OddMessage(record("notes", 5, {SECRET: 1}), {})),
    ],
)
def test_trap_6_nor_is_that_of_a_wrong_record(wrong):
    book = (play() >> wrong >> done(1)).finish()
    assert book.outcome.status == "succeeded"
    assert_untold(book)


def assert_untold(book):
    for part in ("Anna", "xoxc", "1700000000"):
        assert part not in repr(book.all)
        assert part not in repr([found.as_json() for found in book.diagnostics])


@pytest.mark.requirement("PR-4.5")
def test_trap_6_position_length_and_digest_of_a_bad_line_are_told():
    book = (play() >> MalformedLine(3, 40, "deadbeef", "invalid_json")).finish(None)
    assert all(part in book.outcome.message for part in ("3", "40", "deadbeef", "invalid_json"))


def test_trap_7_partition_keys_and_positions_with_many_digits_stay_as_they_are():
    book = play(manifest(MESSAGES), {"time_range": {"since": "2024-01-01"}})
    book >> coverage("messages", "123456789012", None, "1700000000.000100") >> done()
    book.finish()
    assert book.diagnostics[0].partitions == ("123456789012",)


@pytest.mark.requirement("PR-2.7")
@pytest.mark.parametrize(
    "request_",
    [
        {"resources": {"a": ["1"]}},
        {"streams": ["a"], "time_range": {"since": "2024-01-01"}},
        {"streams": ["a"], "fields": {"a": ["text"]}},
    ],
)
def test_trap_8_a_narrowed_run_moves_no_cursor(request_):
    book = (play(manifest(stream("a")), request_) >> state("a") >> done()).finish()
    assert book.outcome.status == "succeeded"
    assert book.of(CommitCheckpoints) == []
    assert book.outcome.withheld == {"a": "stream_narrowed"}


@pytest.mark.requirement("PR-2.7")
def test_trap_8_a_shared_cursor_does_not_move_without_every_stream_it_stands_for():
    of = manifest(
        stream("threads"),
        stream("replies", state_stream="threads", coverage_strategy="checkpoint_window"),
    )
    for request_, moves in (({"streams": ["replies"]}, False), ({"streams": ["threads"]}, False), ({}, True)):
        book = (play(of, request_) >> state("threads") >> done()).finish()
        assert bool(book.of(CommitCheckpoints)) is moves


@pytest.mark.requirement("PR-2.2")
def test_trap_11_positions_are_compared_as_integers_not_as_floats_or_text():
    """9.2 < 10.1 is not a text order; the last two differ in the 17th digit, which a float does not keep."""
    for since, until in (
        ("9.2", "10.1"),
        ("999999999.999999", "1000000000.000000"),
        ("1700000000.00000000001", "1700000000.00000000002"),
    ):
        book = play(manifest(MESSAGES)) >> coverage("messages", "C1", since, until)
        assert len(book.of(CommitCoverage)) == 1
        book = play(manifest(MESSAGES)) >> coverage("messages", "C1", until, since)
        assert book.of(CommitCoverage) == []


@pytest.mark.parametrize(
    ("account", "codes"),
    [
        (None, ["range_unproven", "inventory_unproven"]),
        (details("children", "parents", ["p1", "p2"], ["p1"]), ["range_unproven"]),
    ],
    ids=["silent", "short"],
)
def test_trap_12_a_cursor_without_an_account_of_its_details_proves_nothing(account, codes):
    of = manifest(
        stream("parents"),
        stream("children", parent_streams=["parents"], coverage_strategy="parent_detail_accounting"),
    )
    book = play(of) >> state("parents")
    if account is not None:
        book >> account
    (book >> done()).finish()
    assert book.of(CommitCheckpoints) == []
    assert [code for code, _, _ in book.codes] == codes


def test_trap_12_an_account_of_nothing_is_an_account():
    of = manifest(
        stream("parents"),
        stream("children", parent_streams=["parents"], coverage_strategy="parent_detail_accounting"),
    )
    book = (play(of) >> state("parents") >> details("children", "parents", [], []) >> done()).finish()
    assert book.of(CommitCheckpoints) == [CommitCheckpoints({"parents": "c1"})]


def test_trap_12_a_gap_accounts_only_for_the_parent_it_names():
    of = manifest(
        stream("a"),
        stream("b"),
        stream("child", parent_streams=["a", "b"], coverage_strategy="parent_detail_accounting"),
    )
    for parent, committed in ((None, {}), ("b", {}), ("a", {"a": "c1"})):
        book = play(of) >> state("a") >> details("child", "a", ["k"], []) >> gap("child", "k", parent) >> done()
        found = book.finish().of(CommitCheckpoints)
        assert found == ([CommitCheckpoints(committed)] if committed else [])


@pytest.mark.requirement("PR-3.7")
@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2024-05-01T11:59:59.999999999Z", False),
        ("2024-05-01T12:00:00Z", True),
        ("2024-05-01T13:59:59+02:00", False),
        ("2024-05-01T14:00:00+02:00", True),
        ("2024-05-01T23:30:00Z", True),
        ("2024-05-02T17:59:59.999Z", True),
        ("2024-05-02T18:00:00.000Z", False),
        ("2024-05-02T18:00:00.000000001Z", False),
        ("2024-05-01", False),
        ("2024-05-02", True),
    ],
)
def test_trap_13_a_time_range_is_exact_not_by_the_day(at, inside):
    of = manifest(stream("notes", properties={"at": {"type": "string"}}))
    bounds = {"since": "2024-05-01T12:00:00Z", "until": "2024-05-02T18:00:00Z"}
    book = play(of, {"time_range": bounds}) >> record("notes", "n1", {"at": at}) >> done(1)
    book.finish()
    assert book.outcome.status == "succeeded"
    assert book.stored == (["n1"] if inside else [])


def test_an_odd_part_and_an_invalid_record_are_reported_by_path_and_rule_and_never_by_content():
    """Ours (requirements CH-2.5, PR-1.2): names that are not the schema's come out of the record."""
    properties = {"people": {"type": "object", "additionalProperties": {"type": "integer"}}}
    of = manifest(strict(stream("notes", properties=properties), "people", "text"))
    book = play(of, validators=build_validators(of))
    good = {"people": {}, "text": "t"}
    (
        book
        >> record("notes", "n1", {**good, "people": {"Anna": "xoxc"}})
        >> record("notes", "n2", {**good, "text": 5})
        >> record("notes", "n3", good)
    )
    (book >> done(3)).finish()
    assert book.stored == ["n1", "n3"]
    assert book.machine.rejected["notes"]["invalid_record"] == 1
    told = repr([found.as_json() for found in book.diagnostics])
    assert all(part in told for part in ("type", "/people/*", "/text"))
    assert not any(part in told for part in ("Anna", "xoxc", AT))
