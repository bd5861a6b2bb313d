"""From what a view found to a page: templates, escaping, the embedded state, headers.

Owns: the template environment and what every response carries. Must not know: any one page, operations.

Foreign text (names, messages, file names) is cleaned and escaped by the environment and by nothing else: no template
marks any of it as safe. The policy lets only this server's own files run or load, so a script that got into a page
would stay text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from polyhost import __version__, humanize
from polyhost.foreign_text import clean, shown
from polyhost.protocol.recovery import advice
from polyhost.web import words
from polyhost.web.commands import web_action

__all__ = ["Page", "page_response", "render_page"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Page:
    """What a view found. `state`: what operations returned, as the API answers it; embedded in the page as it is."""

    template: str
    place: str = ""
    state: Any = _MISSING
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    status: int = 200


def page_response(page: Page, **around: Any) -> web.Response:
    """The page as a response. `around`: what every page shows, whichever it is."""
    return web.Response(
        text=render_page(page, **around),
        content_type="text/html",
        charset="utf-8",
        status=page.status,
        headers=_HEADERS,
    )


def render_page(page: Page, **around: Any) -> str:
    """The page as HTML."""
    known = {"signed_in": True, "questions_open": 0, "place": page.place, "version": __version__} | around
    if page.state is not _MISSING:
        known["state"] = page.state
    return _environment().get_template(page.template).render(known | dict(page.values))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("polyhost.web"),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    own: dict[str, Any] = words.FILTERS | {
        "advice": advice,
        "web_action": web_action,
        "evidence": _evidence,
        "highlighted": _highlighted,
        "ours": _ours,
        "segment": _segment,
        "sort_gravest": _sort_gravest,
        "state_json": _state_json,
    }
    made.filters.update(own)
    functions: dict[str, Any] = {"plural": humanize.plural}
    made.globals.update(functions)
    return made


def _ours(html: str) -> Markup:
    """Markup that operations made, in which every text is escaped."""
    return Markup(clean(html))  # noqa: S704


def _segment(text: object) -> str:
    """One segment of a path, or one value of a query."""
    return quote(str(text), safe="")


def _state_json(value: object) -> Markup:
    """JSON for a data block: nothing in it can end the block or begin a comment."""
    text = orjson.dumps(value).decode()
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704  no character is left that HTML would take notice of


def _evidence(value: object) -> str:
    """One piece of evidence as text; moments as moments."""
    if value is None:
        return "–"
    if isinstance(value, str) and len(value) > len("2026-01-01") and value[4:5] == "-" and "T" in value:
        return humanize.time_in_words(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return words.number(value)
    return words.json_text(value)


def _sort_gravest(conditions: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    order = ("error", "warning", "advisory", "info")
    return sorted(conditions, key=lambda found: order.index(found["severity"]))


def _highlighted(snippet: Mapping[str, Any]) -> Markup:
    """A piece of a record's text with what was found in it marked."""
    text: str = snippet["text"]
    marked, edge = Markup() + ("… " if snippet["cut_before"] else ""), 0
    for start, end in snippet["highlights"]:
        marked += (
            escape(clean(text[edge:start])) + Markup("<mark>") + escape(clean(text[start:end])) + Markup("</mark>")
        )
        edge = end
    return marked + escape(clean(text[edge:])) + (" …" if snippet["cut_after"] else "")
