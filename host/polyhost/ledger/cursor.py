"""Comparing cursor values in the order the manifest declares, as text and never as floats.

Owns: sort keys (text of fixed width that compares like the declared order). Must not know: ranges, partitions, where a
cursor came from.

`decimal` is two integers around a dot, each compared as an integer: "5" equals "5.0", "5.9" is before "5.10". Leading
zeros mean nothing. Values that differ only in them are the same position.

`lexical` is by code points, as text compares here and in a store; nothing is normalised. Every text is one but for what
cannot be kept or shown (`protocol.positions`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from polyhost.ledger.state import CursorOrder
from polyhost.protocol.positions import FRACTION_DIGITS, INTEGER_DIGITS, MAX_CHARACTERS, is_writable

__all__ = ["compare", "maximum", "minimum", "sort_key"]


def sort_key(value: str, order: CursorOrder) -> str:
    """Text that compares like `value` does under `order`. ValueError where `value` is none of that order."""
    return _KEYS[order](value)


def compare(left: str, right: str, order: CursorOrder) -> int:
    """-1, 0 or 1."""
    left_key, right_key = sort_key(left, order), sort_key(right, order)
    return (left_key > right_key) - (left_key < right_key)


def maximum(values: Iterable[str | None], order: CursorOrder) -> str | None:
    """The greatest value; None where there is none. None among the values counts for nothing."""
    return max((value for value in values if value is not None), key=lambda value: sort_key(value, order), default=None)


def minimum(values: Iterable[str | None], order: CursorOrder) -> str | None:
    """The least value; None where there is none. None among the values counts for nothing."""
    return min((value for value in values if value is not None), key=lambda value: sort_key(value, order), default=None)


def _lexical(value: str) -> str:
    if not value or len(value) > MAX_CHARACTERS:
        raise ValueError(f"a lexical cursor has 1 to {MAX_CHARACTERS} characters, this one has {len(value)}")
    if not is_writable(value):
        raise ValueError("a lexical cursor holds no control characters and no half characters")
    return value


def _numeric(value: str) -> str:
    return _digits(value, INTEGER_DIGITS, "a numeric cursor")


def _decimal(value: str) -> str:
    whole, dot, fraction = value.partition(".")
    if whole.isdigit() and fraction.isdigit() and value.isascii():  # as nearly every one; the rest is for the others
        before, after = whole.zfill(INTEGER_DIGITS), fraction.zfill(FRACTION_DIGITS)
        if len(before) == INTEGER_DIGITS and len(after) == FRACTION_DIGITS:
            return f"{before}.{after}"
    if not dot:
        fraction = "0"
    before = _digits(whole, INTEGER_DIGITS, "a decimal cursor before the dot")
    return f"{before}.{_digits(fraction, FRACTION_DIGITS, 'a decimal cursor after the dot')}"


def _digits(value: str, width: int, what: str) -> str:
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"{what} is written in the digits 0 to 9 only")
    if len(value) > width:
        value = value.lstrip("0")
        if len(value) > width:
            raise ValueError(f"{what} has at most {width} digits, this one has {len(value)}")
    return value.zfill(width)


_KEYS: dict[CursorOrder, Callable[[str], str]] = {
    CursorOrder.LEXICAL: _lexical,
    CursorOrder.NUMERIC: _numeric,
    CursorOrder.DECIMAL: _decimal,
}
