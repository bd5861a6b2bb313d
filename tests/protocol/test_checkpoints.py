"""Which cursors may move, held against a naive model (profile: certified failure; requirements PR-4.2, PR-4.7)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import Restarted, certified, details, done, gap, manifest, play, skip, state, stream
from polyhost.protocol.commands import CommitCheckpoints, TerminateConnector

TOPS = ["a", "b", "c"]
KEYS = ["k1", "k2"]


def kept_by(name: str, parent: str) -> dict[str, Any]:
    return stream(name, state_stream=parent, coverage_strategy="checkpoint_window", required=False)


def child(name: str, *parents: str) -> dict[str, Any]:
    return stream(name, parent_streams=list(parents), coverage_strategy="parent_detail_accounting", required=False)


OF = manifest(
    *(stream(name, required=False) for name in TOPS), kept_by("kept", "a"), child("one", "b"), child("two", "b", "c")
)
PARENTS = {"a": ["a"], "b": ["b"], "c": ["c"], "kept": ["a"], "one": ["b"], "two": ["b", "c"]}
PAIRS = [("one", "b"), ("two", "b"), ("two", "c")]


@pytest.mark.requirement("PR-4.2", "PR-4.7")
@given(
    staged=st.sets(st.sampled_from(TOPS)),
    failed=st.sets(st.sampled_from(list(PARENTS)), max_size=3),
    accounts=st.dictionaries(
        st.sampled_from(PAIRS), st.tuples(st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(KEYS)))
    ),
    gaps=st.sets(st.tuples(st.sampled_from(["one", "two"]), st.sampled_from(KEYS), st.sampled_from(["b", "c", None]))),
    ending=st.sampled_from(["succeeded", "certified", "failed", "uncertified"]),
)
def test_a_cursor_moves_exactly_when_everything_it_stands_for_was_collected(staged, failed, accounts, gaps, ending):
    book = play(OF)
    for name in sorted(staged):
        book >> state(name, f"cursor of {name}")
    for (name, parent), (hydrated, missing) in accounts.items():
        book >> details(name, parent, KEYS, sorted(hydrated), gap_keys=sorted(missing - hydrated))
    for name, key, parent in sorted(gaps, key=str):
        book >> gap(name, key, parent)
    for name in sorted(failed):
        book >> skip(name)
    messages = {
        "succeeded": done(),
        "certified": certified(),
        "failed": done(0, "failed", code="other"),
        "uncertified": done(0, "failed"),
    }
    (book >> messages[ending]).finish(0 if ending == "succeeded" else 1)

    held = {parent for name in failed for parent in PARENTS[name]}
    for name, parent in PAIRS:
        hydrated, missing = accounts.get((name, parent), (None, None))
        if hydrated is None:
            held.add(parent)
            continue
        told = {key for own, key, said in gaps if own == name and (said == parent or (said is None and name == "one"))}
        if not set(KEYS) <= hydrated | missing | told:
            held.add(parent)
    ends_well = ending == "succeeded" or (ending == "certified" and bool(failed))
    moves = {name: f"cursor of {name}" for name in staged - held} if ends_well else {}
    assert book.of(CommitCheckpoints) == ([CommitCheckpoints(moves)] if moves else [])
    assert set(book.outcome.committed) == set(moves)
    assert set(book.outcome.withheld) == staged - set(moves)
    assert book.outcome.status == ("succeeded" if ending == "succeeded" else "failed")


def test_the_last_cursor_of_a_stream_counts():
    book = (play() >> state("notes", 1) >> state("notes", {"x": [2]}) >> done()).finish()
    assert book.of(CommitCheckpoints) == [CommitCheckpoints({"notes": {"x": [2]}})]


@pytest.mark.parametrize("wrong", [state("kept"), state("one"), state("nobody")])
def test_only_checkpoint_streams_have_a_cursor(wrong):
    assert play(OF) >> wrong << [TerminateConnector]


def test_a_parent_out_of_scope_is_still_a_checkpoint_stream_of_its_child():
    assert play(OF, {"streams": ["kept"]}) >> state("a") << []


def test_a_cursor_of_a_stream_out_of_scope_is_a_violation():
    assert play(OF, {"streams": ["a"]}) >> state("b") << [TerminateConnector]


@pytest.mark.parametrize(
    "wrong",
    [
        details("kept", "a", [], []),
        details("one", "c", [], []),
        details("one", "nobody", [], []),
        details("a", "a", [], []),
        details("one", "b", ["k", "k"], []),
        details("one", "b", ["k"], ["k", "k"]),
        details("one", "b", ["k"], ["j"]),
        details("one", "b", ["k"], [], gap_keys=["j"]),
        details("one", "b", ["k"], ["k"], gap_keys=["k"]),
        details("one", "b", [""], []),
        {**details("one", "b", [], []), "reference_only": False},
        {**details("one", "b", [], []), "required_keys": None},
    ],
)
def test_an_account_that_does_not_add_up_is_a_violation(wrong):
    assert play(OF) >> wrong << [TerminateConnector]


def test_a_pair_is_accounted_for_once():
    assert (
        play(OF)
        >> details("two", "b", [], [])
        << []
        >> details("two", "c", [], [])
        << []
        >> details("two", "b", [], [])
        << [TerminateConnector]
    )


def test_an_account_of_a_stream_out_of_scope_is_a_violation():
    assert play(OF, {"streams": ["b"]}) >> details("one", "b", [], []) << [TerminateConnector]


def test_a_skip_of_a_stream_out_of_scope_certifies_nothing():
    book = (play(OF, {"streams": ["a", "kept"]}) >> state("a") >> skip("b") >> certified()).finish(1)
    assert not book.outcome.certified
    assert book.of(CommitCheckpoints) == []


def test_a_connector_that_starts_again_accounts_anew():
    book = play(OF) >> state("b") >> details("one", "b", ["k1"], []) >> Restarted()
    assert (book >> done()).finish().outcome.withheld == {"b": "detail_silent"}
