"""What there is to connect, and how this home is set up."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict


class Source(TypedDict, total=False):
    name: str
    display_name: str
    version: str
    kind: Literal["page", "stdio", "artifact"] | None
    streams: list[str]
    error: str | None


class Sources(TypedDict):
    sources: list[Source]


class Setting(TypedDict):
    key: str
    value: Any
    origin: str
    variable: str
    default: Any
    meaning: str


class Settings(TypedDict):
    file: str
    exists: bool
    settings: list[Setting]
