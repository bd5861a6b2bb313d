"""How far a partition is covered, in one word.

Must not know: how that is found out (`picture` does).
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Extent"]


class Extent(StrEnum):
    """How far one partition is covered. In the order an owner should look at them."""

    MISSING = "missing"
    UNTOUCHED = "untouched"
    PARTIAL = "partial"
    IMPORTED = "imported"
    LIMITED = "limited"
    COMPLETE = "complete"
    BECAME = "became"
    DELETED = "deleted"
    RETIRED = "retired"
