"""Sort keys compare like the declared order; nothing is ever a float (ours; trap: cursors compared as floats or as text
of unequal length)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.ledger.cursor import compare, maximum, minimum, sort_key
from polyhost.ledger.state import CursorOrder
from polyhost.protocol.positions import FRACTION_DIGITS, INTEGER_DIGITS, position_key

integers = st.integers(min_value=0, max_value=10**INTEGER_DIGITS - 1)
fractions = st.integers(min_value=0, max_value=10**FRACTION_DIGITS - 1)
texts = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=40)


positions = st.one_of(
    st.from_regex(r"\A0{0,15}[0-9]{0,22}(\.0{0,15}[0-9]{0,14})?\Z"),
    st.text(max_size=20),
    st.text(alphabet="0123456789.-", max_size=24),
    st.text(st.characters(), min_size=250, max_size=260),
)


def _sign(left: object, right: object) -> int:
    return (left > right) - (left < right)  # type: ignore[operator]


@given(integers, integers)
def test_numeric_compares_as_integers(left: int, right: int):
    assert compare(str(left), str(right), CursorOrder.NUMERIC) == _sign(left, right)


@given(integers, fractions, integers, fractions)
def test_decimal_compares_as_two_integers(a: int, b: int, c: int, d: int):
    assert compare(f"{a}.{b}", f"{c}.{d}", CursorOrder.DECIMAL) == _sign((a, b), (c, d))


@given(texts, texts)
def test_lexical_compares_as_text(left: str, right: str):
    assert compare(left, right, CursorOrder.LEXICAL) == _sign(left, right)


def _key(value: str, order: CursorOrder) -> str | None:
    try:
        return sort_key(value, order)
    except ValueError:
        return None


@pytest.mark.requirement("RS-1.6")
@pytest.mark.parametrize("order", CursorOrder)
@given(left=positions, right=positions)
def test_what_the_protocol_takes_for_a_position_the_ledger_can_place(order: CursorOrder, left: str, right: str):
    """Two readings of one order would let a message in that the ledger cannot carry out."""
    keys = [_key(value, order) for value in (left, right)]
    read = [position_key(order, value) for value in (left, right)]
    assert [key is None for key in keys] == [one is None for one in read]
    if None not in keys:
        assert _sign(*keys) == _sign(*read)


@given(integers, fractions)
def test_keys_of_one_order_have_one_width(whole: int, fraction: int):
    assert len(sort_key(f"{whole}.{fraction}", CursorOrder.DECIMAL)) == INTEGER_DIGITS + 1 + FRACTION_DIGITS
    assert len(sort_key(str(whole), CursorOrder.NUMERIC)) == INTEGER_DIGITS


@pytest.mark.parametrize(
    ("left", "right"),
    [("5", "5.0"), ("5.10", "05.010"), ("1700000000.000100", "1700000000.100"), ("0" * 30 + "5", "5")],
)
def test_a_missing_fraction_is_zero_and_leading_zeros_mean_nothing(left: str, right: str):
    assert compare(left, right, CursorOrder.DECIMAL) == 0


def test_digits_beyond_a_double_still_count():
    """1700000000.000100 and .000101 differ in the 16th digit; a double is at its end there."""
    assert compare("1700000000123456.000100", "1700000000123456.000101", CursorOrder.DECIMAL) == -1


@pytest.mark.parametrize(
    ("value", "order"),
    [
        ("", CursorOrder.NUMERIC),
        ("-1", CursorOrder.NUMERIC),
        ("1e5", CursorOrder.NUMERIC),
        ("1.5", CursorOrder.NUMERIC),
        ("٣", CursorOrder.NUMERIC),
        ("1" * 21, CursorOrder.NUMERIC),
        (".5", CursorOrder.DECIMAL),
        ("5.", CursorOrder.DECIMAL),
        ("1.2.3", CursorOrder.DECIMAL),
        ("1,5", CursorOrder.DECIMAL),
        ("1." + "1" * 13, CursorOrder.DECIMAL),
        ("", CursorOrder.LEXICAL),
        ("x" * 256, CursorOrder.LEXICAL),
        ("a\nb", CursorOrder.LEXICAL),
        ("a\x00b", CursorOrder.LEXICAL),
        ("a\x85b", CursorOrder.LEXICAL),
        ("a\ud800b", CursorOrder.LEXICAL),
    ],
)
def test_what_is_no_cursor_of_the_order_is_refused(value: str, order: CursorOrder):
    with pytest.raises(ValueError, match="cursor"):
        sort_key(value, order)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=255))
def test_every_text_that_can_be_kept_is_a_position_and_its_own_key(text: str):
    assert sort_key(text, CursorOrder.LEXICAL) == text


def test_greatest_and_least_ignore_what_is_absent():
    values = [None, "9.0", "10.0", None]
    assert maximum(values, CursorOrder.DECIMAL) == "10.0"
    assert minimum(values, CursorOrder.DECIMAL) == "9.0"
    assert maximum([None], CursorOrder.DECIMAL) is None
    assert minimum([], CursorOrder.DECIMAL) is None
