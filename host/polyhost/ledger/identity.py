"""Two contents of one record, from two acquisitions: which of them counts.

Owns: the rule that makes the order of imports indifferent. Must not know: stores, artifacts, sites.

    what is deleted stays deleted; then what is newer by the manifest's `newest_by`; then what is of later; and of two
    that are equally new both, merged by the importer in a way that does not depend on their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Age", "age"]


@dataclass(frozen=True, slots=True, order=True)
class Age:
    """How new a content is. Compares by the declared field first, then by the moment it speaks of."""

    declared: tuple[int, str]
    as_of: str


def age(data: Mapping[str, Any] | None, newest_by: str | None, as_of: str) -> Age:
    """A content's age. A field that is absent or null is older than any value; of two values the longer text is the
    greater, then the one that sorts later: positions and ISO times are written in a fixed width."""
    value = None if data is None or newest_by is None else data.get(newest_by)
    text = "" if value is None else str(value)
    return Age((len(text), text), as_of)
