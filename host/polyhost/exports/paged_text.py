"""Writing an export whose pages are text files, one of which is open at a time.

Owns: opening and closing them. Must not know: what a page, a record or the index looks like; a format says it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, TextIO

from polyhost.exports.base import Plan, Row, Writer
from polyhost.exports.pages import Group, Page, Pages

__all__ = ["PagedText"]


class PagedText(Writer):
    """`ending`: of the pages' names and of the index's. Bytes that are no text are written as question marks."""

    ending: ClassVar[str]
    up: str = ""
    """From the page that is open to the folder of the export."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self.plan = plan
        self._pages = Pages(self.ending)
        self._page: Page | None = None
        self._file: TextIO | None = None

    @abstractmethod
    def head(self, group: Group, page: Page) -> str:
        """What a page begins with."""

    @abstractmethod
    def record(self, row: Row) -> str:
        """One record."""

    @abstractmethod
    def index(self, groups: Sequence[Group]) -> str:
        """What leads to the pages."""

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            group, page = self._pages.place(row)
            if page is not self._page or self._file is None:
                self._file = self._open(group, page)
            self._file.write(self.record(row))

    def _open(self, group: Group, page: Page) -> TextIO:
        self.abandon()
        self._page = page
        self.up = "../" * page.path.count("/")
        path = self._folder / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8", errors="replace", newline="\n")
        file.write(self.head(group, page))
        return file

    def finish(self) -> None:
        self.abandon()
        text = self.index(self._pages.groups)
        (self._folder / f"index.{self.ending}").write_text(text, encoding="utf-8", errors="replace")

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
