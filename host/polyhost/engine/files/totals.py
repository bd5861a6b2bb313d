"""What became of the files of each stream, for whoever says how much of a connection is here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from polyhost.coverage.file_totals import FileTotals, file_totals
from polyhost.protocol.record_files import FileRules
from polyhost.store.base import FileCount

__all__ = ["totals_by_stream"]


def totals_by_stream(rules: FileRules, counts: Iterable[FileCount]) -> Mapping[str, FileTotals]:
    """Of every stream that declares files, thumbnails aside, also where none is known."""
    found: dict[str, list[tuple[str, int, int]]] = {stream: [] for stream in rules.streams}
    for one in counts:
        if not one.is_thumbnail and one.stream in found:
            found[one.stream].append((str(one.state), one.files, one.bytes))
    return {stream: file_totals(some) for stream, some in found.items()}
