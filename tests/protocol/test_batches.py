"""A transport batch is taken as its messages one by one are (PR-3.5, PR-4.1): its loop for plain ones is but faster."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from playbooks import AT, MESSAGES, coverage, delete, done, inventory, machine, manifest, record, skip, state, stream
from polyhost.protocol.commands import Command, PersistRecords
from polyhost.protocol.machine import RunMachine
from polyhost.protocol.messages import MalformedLine
from polyhost.protocol.scope_request import resolve_request
from polyhost.protocol.validation import build_validators

MANIFEST = manifest(stream("notes"), stream("pairs", primary_key=["id", "text"]), MESSAGES)
SCOPES: list[Any] = [
    {},
    {"resources": {"notes": ["a"]}},
    {"streams": ["notes", "messages"], "resources": {"messages": ["C1"]}},
]
TEXTS = st.sampled_from(["a", "b", "", "C1", 'with "quotes"', "é", "x" * 1025])
ODD = st.sampled_from([None, 0, True, [], {}, "upsert", "delete", "ages", AT])


def message_of_a_channel(key: str, channel: str, ts: Any) -> dict[str, Any]:
    return record("messages", key, {"channel": channel, "ts": ts})


PLAIN = (
    st.builds(record, st.just("notes"), TEXTS)
    | st.builds(lambda a, b: record("pairs", [a, b], {"id": a, "text": b}), TEXTS, TEXTS)
    | st.builds(message_of_a_channel, TEXTS, TEXTS, st.sampled_from(["1700000000.000100", "5", "never", 7, 7.0, True]))
)
GOOD = record("notes", "a")
BENT = st.builds(
    lambda message, field, value: {**message, field: value},
    st.just(GOOD) | PLAIN,
    st.sampled_from(["type", "stream", "key", "data", "emitted_at", "op", "more"]),
    ODD,
)
OTHERS = st.sampled_from(
    [
        GOOD,
        delete("notes", "a"),
        delete("messages", "a"),
        state("notes"),
        skip("pairs"),
        inventory("messages", "C1"),
        coverage("messages", "C1", None, "5"),
        done(2),
        MalformedLine(line=1, length=3, digest="0", rule="not JSON"),
    ]
)


def begun(request: Any) -> RunMachine:
    scope = resolve_request(MANIFEST, request)
    started = machine(MANIFEST, scope=scope, validators=build_validators(MANIFEST))
    started.begin()
    return started


def one_by_one(run: RunMachine, messages: list[Any]) -> list[Command]:
    found = [command for message in messages for command in run.receive(message, now=0)]
    return found + run.flush()


@pytest.mark.requirement("PR-3.5", "PR-4.1")
@settings(max_examples=min(1000, 3 * settings().max_examples))
@example(SCOPES[0], [[GOOD, {**GOOD, "mended": ["text"]}, GOOD]])  # one that its connector left something out of
@example(SCOPES[0], [[record("pairs", ["a", "b"], {"id": "a", "text": "b"})]])  # a plain key of two fields
@example(SCOPES[2], [[delete("messages", "a"), GOOD]])  # what is undecided is settled before the records after it
@given(st.sampled_from(SCOPES), st.lists(st.lists(PLAIN | BENT | OTHERS, max_size=8), max_size=4))
def test_a_batch_is_taken_as_its_messages_are(request: Any, batches: list[list[Any]]) -> None:
    together, apart = begun(request), begun(request)
    for batch in batches:
        assert together.receive_all(batch, now=0) == one_by_one(apart, batch)
    assert together.records_emitted == apart.records_emitted
    assert together.rejected == apart.rejected
    assert together.state == apart.state
    assert together.connector_exited(0, "") == apart.connector_exited(0, "")


def test_plain_records_are_handed_on_together() -> None:
    run = begun({})
    batch = [record("notes", "a"), record("pairs", ["a", "b"], {"id": "a", "text": "b"}), record("notes", "b")]
    (handed_on,) = run.receive_all(batch, now=0)
    assert isinstance(handed_on, PersistRecords)
    assert [found.key for found in handed_on.records] == ["a", '["a","b"]', "b"]
