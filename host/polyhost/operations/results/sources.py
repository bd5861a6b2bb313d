"""What there is to connect, and how this home is set up."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class _Found(TypedDict):
    name: str
    kind: Literal["page", "stdio", "artifact"] | None
    streams: list[str]
    error: str | None


class Source(_Found, total=False):
    """Something to connect. `error`: what is wrong with one that cannot be; of that, little more than a name
    is known."""

    display_name: str
    version: str


class Sources(TypedDict):
    """Everything that can be connected."""

    sources: list[Source]


Value = str | int | float | bool | list[str] | None
"""`(set)` stands for a secret."""


class Setting(TypedDict):
    """One setting of config.toml. `(set)` stands for the value of a secret."""

    key: str
    value: Value
    origin: Literal["default", "file", "environment", "flag"]
    variable: str
    default: Value
    meaning: str


class Settings(TypedDict):
    """Every setting, what it is, and where its value comes from."""

    file: str
    exists: bool
    settings: list[Setting]
