"""Which partitions came before one (RS-4.4; ours)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.ledger.state import PartitionState
from polyhost.ledger.succession import predecessors

pytestmark = pytest.mark.requirement("RS-4.4")


def became(**successors: str | None) -> list[PartitionState]:
    return [PartitionState(stream="m", key=key, successor=successor) for key, successor in successors.items()]


@pytest.mark.parametrize(
    ("successors", "expected"),
    [
        ({"a": None}, {}),
        ({"a": "b", "b": None}, {"b": ["a"]}),
        ({"a": "b", "b": "c", "c": None}, {"b": ["a"], "c": ["b", "a"]}),
        ({"x": "c", "a": "c", "y": "a"}, {"a": ["y"], "c": ["a", "x", "y"]}),
        ({"a": "b", "b": "a"}, {"a": ["b"], "b": ["a"]}),
        ({"a": "b", "b": "c", "c": "b"}, {"b": ["a", "c"], "c": ["b", "a"]}),
        ({"a": "a"}, {"a": []}),
        ({"a": "nobody"}, {"nobody": ["a"]}),
    ],
)
def test_those_that_became_one_come_the_nearest_first(
    successors: dict[str, str | None], expected: dict[str, list[str]]
):
    assert predecessors(became(**successors)) == expected


@given(st.dictionaries(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdef")))
def test_a_chain_is_followed_to_its_end_and_no_circle_for_ever(successors: dict[str, str | None]):
    for key, found in predecessors(became(**successors)).items():
        assert len({key, *found}) == len(found) + 1
        for one in found:
            walked = [one]
            while walked[-1] != key:
                walked.append(successors[walked[-1]] or "")
                assert len({*walked}) == len(walked)
