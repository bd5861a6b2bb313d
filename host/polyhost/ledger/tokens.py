"""Resume tokens: how a source that pages by opaque tokens is asked to go on where a walk was.

Owns: which tokens stand at the edges of what is covered. Must not know: what a token means, who reads on with it.

A token is the source's own word for a place, and good for one edge of a covered range: `older` goes on below its
beginning, `newer` above its end. Where the edge is gone, because something was read beyond it, so is its token.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from polyhost.ledger.cursor import sort_key
from polyhost.ledger.ranges import Ranges
from polyhost.ledger.state import CursorOrder, ResumeToken

__all__ = ["Tokens", "keep_tokens", "token_at", "without_token"]

Tokens = tuple[ResumeToken, ...]


def keep_tokens(tokens: Tokens, told: Iterable[ResumeToken], covered: Ranges, order: CursorOrder) -> Tokens:
    """Those that still stand at an edge of what is covered, the later one where two do."""
    edges = {("older", sort_key(piece.since, order)) for piece in covered if piece.since is not None}
    edges |= {("newer", sort_key(piece.until, order)) for piece in covered}
    kept: dict[tuple[str, str], ResumeToken] = {}
    for one in (*tokens, *told):
        edge = (one.way, sort_key(one.at, order))
        if edge in edges:
            kept[edge] = one
    return tuple(kept[which] for which in sorted(kept))


def token_at(tokens: Tokens, way: Literal["older", "newer"], at: str | None, order: CursorOrder) -> str | None:
    """The token that goes on this way from this position; None where there is none."""
    if at is None:
        return None
    place = sort_key(at, order)
    return next((one.token for one in tokens if one.way == way and sort_key(one.at, order) == place), None)


def without_token(tokens: Tokens, refused: str) -> Tokens:
    """The source knows this one no more: what it led to is asked for by position."""
    return tuple(one for one in tokens if one.token != refused)
