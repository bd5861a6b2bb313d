"""What a search finds."""

from __future__ import annotations

from typing_extensions import TypedDict


class Snippet(TypedDict):
    field: str
    text: str
    highlights: list[tuple[int, int]]
    cut_before: bool
    cut_after: bool


class Hit(TypedDict):
    connection: str
    source: str
    stream: str
    key: str
    partition: str | None
    label: str | None
    time: str | None
    version: int
    deleted: bool
    snippet: Snippet | None


class Searched(TypedDict):
    connection: str
    pending: int


class Found(TypedDict):
    query: str
    hits: list[Hit]
    next: str | None
    complete: bool
    pending: int
    connections: list[Searched]
