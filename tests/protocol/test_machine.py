"""The run machine, event by event (profile: states and messages; joint rules are ours where it is silent)."""

import pytest

from playbooks import (
    AT,
    MESSAGES,
    Answered,
    Begin,
    Cancelled,
    Exited,
    Flush,
    Persisted,
    Playbook,
    Restarted,
    Wait,
    ask,
    certified,
    coverage,
    delete,
    done,
    inventory,
    like,
    looked,
    machine,
    manifest,
    play,
    record,
    skip,
    state,
    stream,
)
from polyhost.protocol.commands import (
    AskOwner,
    CommitCheckpoints,
    CommitCoverage,
    CommitInventory,
    EndRun,
    FinishConnector,
    InventoryEntry,
    PersistRecords,
    Report,
    ReportProgress,
    SendToConnector,
    TerminateConnector,
)
from polyhost.protocol.messages import MalformedLine
from polyhost.protocol.records import Record
from polyhost.protocol.states import ConnectorState

NOTE = Record("notes", "n1", {"id": "n1"}, AT)


@pytest.mark.requirement("PR-3.1", "PR-4.1")
def test_start_is_first_and_carries_the_scope_as_it_was_asked_for():
    book = Playbook(machine(request={"resources": {"notes": ["n1", "n2"]}}, state={"notes": "c0"}))
    assert (
        book
        >> Begin()
        << [
            SendToConnector(
                {
                    "type": "START",
                    "run_id": "run_1",
                    "collection_mode": "incremental",
                    "scope": {"streams": [{"name": "notes", "resources": ["n1", "n2"]}]},
                    "state": {"notes": "c0"},
                    "bindings": {"polyhost/partitions": {}},
                }
            )
        ]
    )


@pytest.mark.requirement("PR-4.1")
def test_start_is_sent_once():
    with pytest.raises(RuntimeError):
        _ = play() >> Begin()


@pytest.mark.requirement("PR-4.1")
def test_a_connector_that_speaks_before_start_has_broken_the_protocol():
    assert Playbook(machine()) >> record("notes", "n1") << [TerminateConnector("protocol_violation")]


@pytest.mark.requirement("PR-4.2")
def test_a_succeeded_run_commits_its_cursors_after_its_records_are_durable_and_the_connector_is_gone():
    assert (
        play()
        >> record("notes", "n1")
        << []
        >> state("notes", {"page": 2})
        << [PersistRecords(1, (NOTE,))]
        >> done(1)
        << []
        >> Persisted(1)
        << [FinishConnector()]
        >> Exited(0)
        << [CommitCheckpoints({"notes": {"page": 2}}), like(EndRun, status="succeeded", committed=("notes",))]
    )


def test_a_run_without_records_has_nothing_to_wait_for():
    book = play() >> looked("notes") >> Flush()
    book.unseen.clear()
    assert book >> done() << [FinishConnector()] >> Exited(None) << [like(EndRun, status="succeeded")]


def test_done_waits_for_every_batch_that_was_handed_on():
    book = play() >> record("notes", "n1") >> Flush() >> record("notes", "n2") >> done(2)
    book.unseen.clear()
    assert book >> Persisted(1) << [] >> Persisted(2) << [FinishConnector()]


def test_the_end_waits_for_durability_even_when_the_connector_is_gone_already():
    book = play() >> record("notes", "n1") >> state("notes") >> done(1) >> Exited(0)
    assert book.machine.outcome is None
    assert book >> Persisted(1)
    assert book.outcome.status == "succeeded"


@pytest.mark.requirement("PR-4.2")
@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_run_that_did_not_succeed_commits_no_cursor(status: str):
    book = (play() >> state("notes") >> done(0, status)).finish(1)
    assert book.of(CommitCheckpoints) == []
    assert book.outcome.withheld == {"notes": "run_not_succeeded"}


