"""The store: whether its file is sound and of today, and who claims to be running what.

Must not know: SQL, what the records are.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from polyhost.boot_clock import Moment
from polyhost.engine.doctor.finding import Finding, failed, ok, warning
from polyhost.errors import PolyhostError
from polyhost.store.sqlite.checkup import SCHEMA_VERSION, STORE_FILE, IntegrityReport, held_leases, soundness

__all__ = ["check_leases", "check_store"]

LONG_LOG_BYTES = 256 << 20
"""Four times what the log is cut back to: somebody has kept a read open for long."""
_RESCUE = "Move it aside and restore a copy; or save what can be read: sqlite3 {path} .recover | sqlite3 recovered.db"


def check_store(home: Path) -> list[Finding]:
    """Integrity, schema, foreign keys, the log's size."""
    path = home / STORE_FILE
    if not path.exists():
        return [ok("store", "nothing is stored yet")]
    try:
        seen = soundness(path)
    except PolyhostError as error:
        return [failed("store", error.reason, error.instruction)]
    except sqlite3.Error as error:
        return [failed("store", f"{path} cannot be read: {error}", _RESCUE.format(path=path))]
    return _judge(path, seen)


def _judge(path: Path, seen: IntegrityReport) -> list[Finding]:
    wrong: list[Finding] = []
    if seen.problems:
        wrong.append(failed("store", f"{path} is damaged: {'; '.join(seen.problems)}", _RESCUE.format(path=path)))
    if seen.orphans:
        wrong.append(
            failed("store", f"{seen.orphans:,} rows belong to nothing that is there", _RESCUE.format(path=path))
        )
    if seen.log_bytes > LONG_LOG_BYTES:
        wrong.append(
            warning(
                "store",
                f"its log has grown to {seen.log_bytes >> 20:,} MiB: a process has kept it open for long",
                "End programs that read the store; the next run folds the log in.",
            )
        )
    schema = f"schema {seen.version}"
    if seen.version < SCHEMA_VERSION:
        schema += f", which the next command brings to {SCHEMA_VERSION}"
    size = path.stat().st_size / (1 << 20)
    return wrong or [ok("store", f"{size:,.1f} MiB, sound; {schema}")]


def check_leases(home: Path, *, now: Moment) -> list[Finding]:
    """Who is running what; and what was left by a process that is gone."""
    path = home / STORE_FILE
    if not path.exists():
        return []
    leases = held_leases(path, now=now)
    return [
        warning(
            "leases",
            f"run {lease.holder.run_id} was left by process {lease.holder.pid}, which is gone",
            f"The next run takes over and goes on from there: polyhost run {lease.connection}",
            about=lease.connection,
        )
        if lease.is_dead
        else ok("leases", f"being collected now by process {lease.holder.pid}", about=lease.connection)
        for lease in leases
    ] or [ok("leases", "nothing is being collected")]
