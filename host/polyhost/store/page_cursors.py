"""The opaque cursors of pages: where the last one shown stands, so that writes in between move nothing.

Owns: their form. Records: position and key. Hits of a search: moment, connection and number.
Exceptions: what names one. Files: moment and number.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import orjson

from polyhost.errors import ErrorCode, RefusedError

_MOST = 2**33
"""No number of a hit is greater; what is does not fit where it is used."""
__all__ = [
    "after_exception",
    "after_file",
    "after_hit",
    "after_record",
    "decoded",
    "decoded_exception",
    "decoded_file",
    "decoded_hit",
]


def after_record(position: str, key: str) -> str:
    return _encoded([position, key])


def after_hit(seconds: int, connection_id: int, record_id: int) -> str:
    return _encoded([seconds, connection_id, record_id])


def after_exception(stream: str, kind: str, partition: str, key: str) -> str:
    return _encoded([stream, kind, partition, key])


def after_file(moment: int, file_id: int) -> str:
    return _encoded([moment, file_id])


def decoded_file(cursor: str) -> tuple[int, int]:
    """RefusedError `bad_cursor` for anything `after_file` did not make."""
    match _values(cursor):
        case [int(moment), int(file_id)] if abs(moment) < 1 << 60 and 0 <= file_id < 1 << 60:
            return moment, file_id
        case _:
            raise _refused()


def decoded_exception(cursor: str) -> tuple[str, str, str, str]:
    """RefusedError `bad_cursor` for anything `after_exception` did not make."""
    match _values(cursor):
        case [str(stream), str(kind), str(partition), str(key)]:
            return stream, kind, partition, key
        case _:
            raise _refused()


def decoded(cursor: str) -> tuple[str, str]:
    """RefusedError `bad_cursor` for anything `after_record` did not make."""
    match _values(cursor):
        case [str(position), str(key)]:
            return position, key
        case _:
            raise _refused()


def decoded_hit(cursor: str) -> tuple[int, int, int]:
    """RefusedError `bad_cursor` for anything `after_hit` did not make."""
    match _values(cursor):
        case [int(seconds), int(connection_id), int(record_id)] if all(
            0 <= value <= _MOST for value in (seconds, connection_id, record_id)
        ):
            return seconds, connection_id, record_id
        case _:
            raise _refused()


def _encoded(values: Sequence[str | int]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode("ascii").rstrip("=")


def _values(cursor: str) -> object:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, orjson.JSONDecodeError):
        return None  # refused by whoever asked, like a cursor that decodes to something else


def _refused() -> RefusedError:
    return RefusedError(
        "The page cursor is not one this store gave out",
        "Use `next` of the page before, or leave it out to start at the beginning.",
        code=ErrorCode.BAD_CURSOR,
    )