@pytest.mark.requirement("PR-4.1")
def test_nothing_may_follow_done():
    book = play() >> state("notes") >> done() >> record("notes", "n1")
    book.finish()
    assert book.outcome.status == "failed"
    assert book.outcome.code == "protocol_violation"
    assert book.of(CommitCheckpoints) == []


@pytest.mark.requirement("PR-4.1")
@pytest.mark.parametrize("claimed", [0, 2])
def test_done_has_to_count_what_the_host_counted(claimed: int):
    book = (play() >> record("notes", "n1") >> state("notes") >> done(claimed)).finish()
    assert book.outcome.code == "protocol_violation"
    assert book.of(CommitCheckpoints) == []


def test_rejected_records_count_as_emitted():
    book = play(request={"resources": {"notes": ["n1"]}}) >> record("notes", "n1") >> record("notes", "n2") >> done(2)
    assert book.finish().outcome.status == "succeeded"


@pytest.mark.parametrize(("said", "left"), [("succeeded", 1), ("failed", 0), ("cancelled", 0)])
def test_an_exit_status_that_contradicts_done_is_a_violation(said: str, left: int):
    book = (play() >> state("notes") >> done(0, said)).finish(left)
    assert book.outcome.status != "succeeded"
    assert ("protocol_violation", None, 1) in book.codes
    assert book.of(CommitCheckpoints) == []


def test_a_certified_failure_with_a_wrong_exit_status_commits_nothing():
    of = manifest(stream("a"), stream("b"))
    book = (play(of) >> state("a") >> state("b") >> skip("b") >> certified()).finish(0)
    assert book.of(CommitCheckpoints) == []


def test_a_connector_that_was_ended_by_a_signal_after_done_has_still_succeeded():
    assert (play() >> state("notes") >> done()).finish(-15).outcome.status == "succeeded"


def test_leaving_without_done_fails_the_run_and_keeps_what_was_admitted():
    book = play() >> record("notes", "n1") >> state("notes") >> Exited(70, "ended with status 70")
    book >> Persisted(1)
    assert book.stored == ["n1"]
    assert book.outcome.status == "failed"
    assert book.outcome.code == "connector_crashed"
    assert book.of(CommitCheckpoints) == []


# ------------------------------------------------------------------ violations


@pytest.mark.requirement("PR-4.5")
@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "START"},
        {"type": "HELLO"},
        {"type": ["RECORD"]},
        {},
        {"type": "DONE", "status": "fine", "records_emitted": 0},
        {"type": "STATE", "stream": "nobody", "cursor": 1},
        {"type": "STATE", "stream": "notes"},
        {"type": "PROGRESS", "message": "x", "count": -1},
        {"type": "PROGRESS", "message": "x", "count": float("nan")},
        {"type": "PROGRESS", "message": "x", "total": float("inf")},
        {"type": "PROGRESS", "message": "x", "count": True},
        {"type": "SKIP_RESULT", "stream": "notes", "recovery_hint": {}},
        {"type": "SKIP_RESULT", "stream": "notes", "recovery_hint": "reboot"},
        {"type": "SKIP_RESULT", "stream": "nobody"},
        {"type": "DONE", "status": "succeeded", "records_emitted": 0, "error": {"message": "?", "retryable": False}},
        {"type": "DONE", "status": "failed", "records_emitted": 0, "error": {"message": "?", "retryable": 1}},
        {
            "type": "DONE",
            "status": "failed",
            "records_emitted": 0,
            "error": {"message": "?", "retryable": True, "code": "No"},
        },
        {"type": "DONE", "status": "succeeded", "records_emitted": 0.0},
        {"type": "DONE", "status": "succeeded", "records_emitted": True},
        MalformedLine(7, 12, "abc", "invalid_json"),
    ],
    ids=repr,
)
def test_a_violation_ends_the_connector_and_poisons_the_run(wrong):
    book = play() >> record("notes", "n1") >> state("notes")
    book.unseen.clear()
    assert book >> wrong << [TerminateConnector("protocol_violation")]
    assert book >> record("notes", "n2") << [] >> done(1) << [] >> Flush() << []
    book.finish(None)
    assert book.outcome.code == "protocol_violation"
    assert book.machine.state is ConnectorState.FAILED
    assert book.of(CommitCheckpoints) == []
    assert book.stored == ["n1"]


