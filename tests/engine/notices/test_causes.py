"""What is told leaves the machine: kinds of things and counts, in words of ours."""

import pytest

from evidences import NOW, evidence, run, stream
from polyhost.coverage.evidence import Session
from polyhost.coverage.health import project
from polyhost.engine.notices.causes import Question, causes, waiting_for_answer

SIGNED_OUT = run(status="needs_owner", error_code="signed_out")


def test_there_is_one_cause_for_each_thing_that_needs_the_owner():
    health = project(evidence(SIGNED_OUT, streams=(stream(missing=2, missing_keys=("C1", "C2")),)), NOW)
    found = causes(health)
    assert [cause.reason for cause in found] == ["signed_out", "partitions_missing"]
    assert len({cause.key for cause in found}) == health.needs_you
    assert causes(project(evidence(), NOW)) == []


def test_a_vanished_partition_is_not_named():
    """Where chats are files, its key is a person's name."""
    [cause] = causes(project(evidence(streams=(stream(missing=1, missing_keys=("Ada Lovelace",)),)), NOW))
    assert cause.sentence == "Gone from the inventory of messages: 1."
    assert "Ada" not in repr(cause)


def test_a_cause_is_the_same_however_often_it_is_found_and_another_once_it_came_back():
    [first] = causes(project(evidence(SIGNED_OUT), NOW))
    again = run("2026-11-22T07:30:00.000Z", "needs_owner", error_code="signed_out")
    [found_again] = causes(project(evidence(again, SIGNED_OUT), NOW))
    assert first.key == found_again.key
    between = run("2026-11-22T07:15:00.000Z")
    [came_back] = causes(project(evidence(again, between, SIGNED_OUT), NOW))
    assert came_back.key != first.key


@pytest.mark.parametrize(
    ("of", "urgent"), [(evidence(session=Session()), False), (evidence(run(status="failed")), True)]
)
def test_what_is_broken_is_urgent(of, urgent):
    assert [cause.urgent for cause in causes(project(of, NOW))] == [urgent]


def test_a_question_is_told_without_what_it_asks():
    asked = [Question(connection="work", run_id="run_1", request_id=str(number)) for number in range(2)]
    found = waiting_for_answer(asked)
    assert {cause.sentence for cause in found} == {"A run waits for your answer."}
    assert len({cause.key for cause in found}) == 2
