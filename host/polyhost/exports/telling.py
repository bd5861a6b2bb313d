"""What of a record is told on a page, whatever the page looks like: who, when, what.

Must not know: any one source, markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import orjson

from polyhost.exports.base import Row
from polyhost.protocol.headline import is_held

__all__ = ["Told", "heading", "tell"]

_SHORT = 500
"""Characters of a field that is told beside the text; the whole is in JSON Lines."""
Told = tuple[str, str | None, Sequence[tuple[str, str]]]
"""A record as it is told: its heading; what it says, None where that is nothing, or nothing but what it is called; and
texts that say something else, each with its name in words; of a record without any text, all it has."""


def heading(row: Row) -> str:
    """Who it is from, or what it is."""
    return row.author or row.name or row.key


def tell(row: Row) -> Told:
    """Everything that is told of a record, but when it was."""
    called, body = heading(row), row.body
    if not body:
        return called, None, [(_in_words(name), _short(text)) for name, text in _fields(row)]
    text = body[0][1]
    others = [(_in_words(name), _short(told)) for name, told in body[1:] if told not in (called, text)]
    return called, None if text == called else text, others


@lru_cache(maxsize=1024)  # a stream's fields are few, and are told of each of its records
def _in_words(name: str) -> str:
    """`files.0.name` as files name, `real_name` as real name."""
    return " ".join(part.replace("_", " ") for part in name.split(".") if not part.isdigit())


def _fields(row: Row) -> Iterator[tuple[str, str]]:
    for name, value in (row.data or {}).items():
        if is_held(value):
            yield name, value if isinstance(value, str) else orjson.dumps(value).decode()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"