def test_what_was_admitted_before_a_violation_is_stored():
    assert play() >> record("notes", "n1") >> {} << [PersistRecords(1, (NOTE,)), TerminateConnector]


def test_unknown_keys_of_a_known_message_are_passed_over():
    book = play() >> record("notes", "n1", extra=1) >> {**state("notes"), "colour": "red"} >> {**done(1), "x": None}
    assert book.finish().outcome.status == "succeeded"


# ------------------------------------------------------------------ interactions


@pytest.mark.requirement("PR-4.4")
def test_an_interaction_is_asked_answered_and_forgotten():
    book = play() >> record("notes", "n1")
    assert (
        book
        >> ask(timeout_seconds=30)
        << [
            PersistRecords,
            AskOwner(request_id="q1", kind="otp", message="The code", schema=None, deadline=1030.0),
        ]
    )
    assert book.machine.state is ConnectorState.WAITING
    answer = {"type": "INTERACTION_RESPONSE", "request_id": "q1", "status": "success", "data": {"code": "424242"}}
    assert book >> Answered("q1", data={"code": "424242"}) << [SendToConnector(answer)]
    assert book.machine.state is ConnectorState.COLLECTING
    assert "424242" not in repr(book.all)
    assert "424242" not in repr(vars(book.machine))


@pytest.mark.requirement("PR-4.4")
def test_an_interaction_times_out():
    book = play() >> ask(timeout_seconds=30)
    book.unseen.clear()
    answer = {"type": "INTERACTION_RESPONSE", "request_id": "q1", "status": "timeout"}
    assert book >> Wait(29.9) << [] >> Wait(0.1) << [SendToConnector(answer)] >> Wait(99) << []
    assert book >> Answered("q1", data="late") << []


@pytest.mark.requirement("PR-4.4")
@pytest.mark.parametrize(("asked", "granted"), [(None, 300.0), (10**9, 3600.0), (0.5, 0.5)])
def test_every_wait_for_the_owner_is_bounded(asked: float | None, granted: float):
    message = ask() if asked is None else ask(timeout_seconds=asked)
    assert play() >> message << [like(AskOwner, deadline=1000.0 + granted)]


@pytest.mark.requirement("PR-4.4")
def test_data_goes_to_the_connector_only_with_success():
    answer = {"type": "INTERACTION_RESPONSE", "request_id": "q1", "status": "cancelled"}
    assert play() >> ask() << [AskOwner] >> Answered("q1", "cancelled", {"x": 1}) << [SendToConnector(answer)]


def test_an_answer_of_another_status_is_our_own_mistake():
    with pytest.raises(ValueError, match="status"):
        _ = play() >> ask() >> Answered("q1", "maybe")


def test_an_answer_to_another_question_is_dropped():
    assert play() >> ask() << [AskOwner] >> Answered("q2") << []


@pytest.mark.parametrize("line", [record("notes", "n1"), state("notes"), done(), ask("q2"), {"type": "PROGRESS"}])
def test_any_line_while_an_interaction_waits_is_a_violation(line):
    assert play() >> ask() << [AskOwner] >> line << [TerminateConnector("protocol_violation")]


def test_a_request_id_is_used_once():
    book = play() >> ask() >> Answered("q1")
    book.unseen.clear()
    assert book >> ask() << [TerminateConnector]


def test_a_run_that_failed_for_want_of_an_answer_says_so():
    """Ours: only the owner can mend it, whatever the connector calls it."""
    book = (play() >> ask() >> Wait(9999) >> done(0, "failed", code="no_code")).finish(1)
    assert book.outcome.code == "interaction_unanswered"


