"""Where a connector puts the files that it hands over: a folder of one run, `HOME/files/spool/<name>`.

It is there as long as the run, and its owner's alone. A run that was killed leaves its folder behind; the next one that
makes any takes it out, for a folder in use is locked, and the lock goes with the process.

Owns: that folder, and what may be read out of it. Must not know: protocols, what a file is for. All of it blocks: call
it in threads.

Whoever writes there is not trusted: a name is no path, what stands under it must be a plain file, and as it may change
while it is read, it is copied, and only the copy is looked at.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from polyhost.files.partial import Partial

__all__ = ["Spool", "sweep_spools"]

_FOLDER = 0o700
_TRIES = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_AT_ONCE = 1 << 20
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_OPEN_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Spool:
    """The folder of one run. Nothing is on the disk before `open`."""

    def __init__(self, home: Path) -> None:
        self._files = home / "files"
        self.folder = self._files / "spool" / secrets.token_hex(16)
        self._handle: int | None = None

    def open(self) -> None:
        """Make it, and take out those of runs that are gone. OSError where it cannot be made."""
        for each in (self._files.parent, self._files, self.folder.parent):
            with suppress(FileExistsError):
                each.mkdir(mode=_FOLDER)
                each.chmod(_FOLDER)
        _sweep(self.folder.parent)
        for _ in range(_TRIES):  # whoever sweeps may take it out before it is locked
            with suppress(FileExistsError):
                self.folder.mkdir(mode=_FOLDER)
                self.folder.chmod(_FOLDER)
            self._handle = _locked(self.folder)
            if self._handle is not None:
                return
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), str(self.folder))

    def close(self) -> None:
        """Take it out, with all that is left in it."""
        handle, self._handle = self._handle, None
        if handle is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(handle)

    def copy(self, name: str, size: int, into: Partial) -> bool | None:
        """Copy the file of this name, and no more than `size` bytes of it; whether it has so many. None where there is
        no file of this name that can be read. OSError where `into` takes no more."""
        handle = self._opened(name)
        if handle is None:
            return None
        try:
            left = size
            while data := _read(handle, min(_AT_ONCE, left + 1)):
                if len(data) > left:
                    return False
                into.write(data)
                left -= len(data)
            return left == 0
        finally:
            os.close(handle)

    def drop(self, name: str) -> None:
        """It is not needed any more."""
        if self._handle is not None and _NAME.match(name):
            with suppress(OSError):
                os.unlink(name, dir_fd=self._handle)

    def _opened(self, name: str) -> int | None:
        if self._handle is None or not _NAME.match(name):
            return None
        try:
            handle = os.open(name, _OPEN_FILE, dir_fd=self._handle)
        except OSError:
            return None
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return handle
        os.close(handle)
        return None


def sweep_spools(home: Path) -> None:
    """Take out the folders of runs that are gone."""
    _sweep(home / "files" / "spool")


def _sweep(folder: Path) -> None:
    try:
        left = list(folder.iterdir())
    except OSError:
        return
    for one in left:
        handle = _locked(one)
        if handle is not None:
            shutil.rmtree(one, ignore_errors=True)
            os.close(handle)


def _locked(folder: Path) -> int | None:
    """The folder, opened and locked; None where somebody has it, or it is no folder, or is gone by now."""
    try:
        handle = os.open(folder, _OPEN_FOLDER)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), folder.lstat()):
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


def _read(handle: int, most: int) -> bytes:
    """Nothing where it cannot be read on: then it is shorter than was said."""
    try:
        return os.read(handle, most)
    except OSError:
        return b""
