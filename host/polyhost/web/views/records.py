"""Records: a stream's, one partition's, a thread, one in full with its history; and search.

Must not know: any one source; what a thread is, the manifest says and the operation has found.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.coverage import CoverageRequest
from polyhost.operations.records import CountsRequest, RecordRequest, RecordsRequest, ThreadRequest
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page

__all__ = ["record", "records", "thread"]

_ON_PAGE = 50
_AT_THE_SIDE = 200
"""Partitions listed beside the records."""


async def records(dash: Dashboard, request: web.Request) -> Page:
    name, asked = request.match_info["name"], request.query
    coverage = await dash.operate("coverage", CoverageRequest(name=name))
    streams: dict[str, Any] = coverage["streams"]
    stream = request.match_info.get("stream") or _fullest(streams)
    partition, after = asked.get("partition") or None, asked.get("after") or None
    deleted = "deleted" in asked
    state = await dash.operate(
        "records",
        RecordsRequest(
            name=name,
            stream=stream,
            partition=partition,
            limit=_ON_PAGE,
            after=after,
            newest=True,
            heads=True,
            deleted=deleted,
        ),
    )
    listed = streams[stream]["partitions"] or []
    held = await _held(dash, name, stream, [one["key"] for one in listed[:_AT_THE_SIDE]])
    values: dict[str, Any] = {
        "connection": name,
        "stream": stream,
        "streams": streams,
        "partition": partition,
        "partitions": held,
        "partitions_more": max(0, len(listed) - _AT_THE_SIDE),
        "deleted": deleted,
        "after": after,
        "first_page": "?" + _query(partition, deleted, None),
        "next_page": "?" + _query(partition, deleted, state["next"]),
    }
    return Page("records.html", "connections", state, values)


async def thread(dash: Dashboard, request: web.Request) -> Page:
    stream, key = _which(request)
    asked = ThreadRequest(
        name=request.match_info["name"], stream=stream, key=key, after=request.query.get("after") or None, deleted=True
    )
    return Page("thread.html", "connections", await dash.operate("thread", asked))


async def record(dash: Dashboard, request: web.Request) -> Page:
    stream, key = _which(request)
    asked = RecordRequest(name=request.match_info["name"], stream=stream, key=key, versions=True)
    return Page("record.html", "connections", await dash.operate("record", asked))


def _which(request: web.Request) -> tuple[str, str]:
    try:
        return request.query["stream"], request.query["key"]
    except KeyError:
        raise RefusedError(
            "the address does not name a record", "Choose one on the records page.", code=ErrorCode.UNKNOWN_RECORD
        ) from None


def _fullest(streams: dict[str, Any]) -> str:
    """Where most of it is: what one comes to read."""
    return max(streams, key=lambda name: streams[name]["records"])


async def _held(dash: Dashboard, name: str, stream: str, keys: list[str]) -> list[dict[str, Any]]:
    if not keys:
        return []
    counts = await dash.operate("counts", CountsRequest(name=name, stream=stream, partition=tuple(keys)))
    return sorted(counts["partitions"], key=lambda one: -one["records"])


def _query(partition: str | None, deleted: bool, after: str | None) -> str:
    given = {"partition": partition, "deleted": "yes" if deleted else None, "after": after}
    return urlencode({name: value for name, value in given.items() if value is not None})
