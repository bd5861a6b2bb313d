"""Reading form fields as strictly as Slack does, and paging by its opaque cursors.

Must not know: methods, worlds, HTTP.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fakes.slack import ts as timestamps

__all__ = ["Page", "Params", "SlackError", "decode_cursor", "encode_cursor", "page_of"]

Item = TypeVar("Item")

_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0", ""})


class SlackError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


@dataclass(frozen=True, slots=True)
class Params:
    """The fields of one request; every reader raises Slack's own error name."""

    fields: Mapping[str, str]

    def has(self, name: str) -> bool:
        return self.fields.get(name, "") != ""

    def text(self, name: str, default: str = "") -> str:
        return self.fields.get(name, default)

    def require(self, name: str) -> str:
        if not self.has(name):
            messages = [f"[ERROR] missing required field: {name}"]
            raise SlackError("invalid_arguments", response_metadata={"messages": messages})
        return self.fields[name]

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.fields.get(name)
        if value is None:
            return default
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        messages = [f"[ERROR] must be a boolean [json-pointer:/{name}]"]
        raise SlackError("invalid_arguments", response_metadata={"messages": messages})

    def limit(self, *, default: int, maximum: int) -> int:
        if not self.has("limit"):
            return default
        value = self.fields["limit"]
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= maximum:
            raise SlackError("invalid_limit")
        return int(value)

    def ts(self, name: str, error: str) -> int | None:
        if not self.has(name):
            return None
        value = timestamps.parse(self.fields[name])
        if value is None:
            raise SlackError(error)
        return value

    def number(self, name: str, default: int) -> int:
        value = self.fields.get(name, "")
        if value == "":
            return default
        if not value.isascii() or not value.isdigit():
            raise SlackError("invalid_arguments")
        return int(value)

    def json(self, name: str, kind: type[Any]) -> Any:
        """A field that holds JSON of one kind, or that kind's empty value where it is absent."""
        if not self.has(name):
            return kind()
        try:
            value = json.loads(self.fields[name])
        except json.JSONDecodeError:
            raise SlackError("invalid_array_arg" if kind is list else "invalid_arguments") from None
        if not isinstance(value, kind):
            raise SlackError("invalid_array_arg" if kind is list else "invalid_arguments")
        return value


def encode_cursor(kind: str, value: str) -> str:
    return base64.b64encode(f"{kind}:{value}".encode()).decode()


def decode_cursor(cursor: str, kind: str) -> str:
    """What a cursor points at; invalid_cursor where it is not one of ours for this method."""
    try:
        found, _, value = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("invalid_cursor") from None
    if found != kind or not value:
        raise SlackError("invalid_cursor")
    return value


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of a list and the cursor of the next one, "" at the end."""

    items: Sequence[Any]
    next_cursor: str

    def metadata(self) -> dict[str, str]:
        return {"next_cursor": self.next_cursor}


def page_of(
    params: Params, items: Sequence[Item], identify: Callable[[Item], str], *, kind: str, default: int, maximum: int
) -> Page:
    """A page of `items`, which are sorted by what `identify` gives: things that come or go between pages do no harm."""
    limit = params.limit(default=default, maximum=maximum)
    start = 0
    if params.has("cursor"):
        start = bisect_left(items, decode_cursor(params.text("cursor"), kind), key=identify)
    end = start + limit
    following = encode_cursor(kind, identify(items[end])) if end < len(items) else ""
    return Page(items[start:end], following)
