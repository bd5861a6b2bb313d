"""Looking whether what is kept is what it was. What is not is noted, so that a later run or import brings it again.

Owns: how much is read of it. Must not know: who asks, how it is told.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from polyhost.engine.files.rubbish import known_contents
from polyhost.engine.files.vanished import glance, note_absence
from polyhost.files.contents import Contents
from polyhost.ledger.files import Content, FileReason
from polyhost.store.base import Store

__all__ = ["SAMPLE_BYTES", "Checked", "check_contents"]

SAMPLE_BYTES = 256 << 20
"""Read through in one look that is not asked to read everything: a second or two."""


@dataclass(slots=True)
class Checked:
    """`contents`, `bytes`: that are as they were, as far as they were looked at; `read`: bytes that were read through
    and compared. `wrong`: names of files that were here until now, with what is wrong, by connection."""

    contents: int = 0
    bytes: int = 0
    read: int = 0
    wrong: dict[int, list[tuple[str, FileReason]]] = field(default_factory=dict[int, list[tuple[str, FileReason]]])


async def check_contents(store: Store, home: Path, *, at: str, read_all: bool) -> Checked:
    """Every content's place is looked at; `read_all`: each is read through, else some that chance picks."""
    contents, found = Contents(home), Checked()
    known = [content async for content in known_contents(store)]
    for content in _in_turn(known):
        reason = await asyncio.to_thread(glance, contents, content)
        if reason is None and (read_all or found.read + content.size <= SAMPLE_BYTES):
            state = await asyncio.to_thread(contents.check, content)
            reason = None if state == "whole" else FileReason(state)
            found.read += content.size
        if reason is None:
            found.contents += 1
            found.bytes += content.size
            continue
        for connection_id, row in await note_absence(store, content, reason, at=at):
            name = row.facts.name or f"file {row.id}"
            found.wrong.setdefault(connection_id, []).append((name, reason))
    return found


def _in_turn(known: Sequence[Content]) -> Sequence[Content]:
    """Others come first every time."""
    return random.sample(known, len(known))
