"""Looking a store's file over without changing it: whether it is sound, of today, and who claims to run what.

Owns: the questions put to SQLite, on a connection that cannot write. Must not know: what is to be done about an answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from polyhost.boot_clock import Moment
from polyhost.store.base import LeaseHolder
from polyhost.store.leases import is_free
from polyhost.store.sqlite.leases import holder_of
from polyhost.store.sqlite.opening import SCHEMA_VERSION, STORE_FILE, read_version

__all__ = [
    "SCHEMA_VERSION",
    "STORE_FILE",
    "DatedRun",
    "HeldLease",
    "IntegrityReport",
    "dated_runs",
    "full_text_search",
    "held_leases",
    "soundness",
]

_MOST_TOLD = 3
"""Of what quick_check finds, this much is told: the first line names the trouble, a thousand repeat it."""
_LEASES = """
SELECT c.name, l.process, l.token, l.pid, l.host, l.run_id, l.expires_at, NULL, NULL
FROM leases l JOIN connections c ON c.id = l.connection_id ORDER BY c.name
"""
_DATED = """
SELECT c.name, r.started_at, NULL, NULL
FROM runs r JOIN connections c ON c.id = r.connection_id ORDER BY r.batch_id DESC LIMIT ?
"""
_BOOT_CLOCK_SINCE = 4
"""The schema that first has the clock of the boot; one of an earlier is looked over as it is, not upgraded."""
_BUSY_SECONDS = 2.0
"""A reader of a store in WAL mode waits for nobody, save while another process recovers the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityReport:
    """What SQLite says of the file."""

    problems: Sequence[str]
    """Of pages and indices; empty where it is whole."""
    orphans: int
    """Rows whose foreign key leads nowhere."""
    version: int
    log_bytes: int
    """The write-ahead log's size; it is folded into the file when the last reader is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLease:
    """A lease as it is written down, and whether whoever took it is certainly gone."""

    connection: str
    holder: LeaseHolder
    is_dead: bool


@dataclass(frozen=True, slots=True)
class DatedRun:
    """When a run began: in ISO 8601, as the wall clock said then, and by the clock of its boot where that is known."""

    connection: str
    started_at: str
    boot: str | None
    started_up: float | None


def soundness(path: Path) -> IntegrityReport:
    """Read the whole file (some seconds for a million records). sqlite3.Error where it is not a database at all."""
    with closing(_reader(path)) as db:
        found = [str(row[0]) for row in db.execute(f"PRAGMA quick_check({_MOST_TOLD})")]
        orphans = len(db.execute("PRAGMA foreign_key_check").fetchall())
        version = read_version(path, db)
    log = path.with_name(path.name + "-wal")
    return IntegrityReport(
        problems=[] if found == ["ok"] else found,
        orphans=orphans,
        version=version,
        log_bytes=log.stat().st_size if log.exists() else 0,
    )


def held_leases(path: Path, *, now: Moment) -> list[HeldLease]:
    """Every lease there is, by connection."""
    with closing(_reader(path)) as db:
        is_told = read_version(path, db) >= _BOOT_CLOCK_SINCE
        rows = db.execute(_LEASES.replace("NULL, NULL", "l.boot, l.expires_up") if is_told else _LEASES).fetchall()
    leases: list[HeldLease] = []
    for name, process, *rest in rows:
        holder = holder_of(tuple(rest))
        leases.append(HeldLease(connection=name, holder=holder, is_dead=is_free(holder, process, now=now)))
    return leases


def dated_runs(path: Path, *, limit: int) -> list[DatedRun]:
    """The newest runs and imports, newest first, with what the clocks said when they began."""
    with closing(_reader(path)) as db:
        is_told = read_version(path, db) >= _BOOT_CLOCK_SINCE
        asked = _DATED.replace("NULL, NULL", "r.boot, r.started_up") if is_told else _DATED
        rows = db.execute(asked, (limit,)).fetchall()
    return [DatedRun(*row) for row in rows]


def full_text_search() -> str:
    """SQLite's version. sqlite3.Error where it was built without FTS5, which search needs."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
    return sqlite3.sqlite_version


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