def test_a_run_that_failed_after_a_good_answer_keeps_its_own_code():
    book = (play() >> ask() >> Answered("q1") >> done(0, "failed", code="code_wrong")).finish(1)
    assert book.outcome.code == "code_wrong"


# ------------------------------------------------------------------ cancel


@pytest.mark.requirement("PR-4.1")
def test_a_connector_cannot_cancel_a_run_it_fails():
    """Profile 4: cancellation is a runtime event, and no status of DONE; drafts of it still say so."""
    book = (play() >> record("notes", "n1") >> done(1, "cancelled")).finish(1)
    assert (book.outcome.status, book.outcome.code) == ("failed", "cancelled_by_connector")
    assert book.stored == ["n1"]


def test_a_connector_that_says_cancelled_for_want_of_an_answer_needs_its_owner():
    book = (play() >> ask() >> Answered("q1", "cancelled") >> done(0, "cancelled")).finish(1)
    assert (book.outcome.status, book.outcome.code) == ("failed", "interaction_unanswered")


def test_one_that_says_cancelled_when_its_owner_has_cancelled_is_cancelled():
    book = (play() >> Cancelled() >> done(0, "cancelled")).finish(1)
    assert (book.outcome.status, book.outcome.code) == ("cancelled", "cancelled")


@pytest.mark.requirement("PR-4.2")
def test_cancel_stores_what_was_admitted_and_commits_nothing():
    book = play() >> record("notes", "n1") >> state("notes") >> record("notes", "n2")
    book.unseen.clear()
    assert book >> Cancelled() << [PersistRecords, TerminateConnector("cancelled")] >> record("notes", "n3") << []
    book.finish(-15)
    assert book.stored == ["n1", "n2"]
    assert book.outcome.status == "cancelled"
    assert book.of(CommitCheckpoints) == []


@pytest.mark.requirement("PR-4.2")
@pytest.mark.parametrize("ending", [done(), certified()], ids=["succeeded", "certified"])
def test_cancel_outranks_done_even_a_certified_one(ending):
    of = manifest(stream("notes"), stream("other"))
    book = (play(of) >> state("notes") >> skip("other") >> ending >> Cancelled()).finish(0)
    assert book.outcome.status == "cancelled"
    assert book.of(CommitCheckpoints) == []


def test_cancel_while_an_interaction_waits():
    book = play() >> ask() >> Cancelled() >> Answered("q1")
    assert book.of(SendToConnector)[1:] == []
    assert book.finish(None).outcome.status == "cancelled"


def test_cancel_before_start_sends_nothing():
    assert Playbook(machine()) >> Cancelled() << [TerminateConnector] >> Begin() << []


def test_cancel_after_the_end_changes_nothing():
    book = (play() >> done()).finish()
    book.unseen.clear()
    assert book >> Cancelled() << []
    assert book.outcome.status == "succeeded"


def test_cancelling_twice_is_cancelling_once():
    book = play() >> Cancelled()
    book.unseen.clear()
    assert book >> Cancelled() << []


# ------------------------------------------------------------------ restarts


def test_a_restarted_page_gets_start_with_fresh_state_and_what_was_taken():
    book = play() >> record("notes", "n1")
    assert book >> Restarted({"notes": {"partitions": {}}}) << [PersistRecords, SendToConnector]
    message = book.of(SendToConnector)[-1].message
    assert message["resume"] == {"records_emitted": 1}
    assert message["state"] == {"notes": {"partitions": {}}}
    assert (book >> record("notes", "n2") >> done(2)).finish(None).outcome.status == "succeeded"


def test_a_restart_withdraws_a_question():
    book = play() >> ask() >> Restarted()
    book.unseen.clear()
    assert book >> Answered("q1") << [] >> Wait(9999) << [] >> ask() << [AskOwner]


def test_a_restart_after_done_changes_nothing():
    assert play() >> done() << [FinishConnector] >> Restarted() << []


# ------------------------------------------------------------------ partitions


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


