"""Files as every surface shows them: one JSON shape, with what they are and why they are not here worked out once.

Owns: that shape. Must not know: which surface asks, how it looks there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.ledger.files import FileReason, FileState
from polyhost.protocol.media_kinds import MediaKind

if TYPE_CHECKING:
    from polyhost.store.base import FileRow

__all__ = ["ShownFile", "shown_file"]


class ShownFile(TypedDict):
    """One file. `type` and `size`: what its bytes are where it is here, else what the source says of it. `kind`: how it
    may be shown, by its bytes. `why`: the reason in a sentence. `digest`: the SHA-256 of its bytes, which lie at
    `path`; null where it is not here. `thumbnail`: a smaller likeness of another file."""

    id: int
    name: str | None
    type: str | None
    size: int | None
    kind: MediaKind
    thumbnail: bool
    state: FileState
    reason: FileReason | None
    why: str | None
    digest: str | None
    path: str | None


def shown_file(home: Path, row: FileRow) -> ShownFile:
    """As it stands in this home."""
    from polyhost.files.contents import Contents
    from polyhost.ledger.file_words import why_not_here
    from polyhost.protocol.media_kinds import media_kind

    facts = row.facts
    content = facts.content if facts.state is FileState.HERE else None
    return ShownFile(
        id=row.id,
        name=facts.name,
        type=facts.type if content is None else content.type,
        size=facts.size if content is None else content.size,
        kind=media_kind(None if content is None else content.type),
        thumbnail=facts.is_thumbnail,
        state=facts.state,
        reason=facts.reason,
        why=why_not_here(facts.state, facts.reason),
        digest=None if content is None else content.digest,
        path=None if content is None else str(Contents(home).path(content.digest)),
    )
