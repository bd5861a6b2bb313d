"""A scope as it goes over the wire, is stored with a run, and is shown.

Must not know: how a record is judged against one. Kept free of heavy imports: results of operations are made of it.
"""

from __future__ import annotations

from typing_extensions import TypedDict

__all__ = ["RunScope", "ScopedStream", "ScopedTimes"]


class ScopedTimes(TypedDict, total=False):
    """`since` is inclusive, `until` exclusive, as they were asked for."""

    since: str
    until: str


class _ScopedName(TypedDict):
    name: str


class ScopedStream(_ScopedName, total=False):
    """What was asked for of one stream. What is not there bounds nothing."""

    resources: list[str]
    time_range: ScopedTimes
    fields: list[str]


class RunScope(TypedDict, total=False):
    """What a run was to collect; empty as long as that is not known."""

    streams: list[ScopedStream]
