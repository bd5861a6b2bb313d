"""What of a record is told on a page, whatever the page looks like: who, when, what.

Must not know: any one source, markup.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from polyhost.exports.base import Row

__all__ = ["heading", "moment", "other_fields"]

_SHORT = 500
"""Characters of a field that is told beside the text; the whole is in JSON Lines."""


def heading(row: Row) -> str:
    """Who it is from, or what it is."""
    return row.author or row.name or row.key


def moment(time: str | None) -> str:
    """To the minute, in UTC."""
    return "" if time is None else f"{time[:10]} {time[11:16]}"


def other_fields(row: Row) -> Iterator[tuple[str, str]]:
    """Texts beside the first one; of a record without any text, all its fields."""
    if row.body:
        yield from ((name, _short(text)) for name, text in row.body[1:])
        return
    for name, value in (row.data or {}).items():
        if value not in (None, "", [], {}):
            yield name, _short(value if isinstance(value, str) else orjson.dumps(value).decode())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"
