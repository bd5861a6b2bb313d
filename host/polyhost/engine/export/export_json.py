"""What an export is told of by its own manifest and by every surface: counts, claims, what was asked for.

Must not know: how anything is written. Kept free of heavy imports: results of operations are made of it.
"""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from polyhost.coverage.evidence import Nature
from polyhost.coverage.picture_json import StreamSummary

__all__ = ["AskedFor", "Claimed", "ExportClaim", "ExportManifest", "ExportPart", "ExportedCounts", "Written"]

Claimed = Literal["proven", "partial", "part_as_asked_for", "unproven"]


class ExportedCounts(TypedDict):
    """What was written of a stream: live records, deleted ones, and what records were before."""

    records: int
    deleted: int
    versions: int


class ExportClaim(TypedDict):
    """How whole a stream is in the export, and what the ledger says of it; null where it has no partitions."""

    claim: Claimed
    ledger: StreamSummary | None


class AskedFor(TypedDict):
    """What was to be exported."""

    streams: list[str]
    partition: str | None
    since: str | None
    until: str | None
    deleted: bool
    versions: bool


class ExportManifest(TypedDict):
    """What the manifest of an export says of all of it."""

    connection: str
    source: str
    nature: Nature
    format: str
    made_at: str
    sequence: int
    asked_for: AskedFor
    coverage: dict[str, ExportClaim]


class ExportPart(TypedDict):
    """What it says of one part."""

    part: int
    made_at: str
    after_sequence: int
    through_sequence: int
    streams: dict[str, ExportedCounts]


class Written(ExportManifest, ExportPart):
    """Both, of the part that was just written, with its files as they are listed there."""

    files: list[dict[str, Any]]
