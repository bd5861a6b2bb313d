"""Plain text: a file per conversation and month, a line per record. To read in a pager, to search with grep, to paste.

What people wrote stands as they wrote it, without the control characters that a terminal would obey.
"""

from __future__ import annotations

from collections.abc import Sequence

from polyhost.exports.base import Row
from polyhost.exports.paged_text import PagedText
from polyhost.exports.pages import Group, Page
from polyhost.exports.telling import tell
from polyhost.foreign_text import clean, one_line
from polyhost.humanize import short_time

__all__ = ["Text"]

_INDENT = "    "
"""In front of whatever belongs to the line above it: further lines, fields, replies."""
_NO_TIME = "-" * len("2026-11-22 03:15")


class Text(PagedText):
    ending = "txt"

    def head(self, group: Group, page: Page) -> str:
        return f"{one_line(group.title)}, {page.title}\n\n"

    def record(self, row: Row) -> str:
        return _record(row)

    def index(self, groups: Sequence[Group]) -> str:
        lines = [one_line(self.plan.connection), *map(one_line, self.plan.statement), ""]
        for group in groups:
            lines.append(f"{one_line(group.title)} ({group.rows:,})")
            lines += [f"{_INDENT}{page.path}" for page in group.pages]
        return "\n".join(lines) + "\n"


def _record(row: Row) -> str:
    """`2026-11-22 03:15  Ada: Good morning.`, and below it what else there is to say; a reply is indented."""
    called, text, fields = tell(row)
    marks = (" (deleted)" if row.deleted else "") + ("" if row.current else " (before it was edited)")
    first, *further = clean(text or "").split("\n")
    said = f": {first}" if first else ""
    below = [*further, *(f"{one_line(name)}: {one_line(value)}" for name, value in fields)]
    head = f"{short_time(row.time, missing=_NO_TIME)}  {one_line(called)}{marks}{said}"
    indent = _INDENT if row.member else ""
    return "".join(f"{indent}{line}".rstrip() + "\n" for line in (head, *(_INDENT + line for line in below)))
