"""Markdown: a page per partition and month, to read, to keep in a notes program, to diff.

What people wrote is escaped: it is shown as text and starts no heading, link or HTML of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from polyhost.exports.base import Plan, Row, Writer
from polyhost.exports.pages import Group, Page, Pages
from polyhost.exports.telling import tell
from polyhost.humanize import short_time

__all__ = ["Markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+[.)])", re.MULTILINE)


class Markdown(Writer):
    """One page is open at a time."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._pages = Pages("md")
        self._page: Page | None = None
        self._file: TextIO | None = None

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            group, page = self._pages.place(row)
            if page is not self._page or self._file is None:
                self._file = self._open(group, page)
            self._file.write(_record(row))

    def _open(self, group: Group, page: Page) -> TextIO:
        self.abandon()
        self._page = page
        path = self._folder / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8", errors="replace", newline="\n")
        file.write(f"# {_escaped(group.title)} · {page.title}\n")
        return file

    def finish(self) -> None:
        self.abandon()
        lines = [f"# {_escaped(self._plan.connection)}", "", *map(_escaped, self._plan.statement), ""]
        for stream in self._plan.streams:
            groups = [group for group in self._pages.groups if group.stream == stream.name]
            lines += [f"## {_escaped(stream.title)}", ""] if groups else []
            for group in groups:
                links = ", ".join(f"[{page.title}]({page.path})" for page in group.pages)
                lines.append(f"- {_escaped(group.title)} ({group.rows:,}): {links}")
            lines += [""] if groups else []
        (self._folder / "index.md").write_text("\n".join(lines), encoding="utf-8", errors="replace")

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _record(row: Row) -> str:
    called, _, fields = tell(row)
    quote = "> " if row.member else ""
    marks = "".join((" *(deleted)*" if row.deleted else "", "" if row.current else " *(before it was edited)*"))
    lines = [f"**{_escaped(called)}** {short_time(row.time, missing='')}{marks}", ""]
    if row.body:
        lines += [line + "  " if line else "" for line in _escaped(row.body[0][1]).splitlines()]
    lines += [f"- {_escaped(name)}: {_escaped(text)}" for name, text in fields]
    return "\n" + "".join(f"{quote}{line}".rstrip(" ") + ("  " if line.endswith("  ") else "") + "\n" for line in lines)


def _escaped(text: str) -> str:
    return _LINE_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text))
