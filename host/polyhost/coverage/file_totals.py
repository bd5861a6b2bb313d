"""How many files there are, and what became of them: for receipts and coverage alike. Kept free of heavy imports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NotRequired

from typing_extensions import TypedDict

__all__ = ["FileTotals", "FilesTaken", "are_all_here", "file_totals"]


class FileTotals(TypedDict):
    """Files that records name, thumbnails aside, by state. `here`: in the home; `bytes`: theirs. `to_come`: not tried
    yet, or to be tried again. `gone`, `hidden`, `external`: the source says so, or has no such file; `refused`: it does
    not let this account have it, or what came is not the file; `over_limit`: larger than was asked for."""

    here: int
    bytes: int
    to_come: int
    gone: int
    hidden: int
    external: int
    refused: int
    over_limit: int


class FilesTaken(TypedDict):
    """What a run or an import that was asked for files came to: `taken` in it, `bytes` of these; `known`: of all files
    of the connection when it ended. `preview` true: they would be taken, and none was."""

    taken: int
    bytes: int
    known: FileTotals
    preview: NotRequired[bool]


def are_all_here(totals: FileTotals) -> bool:
    """Whether some are here, and none is left that another run, an import or its owner could bring: what is gone at the
    source, or was not asked for, is no gap."""
    return totals["here"] > 0 and not totals["to_come"] and not totals["refused"]


def file_totals(counts: Iterable[tuple[str, int, int]]) -> FileTotals:
    """From state, files and bytes of each."""
    totals = FileTotals(here=0, bytes=0, to_come=0, gone=0, hidden=0, external=0, refused=0, over_limit=0)
    for state, files, size in counts:
        totals[state] += files  # type: ignore[literal-required]
        totals["bytes"] += size if state == "here" else 0
    return totals
