"""The home: whether it can be written, whether others can read it, whether there is room.

Must not know: what is kept in it beyond which files are secrets.
"""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from polyhost.engine.doctor.finding import Finding, failed, ok, warning

__all__ = ["check_disk", "check_home", "check_permissions", "touch"]

SECRET_FOLDERS = ("sessions", "profiles", "traces", "keys")
SECRET_FILES = ("session.key", "store.db", "store.db-wal", "store.db-shm", "token", "config.toml")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_NAMED_AT_ONCE = 4
"""Files in one line of instruction; more are mended by one recursive command."""
LITTLE_BYTES = 1 << 30
"""A browser's cache, a large run's log and a store that grows: below this, soon something does not fit."""
FULL_BYTES = 100 << 20
"""A browser does not even start with less."""


def check_home(home: Path) -> list[Finding]:
    """Whether it is there and can be written."""
    if not home.exists():
        return [ok("home", f"{home} is not there yet; the first command that keeps something makes it")]
    if not home.is_dir():
        return [failed("home", f"{home} is not a folder", "Choose another with --home, or move that file away.")]
    try:
        touch(home)
    except OSError as error:
        what = f"{home} cannot be written: {(error.strerror or 'no reason given').lower()}"
        return [failed("home", what, f"Make it yours: sudo chown -R {os.getuid()} {_quoted(home)}; or free the disk.")]
    return [ok("home", str(home))]


def check_permissions(home: Path) -> list[Finding]:
    """Whether anybody but the owner could read the home, a session, a profile or the store."""
    if not home.is_dir():
        return []
    folders = [path for path in _folders(home) if path.stat().st_mode & _OTHERS]
    files = [path for path in _files(home) if path.stat().st_mode & _OTHERS]
    if not folders and not files:
        return [ok("permissions", "home, sessions and profiles are readable by you only")]
    commands = [
        f"chmod {mode} {' '.join(map(_quoted, paths))}" for mode, paths in (("700", folders), ("600", files)) if paths
    ]
    if len(folders) + len(files) > _NAMED_AT_ONCE:
        commands = [f"chmod -R go-rwx {_quoted(home)}"]
    shown = ", ".join(_mode(path, home) for path in [*folders, *files][:_NAMED_AT_ONCE])
    more = len(folders) + len(files) - _NAMED_AT_ONCE
    found = f"others on this machine may read {shown}{f' and {more} more' if more > 0 else ''}"
    return [warning("permissions", found, f"Type: {' && '.join(commands)}")]


def check_disk(home: Path, *, free: int | None = None) -> list[Finding]:
    """Whether there is room. `free`: bytes, measured where None."""
    there = next(path for path in (home, *home.parents) if path.exists())
    left = shutil.disk_usage(there).free if free is None else free
    told = f"{left / (1 << 30):,.1f} GiB free where the home is"
    if left < FULL_BYTES:
        return [failed("disk", told, "Free some: nothing can be stored.")]
    if left < LITTLE_BYTES:
        return [warning("disk", told, "Free some soon; a long first run needs more.")]
    return [ok("disk", told)]


def touch(home: Path) -> float:
    """When a file that was just written says it was written."""
    with tempfile.NamedTemporaryFile(dir=home, prefix=".doctor-") as file:
        file.write(b"1")
        file.flush()
        return os.fstat(file.fileno()).st_mtime


def _folders(home: Path) -> Iterator[Path]:
    yield home
    for name in SECRET_FOLDERS:
        if (home / name).is_dir():
            yield home / name
            if name == "profiles":  # what is inside one is shut off by it
                yield from (path for path in sorted((home / name).iterdir()) if path.is_dir())


def _files(home: Path) -> Iterator[Path]:
    yield from (home / name for name in SECRET_FILES if (home / name).is_file())
    for name in SECRET_FOLDERS:
        if (home / name).is_dir():
            yield from (path for path in sorted((home / name).iterdir()) if path.is_file())


def _mode(path: Path, home: Path) -> str:
    name = "the home" if path == home else str(path.relative_to(home))
    return f"{name} ({stat.S_IMODE(path.stat().st_mode):04o})"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
