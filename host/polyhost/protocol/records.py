"""A record as the runtime passes it on once it has been admitted.

Owns: the shape between the run machine and whatever writes. Must not know: storage, digests, partitions' state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Record"]


@dataclass(frozen=True, slots=True)
class Record:
    """One admitted RECORD. `key` is canonical; `data` is already projected to the scope's fields; None only on
    delete."""

    stream: str
    key: str
    data: dict[str, Any] | None
    emitted_at: str
    op: Literal["upsert", "delete"] = "upsert"
