"""Plain text: a file per conversation and month, a line per record. To read in a pager, to search with grep, to paste.

What people wrote stands as they wrote it, without the control characters that a terminal would obey.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from polyhost.exports.base import Row
from polyhost.exports.paged_text import PagedText
from polyhost.exports.pages import Group, Page
from polyhost.exports.telling import tell
from polyhost.humanize import short_time

__all__ = ["Text"]

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Also those that turn the direction of what follows them."""
_INDENT = "    "
"""In front of whatever belongs to the line above it: further lines, fields, replies."""
_NO_TIME = "-" * len("2026-11-22 03:15")


class Text(PagedText):
    ending = "txt"

    def head(self, group: Group, page: Page) -> str:
        return f"{_line(group.title)}, {page.title}\n\n"

    def record(self, row: Row) -> str:
        return _record(row)

    def index(self, groups: Sequence[Group]) -> str:
        lines = [_line(self.plan.connection), *map(_line, self.plan.statement), ""]
        for group in groups:
            lines.append(f"{_line(group.title)} ({group.rows:,})")
            lines += [f"{_INDENT}{page.path}" for page in group.pages]
        return "\n".join(lines) + "\n"


def _record(row: Row) -> str:
    """`2026-11-22 03:15  Ada: Good morning.`, and below it what else there is to say; a reply is indented."""
    called, text, fields = tell(row)
    marks = (" (deleted)" if row.deleted else "") + ("" if row.current else " (before it was edited)")
    first, *further = _printable(text or "").split("\n")
    said = f": {first}" if first else ""
    below = [*further, *(f"{_line(name)}: {_line(value)}" for name, value in fields)]
    head = f"{short_time(row.time, missing=_NO_TIME)}  {_line(called)}{marks}{said}"
    indent = _INDENT if row.member else ""
    return "".join(f"{indent}{line}".rstrip() + "\n" for line in (head, *(_INDENT + line for line in below)))


def _printable(text: str) -> str:
    return _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def _line(text: str) -> str:
    """A name in one line: what follows a line break in it would look like a record."""
    return " ".join(_printable(text).split())
