"""The opaque cursor of a page of records: position and key of its last one, so that writes in between move nothing."""

from __future__ import annotations

import base64
import binascii

import orjson

from polyhost.errors import RefusedError

__all__ = ["after_record", "decoded"]


def after_record(position: str, key: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([position, key])).decode("ascii").rstrip("=")


def decoded(cursor: str) -> tuple[str, str]:
    """RefusedError `bad_cursor` for anything `after_record` did not make."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position, key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if isinstance(position, str) and isinstance(key, str):
            return position, key
    except (UnicodeError, binascii.Error, orjson.JSONDecodeError, TypeError, ValueError):
        pass  # refused below, like a cursor that decodes to something else
    raise RefusedError(
        "The page cursor is not one this store gave out",
        "Use `next` of the page before, or leave it out to start at the beginning.",
        code="bad_cursor",
    )
