"""Marks around words that style them, as chat formats write them: `*strong*`, `_emphasis_`, `~struck~`.

Owns: which mark opens and which closes. Must not know: any one format's other syntax.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from polyhost.text.tree import MOST_DEPTH, Inline, Style, Styled, Text, merged

__all__ = ["Mark", "styled"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One such character. A mark opens before a word and closes behind one."""

    sign: str
    opens: bool
    closes: bool


def styled(parts: Iterable[Inline | Mark], styles: Mapping[str, Style]) -> tuple[Inline, ...]:
    """The parts with every pair of marks as what it means; a mark without its other is text.

    Takes time in proportion to the parts: of the open ones of a sign only the last is looked for.
    """
    levels: list[tuple[str, list[Inline]]] = [("", [])]
    for part in parts:
        if not isinstance(part, Mark):
            levels[-1][1].append(part)
        elif part.closes and any(sign == part.sign for sign, _ in levels):
            _close(levels, part.sign, styles)
        elif part.opens and len(levels) < MOST_DEPTH // 2:
            levels.append((part.sign, []))
        else:
            levels[-1][1].append(Text(part.sign))
    while len(levels) > 1:
        _give_up(levels)
    return merged(levels[0][1])


def _close(levels: list[tuple[str, list[Inline]]], sign: str, styles: Mapping[str, Style]) -> None:
    while levels[-1][0] != sign:
        _give_up(levels)
    _, children = levels.pop()
    if children:
        levels[-1][1].append(Styled(styles[sign], merged(children)))
    else:
        levels[-1][1].append(Text(sign * 2))


def _give_up(levels: list[tuple[str, list[Inline]]]) -> None:
    """The innermost mark that is open had no other: it is text."""
    sign, children = levels.pop()
    levels[-1][1].extend((Text(sign), *children))
