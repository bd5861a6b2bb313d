"""One record's content as bytes that are equal exactly when the content is, and their digest.

Owns: canonical JSON and the digest that tells new, updated and unchanged apart. Must not know: the store, versions,
which fields a manifest calls volatile (they come in as names).

The bytes hold every field, volatile ones too; the digest leaves those out, so that a changing counter makes no version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

__all__ = ["DIGEST_BYTES", "Encoded", "canonical", "encode"]

DIGEST_BYTES = 16
"""128 bits: a chance collision among a billion records is below 1 in 10^20."""

_NONE_VOLATILE: AbstractSet[str] = frozenset()


class Encoded(NamedTuple):  # a tuple: one for every record
    """What is stored, and what is compared."""

    data: bytes
    digest: bytes


_encoded: Callable[[tuple[bytes, bytes]], Encoded] = partial(
    tuple.__new__, Encoded
)  # calling the class takes thrice as long


def encode(data: Mapping[str, Any], volatile: AbstractSet[str] = _NONE_VOLATILE) -> Encoded:
    """Canonical bytes of all of `data`, and the digest of it without the top-level fields in `volatile`."""
    content = canonical(data)
    if not volatile or volatile.isdisjoint(data):
        return _encoded((content, blake2b(content, digest_size=DIGEST_BYTES).digest()))
    lasting = canonical({name: value for name, value in data.items() if name not in volatile})
    return Encoded(content, blake2b(lasting, digest_size=DIGEST_BYTES).digest())


def canonical(data: Any) -> bytes:
    """JSON in UTF-8 with sorted keys and no spaces."""
    try:
        return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return _unusual(data)


def _unusual(data: Any) -> bytes:
    """What orjson refuses and JSON allows: integers beyond 64 bits, and half surrogate pairs (an emoji cut in two)."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
