"""Tokens of a source, and cursors that are kept on the way, as the run machine takes them (RS-4.1, RS-4.2)."""

from typing import Any

import pytest

from playbooks import MESSAGES, Playbook, certified, coverage, done, manifest, play, record, skip, state, stream, strict
from polyhost.protocol import refusals
from polyhost.protocol.commands import CommitArrivals, CommitCoverage, ForgetToken, KeepCursor
from polyhost.protocol.diagnostics import DiagnosticCode
from polyhost.protocol.validation import build_validators

pytestmark = pytest.mark.requirement("RS-4.1", "RS-4.2")

CHATS = manifest(strict(MESSAGES, "text"))
OURS = {"runtime_requirements": {"bindings": {"polyhost/partitions": {"required": True}}}}


def messages(request: Any = None, *, keeps: bool = True) -> Playbook:
    return play(CHATS, request, validators=build_validators(CHATS), keeps_exceptions=keeps)


def arrived(partition: str | None = "C1", token: str = "t") -> dict[str, Any]:  # noqa: S107  a source's, and no secret
    return {"type": "PARTITION_ARRIVALS", "stream": "messages", "partition": partition, "token": token}


def refused(partition: str | None = "C1", token: str = "t") -> dict[str, Any]:  # noqa: S107
    return {"type": "TOKEN_REFUSED", "stream": "messages", "partition": partition, "token": token}


def odd(channel: object = "C1", ts: object = "1.0", key: object = "m") -> dict[str, Any]:
    """Its text is not a text."""
    return record("messages", key, {"id": "m", "channel": channel, "ts": ts, "text": 5})


def told(book: Playbook) -> list[tuple[Any, ...]]:
    """What was taken of tokens, by partition."""
    kinds = {CommitArrivals: "arrived", ForgetToken: "refused"}
    return [(kinds[type(one)], one.partition) for one in book.all if type(one) in kinds]


def test_tokens_go_on_with_what_they_belong_to():
    book = messages() >> coverage("messages", "C1", "1.0", None, older="o", newer="n") >> arrived() >> refused(None)
    [claim] = book.of(CommitCoverage)
    assert (claim.until, claim.older, claim.newer) == (None, "o", "n")
    assert told(book) == [("arrived", "C1"), ("refused", None)]


@pytest.mark.parametrize(
    ("request_", "mine"),
    [
        ({"streams": ["messages"], "resources": {"messages": ["C1"]}}, [("arrived", "C1"), ("refused", "C1")]),
        ({"streams": ["messages"], "fields": {"messages": ["text"]}}, []),
        ({"streams": ["messages"], "time_range": {"since": "2026-01-01T00:00:00Z"}}, []),
    ],
)
def test_a_narrowed_run_speaks_for_what_it_may_read(request_: Any, mine: list[tuple[str, str]]):
    book = messages(request_)
    for partition in ("C1", "C2", None):
        book = book >> arrived(partition) >> refused(partition)
    assert told(book) == mine


@pytest.mark.parametrize(
    ("wrong", "partition", "counts"),
    [
        (odd(), "C1", False),
        (odd("C2"), "C1", True),
        (odd("C2"), None, False),
        (odd(5), "C1", False),
        (odd(ts="soon"), "C1", False),
    ],
)
def test_a_record_that_is_refused_without_a_name_may_have_arrived(wrong: dict, partition: str | None, counts: bool):
    book = messages(keeps=False) >> wrong >> arrived(partition)
    assert bool(told(book)) is counts
    (book >> done(1)).finish()
    assert (DiagnosticCode.RANGE_UNPROVEN in {found.code for found in book.diagnostics}) is not counts


def test_one_that_is_named_holds_no_token_back():
    assert told(messages() >> odd() >> arrived()) == [("arrived", "C1")]


def test_beyond_the_bound_nothing_counts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(refusals, "MAX_REFUSED", 1)
    book = messages(keeps=False) >> odd("C2") >> odd("C2", key="n") >> arrived()
    assert told(book) == []


def test_both_names_of_a_record_are_spared_as_far_as_they_can_be_remembered(monkeypatch: pytest.MonkeyPatch):
    """Its data are those of another key: it may be either."""
    whole = coverage("messages", "C1", None, "9.0")
    [claim] = (messages() >> odd(key="n") >> whole).of(CommitCoverage)
    assert claim.spared == {"m", "n"}
    monkeypatch.setattr(refusals, "MAX_REFUSED", 0)
    assert (messages() >> odd(key="n") >> whole).of(CommitCoverage) == []


def kept(*messages_: dict[str, Any], of: Any = None, request: Any = None) -> tuple[list[Any], dict[str, str]]:
    """The cursors kept on the way, and those withheld at the end."""
    book = play(of or manifest(stream("notes"), **OURS), request)
    for message in messages_:
        book = book >> message
    (book >> done(book.machine.records_emitted, "failed")).finish(1)
    return [(one.stream, one.cursor) for one in book.of(KeepCursor)], dict(book.outcome.withheld)


def test_a_cursor_is_kept_with_what_came_before_it():
    assert kept(record("notes", "n1"), state("notes", 1), state("notes", 2)) == ([("notes", 1), ("notes", 2)], {})


def test_one_that_was_kept_is_not_called_withheld_where_its_stream_fails_later():
    book = play(manifest(stream("notes", required=False), **OURS))
    (book >> state("notes", 1) >> skip("notes") >> certified()).finish(1)
    assert (len(book.of(KeepCursor)), book.outcome.withheld) == (1, {})


def test_one_of_the_profiles_own_connectors_is_not():
    assert kept(state("notes", 1), of=manifest(stream("notes"))) == ([], {"notes": "run_not_succeeded"})


def test_nor_one_of_a_narrowed_run():
    narrowed = {"streams": ["notes"], "resources": {"notes": ["n1"]}}
    assert kept(state("notes", 1), request=narrowed)[0] == []


def test_nor_one_that_stands_for_other_streams():
    child = stream("replies", state_stream="notes", coverage_strategy="checkpoint_window", required=False)
    assert kept(state("notes", 1), of=manifest(stream("notes"), child, **OURS))[0] == []
