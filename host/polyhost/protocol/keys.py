"""Record keys in their canonical form: one string per record, whatever the number of key fields.

Owns: the canonical form, and reading a key out of a record's data. Must not know: messages, scopes, stores.

One key field: the plain string. Several: a minified JSON array of strings, exactly as `json.dumps(parts,
separators=(",", ":"), ensure_ascii=False)` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, cast

__all__ = ["MAX_KEY", "KeyRuleError", "canonical_key", "key_of"]

MAX_KEY = 1024
"""Characters in a canonical key. Keys are indexed and named in diagnostics; ids of real sources stay below 300."""


class KeyRuleError(ValueError):
    """The key breaks a rule; `rule` says which. Never carries the key."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def canonical_key(key: object, parts: int) -> str:
    """The canonical form of a message's key for a stream with `parts` key fields.

    A stream with one key field takes a string or an array of one; one with several takes the array, or the string that
    is already its canonical form, so that a key can be written back wherever it was read.
    """
    if type(key) is str:
        if not 0 < len(key) <= MAX_KEY:
            raise KeyRuleError("key_length")
        if parts == 1:
            return key
        return _canonical_string(key, parts)
    if not isinstance(key, list):
        raise KeyRuleError("key_type")
    return _join(key, parts)


def key_of(data: Mapping[str, Any], fields: Sequence[str]) -> str | None:
    """The canonical key that the data itself holds; None where a key field is absent or is neither text nor integer."""
    values: list[str] = []
    for name in fields:
        value = data.get(name)
        if type(value) is str:
            values.append(value)
        elif type(value) is int:
            values.append(str(value))
        else:
            return None
    return values[0] if len(values) == 1 else _dump(values)


def _canonical_string(text: str, parts: int) -> str:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        raise KeyRuleError("key_parts") from None
    if not isinstance(read, list) or _join(read, parts) != text:
        raise KeyRuleError("key_parts")
    return text


def _join(values: Sequence[object], parts: int) -> str:
    if len(values) != parts:
        raise KeyRuleError("key_parts")
    for value in values:
        if type(value) is not str or not value:
            raise KeyRuleError("key_type")
    strings = cast("Sequence[str]", values)
    joined = strings[0] if parts == 1 else _dump(strings)
    if len(joined) > MAX_KEY:
        raise KeyRuleError("key_length")
    return joined


def _dump(values: Sequence[str]) -> str:
    """What `json.dumps` writes for an array of strings, at a fifth of its cost: it makes an encoder for every call."""
    return f"[{','.join(map(encode_basestring, values))}]"
