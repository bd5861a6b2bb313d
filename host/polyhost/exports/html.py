"""A folder of pages to open in any browser from the disk: no script, nothing fetched, every text escaped.

Owns: which page is open and what each is given; `templates` are the pages, html.css is how they look. They tell the
browser to load nothing and to run nothing, whatever slipped through. Foreign text is cleaned and escaped by the
environment and by nothing else.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from polyhost.exports.base import Plan, Row, StreamPlan, Writer
from polyhost.exports.pages import ALL, NO_MONTH, Group, Page, Pages
from polyhost.exports.telling import Told, tell
from polyhost.foreign_text import clean, shown
from polyhost.humanize import byte_count, day_in_words, month_in_words
from polyhost.text.renderings.html import html_text

__all__ = ["Html"]

_STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
_DAY = len("2026-11-22")
_CLOCK = slice(_DAY + 1, _DAY + 1 + len("03:15"))
_MEDIA = "img-src 'self' file:; media-src 'self' file:; "
"""Where files lie beside the pages. What they may load are pictures and sounds, which run nothing."""
_POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"


@cache  # what the templates are compiled to serves every export of a process
def _environment(*, with_files: bool) -> Environment:
    made = Environment(
        loader=PackageLoader("polyhost.exports"),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    filters: dict[str, Any] = {"bytes": byte_count, "address": quote, "reads": _reads}
    made.filters.update(filters)
    policy = f"{_MEDIA}{_POLICY}" if with_files else _POLICY
    ours: dict[str, Any] = {"policy": Markup(policy), "style": Markup(_STYLE)}  # noqa: S704
    made.globals.update(ours)
    return made


class _Link(NamedTuple):
    href: str
    words: str


class _Part(NamedTuple):
    """A line of the index. `whole`: its one page is all there is of the stream."""

    name: str
    rows: str
    whole: bool
    links: Sequence[_Link]


_Shown = tuple[bool, bool, tuple[str, str] | None, Row, str | None, Told]
"""A record as `records.html` takes it: whether replies end and begin before it, the day that begins with it, the
record, what of its time the day does not say, and what is told of it."""


class Html(Writer):
    """One page is open at a time; each is closed with the way to the next."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._pages = Pages("html")
        self._templates = _environment(with_files=plan.with_files)
        self._records = self._templates.get_template("records.html")
        self._group: Group | None = None
        self._page: Page | None = None
        self._file: TextIO | None = None
        self._day: str | None = None
        self._in_replies = False
        self._up = ""
        self._waiting: list[_Shown] = []

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            group, page = self._pages.place(row)
            if page is not self._page or self._file is None:
                self._open(group, page)
            self._waiting.append(self._shown(row))
        self._write_waiting()

    def _shown(self, row: Row) -> _Shown:
        was_in_replies, self._in_replies = self._in_replies, row.member
        own, day = None if row.time is None else row.time[:_DAY], None
        if not row.member and own is not None and own != self._day:
            self._day, day = own, (own, day_in_words(own))
        return (
            was_in_replies and not row.member,
            row.member and not was_in_replies,
            day,
            row,
            None if row.time is None else _time(row.time, self._day),
            tell(row),
        )

    def _write_waiting(self) -> None:
        """In one go: a template takes its time to begin with."""
        if self._file is not None and self._waiting:
            self._file.write(self._records.render(records=self._waiting, up=self._up))
        self._waiting.clear()

    def _open(self, group: Group, page: Page) -> None:
        before = self._page if self._group is group else None
        self._close(page if before is not None else None)
        self._group, self._page = group, page
        path = self._folder / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _writable(path)
        self._up = "../" * page.path.count("/")
        stream = self._plan.stream(group.stream)
        words = _page_words(page)
        self._file.write(
            self._render(
                "page_start.html",
                title=_title(stream, group),
                words=words,
                under=stream.description if page.month == ALL and page.number == 1 else words,
                home=f"{self._up}index.html",
                connection=self._plan.connection,
                before=_link_beside(before),
                undated=page.month in {ALL, NO_MONTH},
            )
        )

    def _close(self, following: Page | None) -> None:
        self._write_waiting()
        if self._file is not None:
            end = self._render("page_end.html", ends_replies=self._in_replies, following=_link_beside(following))
            self._file.write(end)
            self._day, self._in_replies = None, False
            self.abandon()

    def finish(self) -> None:
        self._close(None)
        page = self._render(
            "index.html",
            connection=self._plan.connection,
            statement=self._plan.statement,
            sections=list(self._sections()),
        )
        with _writable(self._folder / "index.html") as file:
            file.write(page)

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _sections(self) -> Iterator[tuple[str, list[_Part]]]:
        """What is read comes first: the streams in parts; then the others, each a line."""
        others: list[_Part] = []
        for stream in self._plan.streams:
            parts = [_part(stream, group) for group in self._pages.groups if group.stream == stream.name]
            if not stream.partitioned:
                others += parts
            elif parts:
                yield stream.title, parts
        if others:
            yield "Also here", others

    def _render(self, template: str, **values: Any) -> str:
        return self._templates.get_template(template).render(values)


def _reads(row: Row) -> Markup:
    """What a record says, with our markup: all text in it is escaped."""
    return Markup(clean(html_text(row.document, row.names)))  # noqa: S704


def _writable(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", errors="replace", newline="\n")


def _time(time: str, day: str | None) -> str:
    """What of a record's time the day does not say that it stands under."""
    clock, own = time[_CLOCK], time[:_DAY]
    return clock if own == day else f"{day_in_words(own)}, {clock}"


def _title(stream: StreamPlan, group: Group) -> str:
    """A part by its name; a stream that has none by its own."""
    return stream.title if group.partition is None else group.title


def _page_words(page: Page) -> str:
    if page.month == ALL:
        return f"Page {page.number}"
    words = month_in_words(page.month) or "Without a date"
    return words if page.number == 1 else f"{words}, continued ({page.number})"


def _link_beside(page: Page | None) -> _Link | None:
    """To another page of the same folder."""
    return None if page is None else _Link(page.path.rpartition("/")[2], _page_words(page))


def _part(stream: StreamPlan, group: Group) -> _Part:
    return _Part(
        name=_title(stream, group),
        rows=f"{group.rows:,}",
        whole=len(group.pages) == 1 and group.partition is None,
        links=[_Link(page.path, _page_words(page)) for page in group.pages],
    )
