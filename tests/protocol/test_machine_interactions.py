"""Questions to the owner, as the run machine asks them (profile: INTERACTION)."""

import pytest

from playbooks import (
    Answered,
    Wait,
    ask,
    done,
    like,
    play,
    record,
    state,
)
from polyhost.protocol.commands import (
    AskOwner,
    PersistRecords,
    SendToConnector,
    TerminateConnector,
)
from polyhost.protocol.states import ConnectorState


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
