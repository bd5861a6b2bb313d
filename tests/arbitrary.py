"""Values that nobody would send on purpose: any JSON, and valid messages with anything in place of their parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

__all__ = ["anything", "bent"]

_LETTERS = st.characters(exclude_categories=["Cs"])
_TEXTS = st.one_of(
    st.text(_LETTERS, max_size=12),
    st.sampled_from(["", "messages", "notes", "C1", "1.0", "2.5", "0" * 40, "9" * 400, "null", "__proto__", "\0", "é"]),
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXTS,
)
anything: st.SearchStrategy[Any] = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3), max_leaves=6
)
"""Any JSON value, small."""


@st.composite
def bent(draw: st.DrawFn, *valid: Mapping[str, Any]) -> dict[str, Any]:
    """One of these, with none, one or more of its parts replaced, left out or added to, at any depth."""
    found: dict[str, Any] = _copy(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(0, 3))):
        _bend(draw, found)
    return found


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(inner) for name, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list | tuple) else value


def _bend(draw: st.DrawFn, inside: dict[str, Any]) -> None:
    if not inside:
        return
    name = draw(st.sampled_from(sorted(inside)))
    inner = inside[name]
    if isinstance(inner, dict) and inner and draw(st.booleans()):
        _bend(draw, inner)
    elif draw(st.integers(0, 4)) == 0:
        del inside[name]
    else:
        inside[name] = draw(anything)
