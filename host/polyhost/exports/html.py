"""A folder of pages to open in any browser from the disk: no script, nothing fetched, every text escaped.

Owns: how the pages are built (html.css is how they look). They tell the browser to load nothing and to run nothing,
whatever slipped through; the one style is let in by its digest.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import TextIO

from polyhost.exports.base import Plan, Row, StreamPlan, Writer
from polyhost.exports.pages import ALL, NO_MONTH, Group, Page, Pages
from polyhost.exports.telling import field_words, heading, main_text, other_fields
from polyhost.humanize import day_in_words, month_in_words

__all__ = ["Html"]

_STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
_POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
_ARROWS = {"prev": "←", "next": "→"}
_FOOT = (
    "<footer><p>Written by polyhost. Times are UTC. This page loads nothing from anywhere, and needs no network.</p>"
    "</footer></body></html>\n"
)


class Html(Writer):
    """One page is open at a time; each is closed with the way to the next."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._pages = Pages("html")
        self._group: Group | None = None
        self._page: Page | None = None
        self._file: TextIO | None = None
        self._day: str | None = None
        self._in_replies = False

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            group, page = self._pages.place(row)
            if page is not self._page or self._file is None:
                self._file = self._open(group, page)
            self._file.write("".join((*self._between(row), *_record(row, self._day))))

    def _between(self, row: Row) -> Iterator[str]:
        """What stands before this row: the end or the beginning of replies, a new day."""
        if self._in_replies and not row.member:
            yield "</div>\n"
        if row.member and not self._in_replies:
            yield '<div class="replies" role="group" aria-label="Replies">\n'
        self._in_replies = row.member
        day = None if row.time is None else row.time[:10]
        if not row.member and day is not None and day != self._day:
            self._day = day
            yield f'<h2 class="day"><time datetime="{escape(day)}">{escape(day_in_words(day))}</time></h2>\n'

    def _open(self, group: Group, page: Page) -> TextIO:
        before = self._page if self._group is group else None
        self._close(page if before is not None else None)
        self._group, self._page = group, page
        path = self._folder / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8", errors="replace", newline="\n")
        stream = self._plan.stream(group.stream)
        title, under = _title(stream, group), _page_words(page)
        file.write(_head(f"{title} · {under}"))
        under = stream.description if page.month == ALL and page.number == 1 else under
        home = "../" * page.path.count("/") + "index.html"
        links = [f'<a href="{home}">{escape(self._plan.connection)}</a>', *_link(before, "prev")]
        file.write(f'<nav aria-label="Pages before">{"".join(links)}</nav>\n')
        dated = ' class="plain"' if page.month in {ALL, NO_MONTH} else ""
        file.write(f'<main{dated}>\n<h1 dir="auto">{escape(title)}</h1>\n<p class="under">{escape(under)}</p>\n')
        return file

    def _close(self, following: Page | None) -> None:
        if self._file is not None:
            replies = "</div>\n" if self._in_replies else ""
            self._day, self._in_replies = None, False
            links = "".join(_link(following, "next"))
            way = f'<nav aria-label="Pages after">{links}</nav>\n' if links else ""
            self._file.write(f"{replies}</main>\n{way}{_FOOT}")
            self._file.close()
            self._file = None

    def finish(self) -> None:
        self._close(None)
        with (self._folder / "index.html").open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(_head(self._plan.connection))
            file.write(f'<main>\n<h1 dir="auto">{escape(self._plan.connection)}</h1>\n')
            file.write('<p class="under">What is in this folder, and what it is worth.</p>\n')
            told = "".join(f"<li>{escape(sentence)}</li>" for sentence in self._plan.statement)
            file.write(f'<ul class="worth">{told}</ul>\n' if told else "")
            file.writelines(self._listing())
            file.write(f"</main>\n{_FOOT}")

    def _listing(self) -> Iterator[str]:
        """What is read comes first: the streams in parts; then the others, each a line."""
        whole: list[str] = []
        for stream in self._plan.streams:
            groups = [group for group in self._pages.groups if group.stream == stream.name]
            if groups and not stream.partitioned:
                whole += [_listed(stream, group) for group in groups]
            elif groups:
                yield f'<h2>{escape(stream.title)}</h2>\n<ul class="groups">\n'
                yield from (_listed(stream, group) for group in groups)
                yield "</ul>\n"
        if whole:
            yield f'<h2>Also here</h2>\n<ul class="groups">\n{"".join(whole)}</ul>\n'

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _head(title: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
    )


def _title(stream: StreamPlan, group: Group) -> str:
    """A part by its name; a stream that has none by its own."""
    return stream.title if group.partition is None else group.title


def _page_words(page: Page) -> str:
    if page.month == ALL:
        return f"Page {page.number}"
    words = month_in_words(page.month) or "Without a date"
    return words if page.number == 1 else f"{words}, continued ({page.number})"


def _link(page: Page | None, rel: str) -> Iterator[str]:
    """To another page of the same folder."""
    if page is not None:
        name = page.path.rpartition("/")[2]
        yield f'<a rel="{rel}" href="{escape(name)}">{_ARROWS[rel]} {escape(_page_words(page))}</a>'


def _listed(stream: StreamPlan, group: Group) -> str:
    count = f'<span class="count">{group.rows:,}</span>'
    name = escape(_title(stream, group))
    if len(group.pages) == 1 and group.partition is None:
        return f'<li><a class="name" href="{escape(group.pages[0].path)}">{name}</a>{count}</li>\n'
    links = "".join(f'<li><a href="{escape(page.path)}">{escape(_page_words(page))}</a></li>' for page in group.pages)
    return f'<li><span class="name" dir="auto">{name}</span>{count}<ul class="months">{links}</ul></li>\n'


def _record(row: Row, day: str | None) -> Iterator[str]:
    """One record; its time with its date where that is not the day it stands under."""
    time = ""
    if row.time is not None:
        clock, own = row.time[11:16], row.time[:10]
        told = clock if own == day else f"{day_in_words(own)}, {clock}"
        time = f' <time datetime="{escape(row.time)}">{escape(told)}</time>'
    shown = (("deleted", row.deleted), ("before it was edited", not row.current))
    marks = "".join(f' <span class="marks">{mark}</span>' for mark, there in shown if there)
    yield f'<article class="record{" member" if row.member else ""}">'
    yield f'<p class="who"><bdi>{escape(heading(row))}</bdi>{time}{marks}</p>'
    text = main_text(row)
    if text is not None:
        yield f'<p class="text" dir="auto">{escape(text)}</p>'
    fields = "".join(
        f"<dt>{escape(field_words(name))}</dt><dd><bdi>{escape(told)}</bdi></dd>" for name, told in other_fields(row)
    )
    yield f"<dl>{fields}</dl>" if fields else ""
    yield "</article>\n"
