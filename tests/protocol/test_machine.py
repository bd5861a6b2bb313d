"""The run machine, event by event (profile: states and messages; joint rules are ours where it is silent)."""

import pytest

from playbooks import (
    AT,
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
    delete,
    done,
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
    EndRun,
    FinishConnector,
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
