"""What crosses the bridge, as values: text from the page in, an expression for the page out.

Owns: the shape of both directions and the credit window. Pure. Must not know: CDP, pages, what a message means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["CREDIT", "RECEIVER", "Broken", "Call", "Calls", "Hello", "PageBatch", "Said", "expression", "parse"]

CREDIT = 12
"""Batches a page may have unacknowledged (polyfills/sdk/polyfill.js keeps to it, the host checks it): some under way,
some being written, some whose acknowledgement is on its way back; at most 3 MiB of text."""
MAX_PAYLOAD = 16 * 1024 * 1024
"""Characters of one payload where nothing else is said: the bound of a message, beside what is sent with it."""
RECEIVER = "__polyhost_receive"
_DIGEST_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Hello:
    """The SDK and the polyfill have run; START may come."""


@dataclass(frozen=True, slots=True)
class PageBatch:
    """Messages in the order they were said; `size` in bytes of JSON."""

    messages: Sequence[Any]
    size: int


@dataclass(frozen=True, slots=True)
class Call:
    number: int
    method: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls made in one turn of the page's loop."""

    calls: Sequence[Call]


@dataclass(frozen=True, slots=True)
class Broken:
    """Not what the SDK sends. The text is not kept: its length, a digest, and the rule it breaks."""

    length: int
    digest: str
    rule: str


Said = Hello | PageBatch | Calls | Broken


def parse(payload: str, limit: int = MAX_PAYLOAD) -> Said:
    """One payload of the binding. One of more characters than `limit` is not read: a parsed one is several times as
    large."""
    if len(payload) > limit:
        return Broken(len(payload), "", "line_too_long")
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _broken(payload, "not JSON")
    match value:
        case {"batch": int(), "messages": list(sent)}:
            messages = _messages(sent)
            if messages is None:
                return _broken(payload, "not a table")
            return PageBatch(messages, len(payload) if payload.isascii() else len(payload.encode()))
        case {"calls": list(calls)}:
            parsed = [_call(call) for call in calls]
            return Calls([call for call in parsed if call]) if all(parsed) else _broken(payload, "not a call")
        case {"hello": int()}:
            return Hello()
        case _:
            return _broken(payload, "neither a batch nor calls")


def _messages(sent: Sequence[Any]) -> Sequence[Any] | None:
    """Each message, tables turned into the RECORDs they stand for; None where a table is none."""
    messages: list[Any] = []
    for item in sent:
        if not (isinstance(item, dict) and "rows" in item and "type" not in item):
            messages.append(item)
        elif (records := _records(item)) is not None:
            messages += records
        else:
            return None
    return messages


def _records(table: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """`{stream, emitted_at, fields: [name], rows: [[key, value…]]}` as one RECORD for each row."""
    match table:
        case {"stream": stream, "emitted_at": emitted_at, "fields": list(fields), "rows": list(rows)}:
            pass
        case _:
            return None
    if {*map(type, fields)} - {str} or {*map(type, rows)} - {list} or {*map(len, rows)} - {len(fields) + 1}:
        return None
    return [
        {
            "type": "RECORD",
            "stream": stream,
            "key": row.pop(0),
            "data": dict(zip(fields, row)),  # noqa: B905  their lengths are the same
            "emitted_at": emitted_at,
        }
        for row in rows
    ]


def _call(value: Any) -> Call | None:
    match value:
        case {"call": int(number), "method": str(method), "params": dict(params)}:
            return Call(number, method, params)
        case _:
            return None


def _broken(payload: str, rule: str) -> Broken:
    raw = payload.encode(errors="surrogatepass")
    return Broken(len(raw), hashlib.sha256(raw).hexdigest()[:_DIGEST_LENGTH], rule)


def expression(items: Sequence[Mapping[str, Any]]) -> str:
    """JavaScript that hands these to the SDK. Parsed there, not evaluated: a literal would lose a key `__proto__`.
    A JSON string is a JavaScript string, so nothing in it can act."""
    text = orjson.dumps(orjson.dumps(items).decode()).decode()
    return f"{RECEIVER}(JSON.parse({text}))"
