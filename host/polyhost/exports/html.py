"""A folder of pages to open in any browser from the disk: no script, nothing fetched, every text escaped.

Owns: how the pages look. They tell the browser to load nothing and to run nothing, whatever slipped through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TextIO

from polyhost.exports.base import Plan, Row, Writer
from polyhost.exports.pages import Group, Page, Pages
from polyhost.exports.telling import heading, moment, other_fields

__all__ = ["Html"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --soft: #5c6675; --line: #dde1e6; --paper: #fff; --mark: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --soft: #98a2b0; --line: #343a42; --paper: #15181c; --mark: #ff8a80 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.4rem; margin: .2rem 0 1rem }
h1 small { font-weight: 400; color: var(--soft) }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
a { color: inherit; text-underline-offset: .2em }
nav, .when, .about, .months { color: var(--soft); font-size: .875rem }
nav { margin: 1rem 0 } nav a { margin-right: 1rem } .months a { margin-right: .6rem }
article { padding: .6rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere }
article.member { margin-left: 1.5rem; border-left: 3px solid var(--line); border-top: 0; padding: .4rem 0 .4rem .8rem }
.who { font-weight: 600; margin-right: .5rem }
.text { white-space: pre-wrap; margin: .1rem 0 }
.mark { color: var(--mark) }
dl { margin: .3rem 0 0; font-size: .875rem; display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem }
dt { color: var(--soft) } dd { margin: 0; min-width: 0 }
ul { list-style: none; padding: 0 } li { padding: .35rem 0; border-top: 1px solid var(--line) }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing is loaded and nothing runs; only the style above applies."""
_ARROWS = {"prev": "←", "next": "→"}


class Html(Writer):
    """One page is open at a time; each is closed with the way to the next."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._pages = Pages("html")
        self._group: Group | None = None
        self._page: Page | None = None
        self._file: TextIO | None = None

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            group, page = self._pages.place(row)
            if page is not self._page or self._file is None:
                self._file = self._open(group, page)
            self._file.write(_record(row))

    def _open(self, group: Group, page: Page) -> TextIO:
        before = self._page if self._group is group else None
        self._close(page if before is not None else None)
        self._group, self._page = group, page
        path = self._folder / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8", errors="replace", newline="\n")
        file.write(_head(f"{group.title} · {page.title}"))
        home = "../" * page.path.count("/") + "index.html"
        links = [f'<a href="{home}">{escape(self._plan.connection)}</a>', *_link(before, "prev")]
        file.write(f"<nav>{''.join(links)}</nav><h1>{escape(group.title)} <small>{page.title}</small></h1>\n")
        return file

    def _close(self, following: Page | None) -> None:
        if self._file is not None:
            self._file.write(f"<nav>{''.join(_link(following, 'next'))}</nav></body></html>\n")
            self._file.close()
            self._file = None

    def finish(self) -> None:
        self._close(None)
        with (self._folder / "index.html").open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(_head(self._plan.connection))
            file.write(f"<h1>{escape(self._plan.connection)}</h1>\n")
            file.writelines(f'<p class="about">{escape(sentence)}</p>\n' for sentence in self._plan.statement)
            for stream in self._plan.streams:
                groups = [group for group in self._pages.groups if group.stream == stream.name]
                if groups:
                    file.write(f"<h2>{escape(stream.title)}</h2>\n<ul>\n")
                    file.writelines(map(_listed, groups))
                    file.write("</ul>\n")
            file.write("</body></html>\n")

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _head(title: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
    )


def _link(page: Page | None, rel: str) -> Iterator[str]:
    """To another page of the same folder."""
    if page is not None:
        name = page.path.rpartition("/")[2]
        yield f'<a rel="{rel}" href="{escape(name)}">{_ARROWS[rel]} {escape(page.title)}</a>'


def _listed(group: Group) -> str:
    months = " ".join(f'<a href="{escape(page.path)}">{escape(page.title)}</a>' for page in group.pages)
    return (
        f'<li><strong>{escape(group.title)}</strong> <span class="when">{group.rows:,}</span>'
        f'<div class="months">{months}</div></li>\n'
    )


def _record(row: Row) -> str:
    shown = (("deleted", row.deleted), ("before it was edited", not row.current))
    marks = "".join(f'<span class="mark">{mark}</span> ' for mark, there in shown if there)
    kind = ' class="member"' if row.member else ""
    text = f'<p class="text">{escape(row.body[0][1])}</p>' if row.body else ""
    fields = "".join(f"<dt>{escape(name)}</dt><dd>{escape(told)}</dd>" for name, told in other_fields(row))
    return (
        f'<article{kind}><span class="who">{escape(heading(row))}</span>{marks}'
        f'<span class="when">{moment(row.time)}</span>{text}{f"<dl>{fields}</dl>" if fields else ""}</article>\n'
    )
