"""What a search finds."""

from __future__ import annotations

from typing_extensions import TypedDict


class Snippet(TypedDict):
    """The piece of text around what was found; `highlights` are character offsets into it, from and to."""

    field: str
    text: str
    highlights: list[tuple[int, int]]
    cut_before: bool
    cut_after: bool


class Hit(TypedDict):
    """One record in which something was found. `deleted`: it is gone at the source; `grouped`: records of its stream
    hang together, so it may have a thread."""

    connection: str
    source: str
    stream: str
    key: str
    partition: str | None
    label: str | None
    author: str | None
    time: str | None
    version: int
    deleted: bool
    grouped: bool
    snippet: Snippet | None


class Searched(TypedDict):
    """A connection that was searched; `pending`: how many of its records are not indexed yet."""

    connection: str
    pending: int


class Found(TypedDict):
    """One page of hits, the newest first. `next`: `after` of the following page; null where it ends. `complete`: every
    record was searched."""

    query: str
    hits: list[Hit]
    next: str | None
    complete: bool
    pending: int
    connections: list[Searched]
