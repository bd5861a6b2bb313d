"""RS-4.1: tokens stand at the edges of what is covered, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.ledger.plan import windows
from polyhost.ledger.ranges import add
from polyhost.ledger.state import CursorOrder, PartitionRule, PartitionState, Range, ResumeToken
from polyhost.ledger.tokens import keep_tokens, token_at, without_token

pytestmark = pytest.mark.requirement("RS-4.1")

ORDER = CursorOrder.NUMERIC
RULE = PartitionRule(stream="m", field="c", cursor_field="n", order=ORDER)
COVERED = (Range(None, "10"), Range("20", "30"))


def older(at: str, word: str = "t") -> ResumeToken:
    return ResumeToken(at, "older", word)


def newer(at: str, word: str = "t") -> ResumeToken:
    return ResumeToken(at, "newer", word)


def test_a_token_stands_where_something_begins_or_ends():
    told = [older("20"), newer("30"), newer("10"), older("10"), newer("20"), older("25")]
    assert set(keep_tokens((), told, COVERED, ORDER)) == {older("20"), newer("30"), newer("10")}


def test_the_later_of_two_counts_and_a_position_is_one_however_it_is_written():
    kept = keep_tokens((older("20", "first"),), [older("020", "second")], COVERED, ORDER)
    assert [one.token for one in kept] == ["second"]
    assert token_at(kept, "older", "20", ORDER) == "second"
    assert token_at(kept, "newer", "20", ORDER) is None
    assert token_at(kept, "older", None, ORDER) is None


def test_a_refused_one_is_forgotten_wherever_it_stands():
    assert without_token((older("20", "a"), newer("10", "a"), newer("30", "b")), "a") == (newer("30", "b"),)


def test_a_window_brings_the_tokens_of_its_ends():
    """A hole is read on downwards from above it, or upwards from below it; what is new, from the top."""
    state = PartitionState(
        stream="m", key="c", covered=COVERED, tokens=(older("20", "down"), newer("10", "up"), newer("30", "on"))
    )
    new, hole = windows(state, RULE)[:2]
    assert (new.since, new.until, new.older, new.newer) == ("30", None, None, "on")
    assert (hole.since, hole.until, hole.older, hole.newer) == ("10", "20", "down", "up")


def test_what_is_new_is_one_window_where_only_a_token_leads_there():
    """Otherwise it ends at the newest that is stored, so that what is gone since is proven away."""
    state = PartitionState(stream="m", key="c", covered=(Range(None, "10"),), tokens=(newer("10"),))
    assert [(w.since, w.until) for w in windows(state, RULE, newest="15")] == [("10", None)]
    bare = PartitionState(stream="m", key="c", covered=(Range(None, "10"),))
    assert [(w.since, w.until) for w in windows(bare, RULE, newest="15")] == [("15", None), ("10", "15")]


pieces = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted).map(lambda two: Range(str(two[0]), str(two[1])))


@given(st.lists(st.tuples(pieces, st.booleans(), st.booleans()), max_size=12))
def test_every_token_kept_is_at_an_edge_and_there_are_no_more_than_edges(told):
    covered, tokens = (), ()
    for number, (piece, down, up) in enumerate(told):
        covered = add(covered, piece, ORDER)
        new = [older(piece.since, f"o{number}")] * down + [newer(piece.until, f"n{number}")] * up
        tokens = keep_tokens(tokens, new, covered, ORDER)
        assert {one.at for one in tokens if one.way == "older"} <= {piece.since for piece in covered}
        assert {one.at for one in tokens if one.way == "newer"} <= {piece.until for piece in covered}
        assert len(tokens) <= 2 * len(covered)
