"""Every check, one after another; one that breaks says so in a line of its own and hides no other.

Must not know: what a check looks at.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from polyhost.engine.clock import Clock
from polyhost.engine.doctor._browser import check_browser
from polyhost.engine.doctor._clock import check_clock
from polyhost.engine.doctor._files import check_files
from polyhost.engine.doctor._home import check_disk, check_home, check_permissions
from polyhost.engine.doctor._program import check_settings, check_versions, settings_or_defaults
from polyhost.engine.doctor._sessions import check_session, probe_session
from polyhost.engine.doctor._store import check_leases, check_store
from polyhost.engine.doctor.finding import Finding, failed
from polyhost.errors import PolyhostError
from polyhost.store.opening import open_store
from polyhost.store.sqlite.checkup import SCHEMA_VERSION, STORE_FILE, DatedRun, dated_runs, soundness

__all__ = ["examine"]

_RUNS_DATED = 200
"""Runs whose dates are looked at, over all connections: those of some days at least."""
Check = Callable[[], Sequence[Finding] | Awaitable[Sequence[Finding]]]


async def examine(home: Path, clock: Clock, *, online: bool = False, files: bool = False) -> list[Finding]:
    """Look at everything. `online`: open each connection's site too, with the saved session. `files`: read every file
    that is kept, not only some."""
    config = settings_or_defaults(home)
    path = home / STORE_FILE
    checks: list[tuple[str, Check]] = [
        ("versions", check_versions),
        ("settings", lambda: check_settings(home)),
        ("browser", lambda: check_browser(config.browser.executable)),
        ("home", lambda: check_home(home)),
        ("permissions", lambda: check_permissions(home)),
        ("disk", lambda: check_disk(home)),
        ("clock", lambda: check_clock(home, _dated(path), clock.moment())),
        ("store", lambda: check_store(home)),
        ("leases", lambda: check_leases(home, now=clock.moment())),
        ("session", lambda: _sessions(home, clock, online=online)),
        ("files", lambda: _files(home, clock, read_all=files)),
    ]
    return [finding for name, check in checks for finding in await attempted(name, check)]


async def attempted(name: str, check: Check) -> Sequence[Finding]:
    """What the check found; where it broke, that."""
    try:
        found = check()
        return await found if inspect.isawaitable(found) else found
    except PolyhostError as error:
        return [failed(name, error.reason, error.instruction)]
    except Exception as error:
        what = f"this could not be checked: {type(error).__name__}: {error}"
        return [failed(name, what, "Mend what the other lines name first; then look again.")]


async def _sessions(home: Path, clock: Clock, *, online: bool) -> list[Finding]:
    """Only of a store that is sound and of today: opening another would change it, or fail for what is said already."""
    if not _can_be_opened(home):
        return []
    found: list[Finding] = []
    store = await open_store(home)
    try:
        for row in await store.connections.all():
            found += await attempted("session", lambda row=row: check_session(store, row, home, clock))
            if online:
                found += await attempted("online", lambda row=row: probe_session(store, row, home, clock))
    finally:
        await store.close()
    return found


async def _files(home: Path, clock: Clock, *, read_all: bool) -> Sequence[Finding]:
    if not _can_be_opened(home):
        return []
    store = await open_store(home)
    try:
        return await check_files(store, home, clock, read_all=read_all)
    finally:
        await store.close()


def _can_be_opened(home: Path) -> bool:
    path = home / STORE_FILE
    if not path.exists():
        return False
    seen = soundness(path)
    return not seen.problems and seen.version == SCHEMA_VERSION


def _dated(path: Path) -> Sequence[DatedRun]:
    """None, too, where the store cannot be asked: the line about the store says why."""
    try:
        return dated_runs(path, limit=_RUNS_DATED) if path.exists() else ()
    except Exception:
        return ()
