"""Opening the store's file: its place and permissions, what a connection to it is set to, its version.

Owns: the home directory's mode, the pragmas, the refusals of files that are not today's store.
Must not know: tables, rows, threads.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polyhost.errors import ErrorCode, RefusedError
from polyhost.owner_only import keep_home

__all__ = [
    "BUSY_SECONDS",
    "SCHEMA_VERSION",
    "STORE_FILE",
    "connect",
    "overwriting",
    "prepare",
    "read_version",
    "rebuild",
    "transaction",
]

STORE_FILE = "store.db"
SCHEMA_VERSION = 5
"""The number of the newest migration; the file says its own in `PRAGMA user_version`."""
BUSY_SECONDS = 30.0
"""How long to wait for another process's transaction: milliseconds, usually; some seconds for a big deletion."""

_AGAIN_SECONDS = 0.02
"""Between two tries at what SQLite itself does not wait for; whoever is in the way needs a millisecond, usually."""
_RACED = (sqlite3.SQLITE_PROTOCOL,)
"""Somebody else was opening, folding or closing the log for as long as SQLite tried, some 10 seconds: a disk that
stalls. It does not ask the busy timeout then."""
_APPLICATION_ID = 0x706F6C79
"""'poly', in the file's header: tells our store from any other SQLite file."""
_PAGE_BYTES = 8192
"""A record of about 1 kB fills a 4 kB page badly; 16 kB pages make the log grow faster when keys come in no order."""
_WRITER_CACHE_KIB = 16 * 1024
"""Holds the inner pages of the indices of some million records. The host's memory is to stay flat."""
_READER_CACHE_KIB = 4 * 1024
_CHECKPOINT_PAGES = 4000
"""32 MiB of log, some 28,000 records, then it is folded into the file: that takes two fsyncs each time."""
_LOG_LIMIT_BYTES = 64 * 1024 * 1024
"""A log that had to grow (a long read, a large deletion) is cut back to this."""

_REBUILD_BYTES = 512 << 20
"""A file is rebuilt in memory, as nothing stored is to get into a temporary file, and nobody writes meanwhile: some
seconds. A larger one is left as it is."""
_FOLD_MILLISECONDS = 2000


def prepare(path: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
    """Make or upgrade the store in this file, so that it is one of today. Run inside `failures.opening`."""
    _make_file(path)
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        with transaction(connection, write=False):
            version = read_version(path, connection)
        if version < SCHEMA_VERSION:
            _use_log(path, connection)
            _upgrade(connection)
    finally:
        connection.close()


def connect(path: Path, *, writer: bool, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """One connection, to be used by one thread at a time. Transactions are begun by hand (see `transaction`).

    synchronous=NORMAL: a commit is handed to the operating system and not waited for. A process that is killed loses
    nothing that was committed; a machine that loses power may lose the last commits, whole ones, never the store. That
    is the right bargain for data that can be collected again, and 3 to 10 times as fast as waiting.
    """
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        _use_log(path, connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")  # macOS: else its disks may reorder what makes it sound
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = FAST")  # overwritten where that is free; else see `overwriting`
        connection.execute("PRAGMA temp_store = MEMORY")  # no record's content in a temporary file
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT_BYTES}")
        connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB if writer else _READER_CACHE_KIB}")
        if not writer:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool) -> Generator[None]:
    """All or nothing. A writer takes the lock at once: one that begins by reading fails with "database is locked"
    whenever another process has written since, whatever the timeout."""
    try:
        if write:
            _ask_again("BEGIN IMMEDIATE", connection, refusals=_RACED)
        else:
            connection.execute("BEGIN")
            _ask_again("SELECT 1 FROM sqlite_schema", connection, refusals=_RACED)  # takes what BEGIN alone does not
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()


@contextmanager
def overwriting(connection: sqlite3.Connection) -> Generator[None]:
    """What is deleted meanwhile is overwritten with zeros, whole pages too."""
    connection.execute("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        connection.execute("PRAGMA secure_delete = FAST")


def rebuild(connection: sqlite3.Connection) -> None:
    """Leave nothing in the file but what is stored: pages that were freed or half emptied before hold old content. The
    log is folded in before, so that what was overwritten is so on the disk, and after. Where there is too much to
    rebuild, what was deleted last is overwritten all the same."""
    _fold_log(connection)
    pages, free, size = (_number(connection, name) for name in ("page_count", "freelist_count", "page_size"))
    if (pages - free) * size <= _REBUILD_BYTES:
        connection.execute("VACUUM")
        _fold_log(connection)


def _fold_log(connection: sqlite3.Connection) -> None:
    """Into the file, and empty it. It holds up other writers while it waits for who is reading, so it does not wait
    long; where it could not, the next one does."""
    usual = _number(connection, "busy_timeout")
    connection.execute(f"PRAGMA busy_timeout = {_FOLD_MILLISECONDS}")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {usual}")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return connection.execute(f"PRAGMA {pragma}").fetchone()[0]


def _make_file(path: Path) -> None:
    """The home is the owner's alone, and so is the file; SQLite gives its log the same mode."""
    keep_home(path.parent)
    try:
        # Opened here only where it is new: closing a file that SQLite has open drops this process's locks on it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if path.is_file() and path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _ask_again(statement: str, connection: sqlite3.Connection, *, refusals: Collection[int]) -> Any:
    """The first value of its answer, asked for as long as it is refused with one of these codes, which SQLite does not
    wait for itself, and any other lock would be waited for."""
    deadline = time.monotonic() + _number(connection, "busy_timeout") / 1000
    while True:
        try:
            return next(iter(connection.execute(statement).fetchone() or ()), None)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in refusals or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_SECONDS)


def _use_log(path: Path, connection: sqlite3.Connection) -> None:
    """Where several processes open a new file at once, SQLite does not wait for the one that switches it."""
    mode = _ask_again("PRAGMA journal_mode = WAL", connection, refusals=(sqlite3.SQLITE_BUSY, *_RACED))
    if mode != "wal":
        raise RefusedError(
            f"The store {path} is on a file system that SQLite's write-ahead log does not work on",
            "Choose a home on a local disk with --home.",
            code=ErrorCode.HOME_UNSUITABLE,
        )


def read_version(path: Path, connection: sqlite3.Connection) -> int:
    """The file's schema version; 0 for an empty one. Refuses what is not ours, and what is newer than this code."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != _APPLICATION_ID and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        raise RefusedError(
            f"The file {path} is some other program's database",
            "Move it away, or choose another home with --home.",
            code=ErrorCode.STORE_FOREIGN,
        )
    if version > SCHEMA_VERSION:
        raise RefusedError(
            f"The store {path} was written by a newer polyhost (schema {version}, this one knows {SCHEMA_VERSION})",
            "Upgrade polyhost.",
            code=ErrorCode.STORE_TOO_NEW,
        )
    return version


def _upgrade(connection: sqlite3.Connection) -> None:
    from polyhost.store.migrations.upgrade import run_migrations  # noqa: PLC0415  alembic is slow to import

    stamps = (f"PRAGMA application_id = {_APPLICATION_ID}", f"PRAGMA user_version = {SCHEMA_VERSION}")
    run_migrations(connection, stamps=stamps)
