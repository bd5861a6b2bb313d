"""What cannot be taken is named, and what lies around it can be claimed (RS-1.1, RS-1.3; ours)."""

from __future__ import annotations

from typing import Any

import pytest

from playbooks import MESSAGES, coverage, done, manifest, play, record, stream, strict
from polyhost.protocol import refusals
from polyhost.protocol.commands import CommitCoverage, NoteException, PersistRecords
from polyhost.protocol.exceptions import ExceptionFact, ExceptionKind, ExceptionReason
from polyhost.protocol.validation import build_validators

pytestmark = pytest.mark.requirement("RS-1.1")

CHATS = manifest(strict(MESSAGES, "text"), strict(stream("notes"), "text"))


def message(key: str, ts: object, channel: object = "C1", **over: Any) -> dict[str, Any]:
    return record("messages", key, {"channel": channel, "ts": ts, "text": "t", **over})


def report(kind: str = "record", key: Any = "m", **over: Any) -> dict[str, Any]:
    told = {"type": "EXCEPTION", "stream": "messages", "kind": kind, "key": key, "reason": "unmappable"}
    return {**told, "partition": "C1", **over}


def commands(*messages: dict[str, Any], request: object = None) -> list[Any]:
    book = play(CHATS, request, validators=build_validators(CHATS))
    for one in messages:
        book >> one
    assert book.machine.outcome is None
    return book.all


def facts(*messages: dict[str, Any], request: object = None) -> list[ExceptionFact]:
    return [found.fact for found in commands(*messages, request=request) if isinstance(found, NoteException)]


def broken(**over: Any) -> ExceptionFact:
    told: dict[str, Any] = {"stream": "messages", "kind": ExceptionKind.RECORD, "key": "m", "partition": "C1"}
    told |= {"reason": ExceptionReason.INVALID, "position": "3.0", "detail": "type at /text"}
    return ExceptionFact(**{**told, **over})


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (message("m", "3.0", text=5), broken()),
        (message("m", 3, text=5), broken(position="3", detail="type at /ts")),
        (message("m", "9.0", thread="3.0", text=5), broken(member=True)),
        (message("m", "3.0", thread="3.0", text=5), broken()),
        (message("m", "soon", text=5), broken(position=None)),
        (message("m", "soon"), broken(position=None, detail="no_place_in_partition at /ts")),
        (message("m", "3.0", None, text=5), broken(partition=None, position=None, detail="type at /channel")),
        ({**message("m", "3.0"), "key": "other"}, broken(key="other", detail="key_mismatch")),
        (
            record("notes", "n", {"text": 5}),
            broken(stream="notes", key="n", partition=None, position=None),
        ),
    ],
)
def test_a_refused_record_is_named_with_its_place_as_far_as_that_can_be_read(
    refused: dict[str, Any], expected: ExceptionFact
) -> None:
    assert facts(refused) == [expected]


def test_it_comes_after_the_records_before_it_and_ahead_of_those_after_it() -> None:
    """The same record may come well-formed right after."""
    found = commands(
        message("a", "1.0"), message("m", "3.0", text=5), message("m", "3.0"), coverage("messages", "C1", None, "9.0")
    )
    assert [type(one) for one in found[1:]] == [PersistRecords, NoteException, PersistRecords, CommitCoverage]
    assert [[one.key for one in batch.records] for batch in found if isinstance(batch, PersistRecords)] == [
        ["a"],
        ["m"],
    ]


def test_what_holds_it_is_claimed_and_what_is_stored_of_it_is_spared() -> None:
    [claim] = [
        one
        for one in commands(message("m", "3.0", text=5), coverage("messages", "C1", None, "9.0"))
        if isinstance(one, CommitCoverage)
    ]
    assert (claim.since, claim.until, claim.spared) == (None, "9.0", {"m"})


@pytest.mark.parametrize("name", ["key", "reason", "kind", "stream"])
def test_a_report_that_breaks_the_protocol_ends_the_connector(name: str) -> None:
    book = play(CHATS) >> {**report(), name: None}
    assert book.machine.state.value == "failed"


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        (report(key=["a", "b"]), "key_parts"),
        (report("group", "soon"), "cursor_unreadable"),
        (report("group", "1.0", partition=None), "missing"),
        (report("group", "1.0", stream="notes"), "no_groups"),
        (report(position="soon"), "cursor_unreadable"),
        (report(stream="notes", position="1.0"), "not_partitioned"),
        (report(reason="invalid"), "literal_error"),
    ],
)
def test_the_rule_it_breaks_is_named(told: dict[str, Any], rule: str) -> None:
    book = (play(CHATS) >> told).finish()
    assert book.outcome.code == "protocol_violation"
    assert book.outcome.message.startswith(rule)


@pytest.mark.requirement("RS-1.3")
def test_a_group_is_named_by_its_heads_position() -> None:
    [fact] = facts(report("group", "3.0", reason="not_answered"))
    assert (fact.kind, fact.key, fact.partition, fact.reason) == ("group", "3.0", "C1", "not_answered")


def test_a_record_that_the_connector_could_not_map_is_counted_as_refused_and_spared() -> None:
    book = play(CHATS) >> report(position="3.0", member=True) >> coverage("messages", "C1", None, "9.0")
    assert dict(book.machine.rejected["messages"]) == {"invalid_record": 1}
    [claim] = book.of(CommitCoverage)
    assert claim.spared == {"m"}
    (book >> done(0)).finish()
    assert book.outcome.status == "succeeded"


def test_one_that_nobody_asked_for_is_counted_and_forgotten() -> None:
    request = {"streams": ["messages"], "resources": {"messages": ["C1"]}}
    assert facts(report(partition="C2"), report(stream="notes", partition=None), request=request) == []


def test_beyond_what_can_be_named_a_stream_proves_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MAX_REFUSED", 1)
    claim = coverage("messages", "C1", None, "9.0")
    found = commands(report(key="a", position="3.0"), report(key="b", position="4.0"), claim)
    assert [one.fact.key for one in found if isinstance(one, NoteException)] == ["a"]
    assert not [one for one in found if isinstance(one, CommitCoverage)]
