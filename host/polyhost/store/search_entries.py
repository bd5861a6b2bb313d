"""Numbers of entries in a search index, and the words that say where a record belongs.

Owns: that one arithmetic, for indexing and for searching. Must not know: SQL, texts.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

__all__ = [
    "ID_BITS",
    "LATEST",
    "NO_MOMENT",
    "number",
    "partition_word",
    "place",
    "record_of",
    "seconds_of",
    "stream_word",
]

ID_BITS = 30
"""A thousand million records in one store; the other 33 bits are seconds, which reach to the year 2242."""
_ID_MASK = (1 << ID_BITS) - 1
NO_MOMENT = (1 << 33) - 1
"""Where records without a moment of their own (people, rooms) stand: before the newest."""
LATEST = NO_MOMENT - 1
_WORD_BYTES = 8
"""Of a name's digest: two names of one connection that share it are not to be expected."""
_NAMES = 4_096
"""Names whose words are remembered: of some thousand partitions, those in use."""


def number(seconds: int | None, record_id: int) -> int:
    """Where a record stands; moments outside of what can be counted stand at the end they are nearest to."""
    moment = NO_MOMENT if seconds is None else max(0, min(seconds, LATEST))
    return moment << ID_BITS | record_id & _ID_MASK


def seconds_of(entry: int) -> int:
    return entry >> ID_BITS


def record_of(entry: int) -> int:
    return entry & _ID_MASK


def place(stream: str, partition: str | None) -> str:
    """What an entry says of where its record belongs: a word for its stream, and one for its partition."""
    return stream_word(stream) if partition is None else f"{stream_word(stream)} {partition_word(partition)}"


@lru_cache(_NAMES)
def stream_word(stream: str) -> str:
    return f"s{_digest(stream)}"


@lru_cache(_NAMES)
def partition_word(partition: str) -> str:
    return f"p{_digest(partition)}"


def _digest(name: str) -> str:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_WORD_BYTES).hexdigest()
