"""What of a record is told on a page, whatever the page looks like: who, when, what.

Must not know: any one source, markup.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from polyhost.exports.base import Row

__all__ = ["field_words", "heading", "main_text", "other_fields"]

_SHORT = 500
"""Characters of a field that is told beside the text; the whole is in JSON Lines."""


def heading(row: Row) -> str:
    """Who it is from, or what it is."""
    return row.author or row.name or row.key


def main_text(row: Row) -> str | None:
    """What it says; None where that is nothing, or nothing but what it is called."""
    text = row.body[0][1] if row.body else None
    return None if text == heading(row) else text


def field_words(name: str) -> str:
    """`files.0.name` as files name, `real_name` as real name."""
    return " ".join(part.replace("_", " ") for part in name.split(".") if not part.isdigit())


def other_fields(row: Row) -> Iterator[tuple[str, str]]:
    """Texts beside the first one that say something else than its heading; of a record without any text, all its
    fields."""
    if row.body:
        said = {heading(row), row.body[0][1]}
        yield from ((name, _short(text)) for name, text in row.body[1:] if text not in said)
        return
    for name, value in (row.data or {}).items():
        if value not in (None, "", [], {}):
            yield name, _short(value if isinstance(value, str) else orjson.dumps(value).decode())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"
