"""Records cut into pages a person can read: by partition and month, threads under their heads, none too long.

Owns: which page a row is on, and what each is called. Must not know: what a page looks like.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from polyhost.exports.base import Row
from polyhost.searching.words import words

__all__ = ["ALL", "NO_MONTH", "Group", "Page", "Pages"]

PAGE_ROWS = 2_000
"""Records on a page: more make it slow to open; a month that has more goes on on further pages."""
NO_MONTH = "no-date"
ALL = "all"
"""In place of a month: of a part's records those without a moment; a stream that has no parts."""
_UNSAFE = re.compile(r"[^a-z0-9]+")
_NAME = 40
"""Characters of a label in a file's name."""


@dataclass(slots=True)
class Page:
    """`path` is relative to the export's folder. `number`: which of the month's pages."""

    path: str
    month: str
    number: int
    rows: int = 0

    @property
    def title(self) -> str:
        return self.month if self.number == 1 else f"{self.month} ({self.number})"


@dataclass(slots=True)
class Group:
    """The pages of one partition, or of a stream that has none."""

    stream: str
    partition: str | None
    title: str
    folder: str
    rows: int = 0
    pages: list[Page] = field(default_factory=list[Page])


class Pages:
    """Told of rows in order; says where each belongs."""

    def __init__(self, ending: str) -> None:
        self._ending = ending
        self._taken: set[str] = set()
        self._month = NO_MONTH
        self.groups: list[Group] = []

    def place(self, row: Row) -> tuple[Group, Page]:
        """The page of this row. A member stays with its head, whatever its own month."""
        group = self.groups[-1] if self.groups else None
        if group is None or (group.stream, group.partition) != (row.stream, row.partition):
            group = self._new_group(row)
        if not row.member or not group.pages:
            undated = ALL if row.partition is None else NO_MONTH
            self._month = row.time[:7] if row.time else undated
        page = group.pages[-1] if group.pages else None
        if page is None or page.month != self._month or (page.rows >= PAGE_ROWS and not row.member):
            page = self._new_page(group)
        group.rows += 1
        page.rows += 1
        return group, page

    def _new_group(self, row: Row) -> Group:
        title = row.label or row.partition or row.stream
        folder = _slug(row.stream)
        if row.partition is not None:
            number = sum(group.stream == row.stream for group in self.groups) + 1
            folder += f"/{number:04d}-{_slug(title)}"
        group = Group(row.stream, row.partition, title, folder)
        self.groups.append(group)
        return group

    def _new_page(self, group: Group) -> Page:
        number = 1
        while True:
            name = self._month if number == 1 else f"{self._month}-{number}"
            path = f"{group.folder}/{name}.{self._ending}"
            if path not in self._taken:
                break
            number += 1
        self._taken.add(path)
        page = Page(path, self._month, number)
        group.pages.append(page)
        return page


def _slug(text: str) -> str:
    """Plain letters and digits: safe in a path and a link on any system."""
    return _UNSAFE.sub("-", "-".join(words(text)))[:_NAME].strip("-") or "x"
