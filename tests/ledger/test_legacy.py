"""State of another tool leads to a plan that reads everything (PR-2.3, PR-2.5)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.errors import RefusedError
from polyhost.ledger.legacy import LegacyState, read_legacy
from polyhost.ledger.plan import windows
from polyhost.ledger.state import Range

from .builders import AT, RULE

cursors = st.builds("{}.{:06}".format, st.integers(1, 10**10), st.integers(0, 999_999))
keys = st.text("ABC012", min_size=1, max_size=4)


def _floors(legacy: LegacyState) -> dict[str, str | None]:
    return {state.key: state.legacy_floor for state in legacy.states}


def test_a_high_water_of_a_partitions_own_is_its_floor():
    legacy = read_legacy(
        {"last_ts": "9.0", "channel_last_ts": {"C1": "5.0"}, "observed_channel_ids": ["C1"]}, RULE, at=AT
    )
    assert (_floors(legacy), legacy.high_water) == ({"C1": "5.0"}, None)


@pytest.mark.requirement("PR-2.2", "PR-2.5")
def test_a_global_high_water_is_no_floor_for_a_partition_left_out_of_a_map():
    legacy = read_legacy(
        {"last_ts": "9.0", "channel_last_ts": {"C1": "5.0"}, "observed_channel_ids": ["C2"]}, RULE, at=AT
    )
    assert (_floors(legacy), legacy.high_water) == ({"C1": "5.0", "C2": None}, None)


@pytest.mark.requirement("PR-2.3")
def test_a_global_high_water_is_the_floor_where_there_was_no_map():
    legacy = read_legacy({"last_ts": "9.0", "observed_channel_ids": ["C2", "C1", "C2"]}, RULE, at=AT)
    assert (_floors(legacy), legacy.high_water) == ({"C1": "9.0", "C2": "9.0"}, "9.0")
    assert read_legacy("9.0", RULE, at=AT) == LegacyState((), "9.0")


@pytest.mark.requirement("PR-2.3")
@given(st.none() | cursors, st.dictionaries(keys, cursors, max_size=4), st.lists(keys, max_size=4))
def test_whatever_it_says_nothing_is_covered_and_everything_is_planned(last, floors, observed):
    value = {"last_ts": last, "channel_last_ts": floors, "observed_channel_ids": observed}
    legacy = read_legacy(value, RULE, at=AT)
    assert {state.key for state in legacy.states} == {*floors, *observed}
    for state in legacy.states:
        assert (state.covered, state.high_water) == ((), None)
        planned = windows(state, RULE)
        assert (planned[0].until, planned[-1].since) == (None, None)
        assert all(above.since == below.until for above, below in itertools.pairwise(planned))


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        17.5,
        1700000000,
        "",
        "yesterday",
        {"last_ts": 1700000000.0001},
        {"last_ts": "soon"},
        {"cursor": "9.0"},
        {"last_ts": "9.0", "extra": 1},
        {"channel_last_ts": ["C1"]},
        {"channel_last_ts": {"C1": None}},
        {"channel_last_ts": {"": "5.0"}},
        {"observed_channel_ids": "C1"},
        {"observed_channel_ids": [1]},
    ],
)
def test_anything_else_is_refused_with_what_is_accepted(value: object):
    with pytest.raises(RefusedError) as refused:
        read_legacy(value, RULE, at=AT)
    assert "observed_channel_ids" in refused.value.instruction


def test_ranges_are_not_invented():
    """A floor is a hint; only coverage makes a range."""
    [state] = read_legacy({"channel_last_ts": {"C1": "5.0"}}, RULE, at=AT).states
    assert Range(None, "5.0") not in state.covered
