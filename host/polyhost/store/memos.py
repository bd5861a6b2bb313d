"""The memos: small things that are remembered of each connection, each declared once with its type and its default.

Owns: names, shapes and what holds where nothing was kept. Must not know: who keeps one and what follows from it, how
a memo is written down. Names stay as they are for good: they stand in the stores of every version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypedDict, TypeVar

__all__ = [
    "COVERED_BEFORE",
    "EVERY_MEMO",
    "GOVERNOR",
    "IMPORTED_FILES",
    "LAST_START",
    "LEGACY_HIGH_WATER",
    "NOTICES",
    "OPEN_QUESTION",
    "PAUSED",
    "REACH",
    "REFUSED_FILES",
    "SCHEDULE",
    "SIGNED_IN",
    "WATCHED_FILES",
    "CoveredPartition",
    "ImportedFile",
    "KeptRefusal",
    "Memo",
    "OpenQuestionMemo",
    "ToldCause",
]

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Memo(Generic[T]):
    """One kind of memo. `T`: what it holds, as JSON. `default`: what holds where a connection has kept none."""

    name: str
    default: T


class ImportedFile(TypedDict):
    """Where a file that was read to its end went."""

    batch: str
    run: str


class KeptRefusal(TypedDict):
    """A file of the watched folder that was refused, and why. `stamp`: another once the file has changed."""

    stamp: str
    at: str
    code: str
    reason: str
    instruction: str


class OpenQuestionMemo(TypedDict):
    """A run that waits for its owner's answer, and since when."""

    run: str
    since: str


class CoveredPartition(TypedDict):
    """Ranges as pairs of `since` and `until`."""

    covered: Sequence[Sequence[str | None]]
    imported: Sequence[Sequence[str | None]]


class ToldCause(TypedDict):
    """One cause the owner was told of. `told_at` None: it got nowhere, and is tried again from `again_at` on."""

    told_at: float | None
    tries: int
    again_at: float


PAUSED: Memo[str | None] = Memo("paused", None)
"""The run that is paused, for whoever lists runs. It counts only while that run goes on."""
OPEN_QUESTION: Memo[OpenQuestionMemo | None] = Memo("asked", None)
"""The run that waits for an answer, for whoever lists runs. It counts only while that run goes on."""
SCHEDULE: Memo[Mapping[str, Any]] = Memo("schedule", {})
"""What the owner chose of when it runs by itself; what is not in it is as by default."""
LAST_START: Memo[Mapping[str, Any] | None] = Memo("scheduler", None)
"""When it was last started by itself, and whether that was refused."""
NOTICES: Memo[Mapping[str, ToldCause]] = Memo("notices", {})
"""Causes the owner was told of, by key."""
GOVERNOR: Memo[Mapping[str, Any] | None] = Memo("governor", None)
"""What was learned of how fast the site may be asked; its own version is in it."""
COVERED_BEFORE: Memo[Mapping[str, Mapping[str, CoveredPartition]]] = Memo("covered_before", {})
"""What was covered when the last run or import began, by stream and partition."""
LEGACY_HIGH_WATER: Memo[Mapping[str, str]] = Memo("legacy_high_water", {})
"""The cursor another tool had come to, by stream."""
IMPORTED_FILES: Memo[Mapping[str, ImportedFile]] = Memo("imported_files", {})
"""Files that were read to their end, by what tells them apart."""
WATCHED_FILES: Memo[Mapping[str, str]] = Memo("watched_files", {})
"""Files of the watched folder that were dealt with: name to stamp."""
REFUSED_FILES: Memo[Mapping[str, KeptRefusal]] = Memo("refused_files", {})
"""Which of them were refused, by name."""
SIGNED_IN: Memo[int | None] = Memo("signed_in", None)
"""When the owner last signed in, in the order of runs; a session of an earlier version has none."""
REACH: Memo[Mapping[str, Any] | None] = Memo("reach", None)
"""What the owner agreed that the source may reach; a connection of an earlier version has none."""

EVERY_MEMO: tuple[Memo[Any], ...] = (
    PAUSED,
    OPEN_QUESTION,
    SCHEDULE,
    LAST_START,
    NOTICES,
    GOVERNOR,
    COVERED_BEFORE,
    LEGACY_HIGH_WATER,
    IMPORTED_FILES,
    WATCHED_FILES,
    REFUSED_FILES,
    SIGNED_IN,
    REACH,
)
