"""What people of the wiki wrote, as an XML dump of revisions: for a world's beginning, and for imports of any age.

Must not know: how a wiki takes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

__all__ = ["SEEDED", "Revision", "dump"]


@dataclass(frozen=True, slots=True)
class Revision:
    """`at`: ISO 8601 in UTC, to the second. `by`: who of the wiki, or of another one."""

    title: str
    by: str
    at: str
    text: str
    comment: str = ""


def _seeded() -> Iterable[Revision]:
    """A hundred revisions over ten years: Adelaide's pages and their talk, and edits of hers to pages of others."""
    for number in range(100):
        title, by = _PLACES[number % len(_PLACES)]
        at = f"{2015 + number // 10}-{1 + number % 10:02}-{1 + number % 28:02}T{number % 24:02}:15:30Z"
        yield Revision(title, by, at, f"{title}, state {number}: the tide is {number % 7} m.", f"change {number}")


_PLACES = (
    ("User:Adelaide", "Adelaide"),
    ("User:Adelaide/Lamps", "Adelaide"),
    ("User talk:Adelaide", "Bob"),
    ("Tides", "Adelaide"),
    ("Talk:Tides", "Bob"),
    ("User talk:Adelaide", "Adelaide"),
    ("Knots", "Bob"),
    ("Knots", "Adelaide"),
    ("User:Bob", "Bob"),
    ("Tides", "Cleo"),
    ("User talk:Adelaide/Old", "Cleo"),
)

SEEDED = tuple(_seeded())


def dump(revisions: Sequence[Revision]) -> str:
    """One page element for each title, its revisions in the order they are given."""
    titles = dict.fromkeys(one.title for one in revisions)
    pages = "".join(_page(title, [one for one in revisions if one.title == title]) for title in titles)
    return (
        f'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">{pages}</mediawiki>'
    )


def _page(title: str, revisions: Iterable[Revision]) -> str:
    return f"<page><title>{escape(title)}</title>{''.join(map(_revision, revisions))}</page>"


def _revision(one: Revision) -> str:
    return (
        f"<revision><timestamp>{one.at}</timestamp>"
        f"<contributor><username>{escape(one.by)}</username><id>1</id></contributor>"
        f"<comment>{escape(one.comment)}</comment><model>wikitext</model><format>text/x-wiki</format>"
        f'<text xml:space="preserve">{escape(one.text)}</text></revision>'
    )