def test_an_inventory_is_handed_on_as_it_comes():
    entries = (InventoryEntry("C1"), InventoryEntry("C2"))
    assert (
        messages() >> inventory("messages", "C1", "C2", complete=False) << [CommitInventory("messages", entries, False)]
    )


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


# ------------------------------------------------------------------ the rest


def test_progress_is_passed_on_in_bounds():
    said = {"type": "PROGRESS", "message": "x" * 5000, "stream": "notes", "count": 3, "total": 4.5}
    assert play() >> said << [ReportProgress(message="x" * 200, stream="notes", count=3, total=4.5)]


@pytest.mark.requirement("PR-4.7")
def test_one_optional_streams_failure_leaves_the_others_alone():
    of = manifest(stream("a"), stream("b", required=False))
    book = play(of) >> record("a", "1") >> record("b", "2") >> state("a") >> state("b") >> skip("b") >> done(2)
    book.finish()
    assert book.outcome.status == "succeeded"
    assert book.stored == ["1", "2"]
    assert book.of(CommitCheckpoints) == [CommitCheckpoints({"a": "c1"})]
    assert book.outcome.withheld == {"b": "stream_failed"}
    assert book.codes == [("stream_failed", "b", 1)]


def test_a_run_cannot_succeed_without_a_required_stream():
    """Ours: the connector says succeeded, and also that it could not read what it had to."""
    of = manifest(stream("a"), stream("b"))
    book = (play(of) >> state("a") >> state("b") >> skip("b") >> done()).finish()
    assert book.outcome.status == "failed"
    assert book.outcome.failed_streams == ("b",)
    assert book.of(CommitCheckpoints) == [CommitCheckpoints({"a": "c1"})]


def test_a_skip_tells_its_reason_hint_and_keys_but_no_words():
    said = skip(
        "notes", "rate_limited", message="Anna's secret", recovery_hint="retry_by_runtime", resources=["n2", "n1"]
    )
    book = (play() >> said >> skip("notes", "Anna is ill") >> done()).finish()
    limited, other = book.diagnostics
    assert (limited.code, limited.partitions, limited.recovery_hint) == (
        "rate_limited",
        ("n1", "n2"),
        "retry_by_runtime",
    )
    assert other.code == "range_unproven"
    assert "Anna" not in str([found.as_json() for found in book.diagnostics])


def test_streams_that_a_scope_left_out_are_told():
    of = manifest(stream("notes"), stream("tags", consent_time_field=None))
    book = (play(of, {"time_range": {"since": "2024-01-01"}}) >> looked("notes") >> done()).finish()
    assert book.codes == [("scope_not_supported", "tags", 1)]


def test_the_end_comes_once():
    book = (play() >> done()).finish()
    book.unseen.clear()
    assert book >> Exited(0) << [] >> Persisted(9) << [] >> record("notes", "n1") << [] >> Restarted() << []
    assert len(book.of(EndRun)) == 1


def test_reports_come_before_the_end_and_are_few():
    book = play(request={"resources": {"notes": ["n1"]}})
    for number in range(500):
        book >> record("notes", f"x{number}")
    book >> done(500)
    book.finish()
    assert book.all[-2:] == [book.of(Report)[0], book.of(EndRun)[0]]
    assert book.codes == [("out_of_scope_record", "notes", 500)]


def test_records_before_and_after_an_undecided_delete_keep_their_order():
    of = manifest(stream("notes", selection={"resources": True, "resource_field": "text"}))
    book = play(of, {"resources": {"notes": ["A"]}}) >> record("notes", "n1", {"text": "A"})
    assert book >> delete("notes", "n2") << [] >> delete("notes", "n3") << []
    assert (
        book
        >> record("notes", "n2", {"text": "A"})
        << [PersistRecords(3, (Record("notes", "n1", {"id": "n1", "text": "A"}, AT),), (_gone("n2"), _gone("n3")))]
    )
    assert book >> Flush() << [like(PersistRecords, sequence=4, undecided=())]


def _gone(key: str) -> Record:
    return Record("notes", key, None, AT, "delete")
