"""The coverage page, and the pictures of it that other pages show.

Owns: which partitions a page shows, and their bars. Must not know: what is covered or why; the operation says it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from polyhost.operations.coverage import CoverageRequest
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page
from polyhost.web.strips import Bar, Scale, Tick, bars, make_scale

__all__ = ["ON_OVERVIEW", "Picture", "coverage", "pictures"]

ON_OVERVIEW = 12
"""Partitions of a stream on a connection's overview: the worst ones; the coverage page has all."""
_ON_PAGE = 100
"""Partitions of a stream on a page: a picture of a thousand takes a phone a second to lay out."""


@dataclass(frozen=True, slots=True)
class Row:
    view: Mapping[str, Any]
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One stream's partitions as a page shows them: `rows` from `first` (1 is the worst) of `total`."""

    name: str
    scale: Scale | None
    ticks: Sequence[Tick]
    rows: Sequence[Row]
    kinds: frozenset[str]
    total: int
    first: int
    page: int
    pages: int
    looks: Mapping[str, Any] | None = None
    """What was not looked at again, as the operation says it."""

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


async def coverage(dash: Dashboard, request: web.Request) -> Page:
    value = await dash.operate("coverage", CoverageRequest(name=request.match_info["name"]))
    asked = request.query.get("page", "1")
    drawn, shown = pictures(
        value, rows=_ON_PAGE, stream=request.query.get("stream"), page=int(asked) if asked.isdecimal() else 1
    )
    return Page("coverage.html", "connections", {"coverage": shown}, {"pictures": drawn})


def pictures(
    value: Mapping[str, Any], *, rows: int, stream: str | None = None, page: int = 1
) -> tuple[list[Picture], dict[str, Any]]:
    """The pictures of all partitioned streams; and the operation's value with only the partitions that they show.

    `page` is of `stream`; every other one is at its first.
    """
    streams: dict[str, Any] = dict(value["streams"])
    partitioned = {name: one for name, one in streams.items() if one["partitions"] is not None}
    drawn: list[Picture] = []
    for name, one in partitioned.items():
        scale = make_scale([one["partitions"]])
        picture = _picture(name, one["partitions"], scale, rows, page if name == stream else 1)
        drawn.append(replace(picture, looks=one["looks"]))
        streams[name] = {**one, "partitions": [row.view for row in drawn[-1].rows]}
    drawn.sort(key=lambda picture: picture.name != stream)
    return drawn, {**value, "streams": streams}


def _picture(name: str, partitions: Sequence[Mapping[str, Any]], scale: Scale | None, rows: int, page: int) -> Picture:
    pages = max(1, -(-len(partitions) // rows))
    page = min(max(1, page), pages)
    shown = partitions[(page - 1) * rows : page * rows]
    made = [Row(view, () if scale is None else bars(view, scale)) for view in shown]
    return Picture(
        name=name,
        scale=scale,
        ticks=() if scale is None else scale.ticks(),
        rows=made,
        kinds=frozenset(bar.kind for row in made for bar in row.bars),
        total=len(partitions),
        first=(page - 1) * rows + 1,
        page=page,
        pages=pages,
    )
