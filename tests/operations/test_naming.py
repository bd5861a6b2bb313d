"""RD-2: a name is taken wherever a key is; one that fits nothing, or several, is refused with what comes nearest."""

import pytest

from polyhost.errors import RefusedError
from polyhost.operations.naming import named_among

pytestmark = pytest.mark.requirement("RD-2")

KNOWN = {
    "C1": "general",
    "C2": "general-old",
    "C3": "random",
    "C4": None,
    "C5": "Über uns",
    "C6": "C1",
    "C7": "twice",
    "C8": "twice",
}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("C1", "C1"),  # a key comes before a name
        ("C4", "C4"),
        ("general", "C1"),
        ("#general", "C1"),
        ("@random", "C3"),
        ("GENERAL-OLD", "C2"),
        ("über uns", "C5"),
        ("rand*", "C3"),
        ("*uns", "C5"),
        ("[c]4", "C4"),
    ],
)
def test_a_partition_is_known_by_its_key_its_name_and_a_pattern(name: str, key: str):
    assert named_among(name, KNOWN, of="slack") == key


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("general*", "'general*' fits 2 partitions: general (C1), general-old (C2)"),
        ("twice", "'twice' fits 2 partitions: twice (C7), twice (C8)"),
    ],
)
def test_what_fits_several_is_refused_with_them(name: str, told: str):
    with pytest.raises(RefusedError) as refused:
        named_among(name, KNOWN, of="slack")
    assert (refused.value.code, refused.value.reason) == ("unknown_partition", told)


def test_of_many_that_fit_some_are_told_and_how_many_more():
    with pytest.raises(RefusedError, match=r"^'\*' fits 8 partitions: .*Über uns \(C5\) and 3 more\."):
        named_among("*", KNOWN, of="slack")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("genral", "The nearest: general (C1), general-old (C2)."),
        ("zzz", "There are: general (C1), general-old (C2), random (C3), C4, Über uns (C5)."),
        ("x*y", "There are: general (C1), general-old (C2), random (C3), C4, Über uns (C5)."),
        ("[", "There are: general (C1), general-old (C2), random (C3), C4, Über uns (C5)."),
    ],
)
def test_what_fits_nothing_is_refused_with_what_comes_nearest(name: str, hint: str):
    with pytest.raises(RefusedError) as refused:
        named_among(name, KNOWN, of="slack")
    assert refused.value.reason == f"slack has no partition {name!r}"
    assert refused.value.instruction == hint


def test_where_nothing_is_known_yet_a_run_is_what_helps():
    with pytest.raises(RefusedError) as refused:
        named_among("general", {}, of="slack")
    assert refused.value.instruction == "Nothing is known of it yet; run it first."
