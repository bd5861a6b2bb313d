"""The bytes of large files, made from a seed whenever somebody wants them: no file lies in memory.

Must not know: files, who asks.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Content", "Made", "digest_of", "pieces_of"]

STEP = 64 * 1024
"""Bytes of a piece. Each begins with its number, so that no two of a file are alike."""


@dataclass(frozen=True, slots=True)
class Made:
    """So many bytes of this seed: the same ones each time."""

    seed: int
    size: int

    def __len__(self) -> int:
        return self.size


Content = bytes | Made


def pieces_of(content: Content, first: int = 0) -> Iterator[bytes]:
    """All of it from this byte on."""
    for number in range(first // STEP, -(-len(content) // STEP)):
        at = number * STEP
        yield _piece(content, number)[max(0, first - at) : len(content) - at]


def digest_of(content: Content) -> str:
    digest = hashlib.sha256()
    for piece in pieces_of(content):
        digest.update(piece)
    return digest.hexdigest()


def _piece(content: Content, number: int) -> bytes:
    if isinstance(content, bytes):
        return content[number * STEP : (number + 1) * STEP]
    noise = _noise(content.seed)
    return noise[:8] + number.to_bytes(8, "big") + noise[16:]


@lru_cache(maxsize=16)
def _noise(seed: int) -> bytes:
    """Its first byte begins no text, no page and no picture."""
    return b"\xf5" + random.Random(seed).randbytes(STEP - 1)
