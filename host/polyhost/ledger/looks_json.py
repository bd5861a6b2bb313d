"""When partitions were last looked at again, as every surface shows it.

Must not know: how that is counted. Kept free of heavy imports: results of operations are made of it.
"""

from __future__ import annotations

from typing_extensions import TypedDict

__all__ = ["LooksJson", "UnsweptJson"]


class UnsweptJson(TypedDict):
    """Partitions that are covered and were not looked at again for longer than the manifest wants, the longest
    since `oldest`."""

    partitions: int
    oldest: str | None


class LooksJson(TypedDict):
    """When a stream's partitions were last looked at again: of how many their newest records are overdue, and when the
    one that waits longest was looked at. `unswept`: the same of older records. `explain`: what a reader has to know."""

    partitions: int
    overdue: int
    oldest: str | None
    unswept: UnsweptJson
    explain: str | None
