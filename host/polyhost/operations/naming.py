"""Partitions by the names their owner knows: a key, else the name a source gives it, else a pattern.

Owns: which one is meant, and what is said where that is none or several. Must not know: surfaces, stores' insides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from fnmatch import translate
from typing import TYPE_CHECKING

from polyhost.errors import ErrorCode, RefusedError

if TYPE_CHECKING:
    from polyhost.store.base import ConnectionRow, Store

__all__ = ["named_among", "partition_named"]

_MOST_TOLD = 5
_PATTERN = frozenset("*?[")
_LONGEST_PATTERN = 500


async def partition_named(store: Store, connection: ConnectionRow, streams: Sequence[str], name: str) -> str:
    """The key of the partition of these streams that is called so. RefusedError `unknown_partition` where none is, or
    several are, with what comes nearest."""
    known: dict[str, str | None] = {}
    for stream in streams:
        keys = [state.key for state in await store.ledger.partitions(connection.id, stream)]
        labels = await store.ledger.labels(connection.id, stream, keys)
        known |= {key: labels.get(key) or known.get(key) for key in keys}
    if name not in known:  # records may be there of which no run has said anything
        for stream in streams:
            held = await store.records.partition_keys(connection.id, stream)
            known |= {key: None for key in held if key is not None and key not in known}
    return named_among(name, known, of=connection.name)


def named_among(name: str, known: Mapping[str, str | None], *, of: str) -> str:
    """The same of these keys and what they are called. `of`: the connection, as it is told."""
    if name in known:
        return name
    plain = name.removeprefix("#").removeprefix("@")
    found = [key for key, label in known.items() if label is not None and label in (name, plain)]
    if not found and len(name) <= _LONGEST_PATTERN and _PATTERN & set(name):
        fits = re.compile(translate(plain), re.IGNORECASE).fullmatch
        found = [key for key, label in known.items() if fits(label or key)]
    if not found:
        found = [key for key, label in known.items() if label is not None and label.casefold() == plain.casefold()]
    if len(found) == 1:
        return found[0]
    raise _several(name, found, known) if found else _none(name, known, of)


def _several(name: str, found: Sequence[str], known: Mapping[str, str | None]) -> RefusedError:
    told = ", ".join(_told(key, known) for key in found[:_MOST_TOLD])
    more = f" and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    return RefusedError(
        f"{name!r} fits {len(found)} partitions: {told}{more}",
        "Name one by its key.",
        code=ErrorCode.UNKNOWN_PARTITION,
    )


def _none(name: str, known: Mapping[str, str | None], of: str) -> RefusedError:
    by_name = {(label or key).casefold(): key for key, label in known.items()}
    near = [by_name[one] for one in get_close_matches(name.casefold(), by_name, n=_MOST_TOLD)]
    shown = near or list(known)[:_MOST_TOLD]
    told = ", ".join(_told(key, known) for key in shown)
    hint = (
        f"{'The nearest' if near else 'There are'}: {told}." if shown else "Nothing is known of it yet; run it first."
    )
    return RefusedError(f"{of} has no partition {name!r}", hint, code=ErrorCode.UNKNOWN_PARTITION)


def _told(key: str, known: Mapping[str, str | None]) -> str:
    label = known[key]
    return key if label is None or label == key else f"{label} ({key})"
