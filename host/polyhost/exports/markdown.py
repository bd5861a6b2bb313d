"""Markdown: a page per partition and month, to read, to keep in a notes program, to diff.

What people wrote is escaped: it is shown as text and starts no heading, link or HTML of its own. Names are in one line,
and nothing speaks to a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote as quote_path

from polyhost.exports.base import Row, RowFile
from polyhost.exports.paged_text import PagedText
from polyhost.exports.pages import Group, Page
from polyhost.exports.telling import tell
from polyhost.foreign_text import clean, one_line
from polyhost.humanize import byte_count, short_time
from polyhost.text.renderings.markdown import escaped, markdown_text

__all__ = ["Markdown"]


class Markdown(PagedText):
    ending = "md"

    def head(self, group: Group, page: Page) -> str:
        return f"# {_name(group.title)} · {page.title}\n"

    def record(self, row: Row) -> str:
        return _record(row, self.up)

    def index(self, groups: Sequence[Group]) -> str:
        lines = [f"# {_name(self.plan.connection)}", "", *map(_name, self.plan.statement), ""]
        for stream in self.plan.streams:
            own = [group for group in groups if group.stream == stream.name]
            lines += [f"## {_name(stream.title)}", ""] if own else []
            for group in own:
                links = ", ".join(f"[{page.title}]({page.path})" for page in group.pages)
                lines.append(f"- {_name(group.title)} ({group.rows:,}): {links}")
            lines += [""] if own else []
        return "\n".join(lines)


def _record(row: Row, up: str) -> str:
    called, _, fields = tell(row)
    quote = "> " if row.member else ""
    marks = "".join((" *(deleted)*" if row.deleted else "", "" if row.current else " *(before it was edited)*"))
    lines = [f"**{_name(called)}** {short_time(row.time, missing='')}{marks}", ""]
    if row.document:
        lines += clean(markdown_text(row.document, row.names)).split("\n")
    elif row.body:
        lines += [line + "  " if line else "" for line in escaped(clean(row.body[0][1])).split("\n")]
    lines += [f"- {_name(name)}: {_name(text)}" for name, text in fields]
    lines += [f"- {_file(file, up)}" for file in row.files]
    return "\n" + "".join(f"{quote}{line}".rstrip(" ") + ("  " if line.endswith("  ") else "") + "\n" for line in lines)


def _file(file: RowFile, up: str) -> str:
    """A picture, a link, or why it is not here."""
    if file.path is None:
        return f"{_name(file.called)}: not here. {_name(file.why or '')}"
    if not file.opens:
        return f"{_name(file.called)} ({byte_count(file.size)}), in {_name(file.path)}"
    link = f"[{_name(file.called)}](<{up}{quote_path(file.path)}>)"
    return f"!{link}" if file.kind == "picture" else f"{link} ({byte_count(file.size)})"


def _name(text: str) -> str:
    return escaped(one_line(text))
