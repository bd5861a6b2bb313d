"""What SQLite and the file system say, as errors an owner can act on.

Owns: the codes and sentences of a store that cannot be used. Must not know: statements, the schema.
An error never quotes what was being stored; SQLite's own messages name tables and columns at most.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from polyhost.errors import ErrorCode, PolyhostError, RefusedError, RunFailedError

__all__ = ["opening", "using"]

_PRIMARY_CODE_MASK = 0xFF
"""SQLite's extended result codes keep the primary one in their lowest byte."""

_DAMAGED = (
    ErrorCode.STORE_CORRUPT,
    "is damaged or not a store",
    "Put back a copy of it, or move it away to start anew.",
)
_UNWRITABLE = (
    ErrorCode.HOME_UNWRITABLE,
    "cannot be written",
    "Make it writable for you, or choose another home with --home.",
)
_HELD = (
    ErrorCode.STORE_LOCKED,
    "is held by another program",
    "End the program that has it open (a database browser, perhaps) and try again.",
)
_EXPLANATIONS = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: (ErrorCode.DISK_FULL, "cannot grow: the disk is full", "Free some space and try again."),
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_PROTOCOL: _HELD,
    sqlite3.SQLITE_READONLY: _UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: _UNWRITABLE,
    sqlite3.SQLITE_PERM: _UNWRITABLE,
    sqlite3.SQLITE_AUTH: _UNWRITABLE,
    sqlite3.SQLITE_IOERR: (ErrorCode.STORE_FAILED, "cannot be read or written", "Check the disk it is on."),
}
_UNEXPECTED = (ErrorCode.STORE_FAILED, "refused a statement", "Please report this with the command you ran.")


@contextmanager
def opening(path: Path) -> Generator[None]:
    """Around opening a store: whatever goes wrong was wrong before anything started."""
    with _translated(path, RefusedError):
        yield


@contextmanager
def using(path: Path) -> Generator[None]:
    """Around one operation on an open store."""
    with _translated(path, RunFailedError):
        yield


@contextmanager
def _translated(path: Path, error: type[PolyhostError]) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as failure:
        raise _explained(path, error, failure) from failure
    except OSError as failure:
        reason = f"The home {path.parent} cannot be used: {failure.strerror or failure}"
        raise error(reason, _UNWRITABLE[2], code=ErrorCode.HOME_UNWRITABLE) from failure
    except (UnicodeError, OverflowError) as failure:
        reason = f"The store {path} cannot keep a value that is not text or not a 64-bit number"
        raise error(reason, "Report this to the author of the connector.", code=ErrorCode.STORE_VALUE) from failure


def _explained(path: Path, error: type[PolyhostError], failure: sqlite3.Error) -> PolyhostError:
    # Errors of the sqlite3 module itself, such as a closed connection, carry no code of SQLite's.
    number: int = getattr(failure, "sqlite_errorcode", 0) & _PRIMARY_CODE_MASK
    code, what, instruction = _EXPLANATIONS.get(number, _UNEXPECTED)
    detail = f" ({failure})" if code is ErrorCode.STORE_FAILED else ""
    return error(f"The store {path} {what}{detail}", instruction, code=code)
