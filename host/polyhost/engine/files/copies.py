"""Putting the files that are here into a folder of their owner's, by partition, under names that say what they are.

Owns: that nothing that is there is written over, and that a second time only what is new comes. Must not know: which
files are wanted. Blocks: call it in a thread.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from polyhost.errors import ErrorCode, RefusedError, RunFailedError
from polyhost.files.names import FolderNames, safe_name
from polyhost.ledger.files import Content

__all__ = ["OwnersFolder", "Put"]

Put = Literal["linked", "copied", "already"]
_AT_ONCE = 1 << 20


@dataclass(slots=True)
class _Folder:
    """What one folder holds: names, the files themselves, and those of each size until they are read."""

    path: Path
    names: FolderNames = field(default_factory=FolderNames)
    nodes: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    unread: defaultdict[int, list[Path]] = field(default_factory=lambda: defaultdict[int, list[Path]](list))
    digests: set[str] = field(default_factory=set[str])

    @classmethod
    def of(cls, path: Path) -> _Folder:
        found = cls(path)
        if path.is_dir():
            for one in sorted(path.iterdir()):
                found.names.take(one.name)
                about = one.lstat()
                if stat.S_ISREG(about.st_mode):
                    found.nodes.add((about.st_dev, about.st_ino))
                    found.unread[about.st_size].append(one)
        return found

    def holds(self, source: Path, content: Content) -> bool:
        about = source.stat()
        if (about.st_dev, about.st_ino) in self.nodes or content.digest in self.digests:
            return True
        for one in self.unread.pop(content.size, ()):
            with one.open("rb") as file:
                self.digests.add(hashlib.file_digest(file, "sha256").hexdigest())
        return content.digest in self.digests


class OwnersFolder:
    """One folder. RefusedError where it lies within the home; RunFailedError where it cannot be written."""

    def __init__(self, root: Path, home: Path) -> None:
        self._root = root
        self._folders: dict[str, _Folder] = {}
        if root.resolve().is_relative_to(home.resolve()):
            raise RefusedError(
                f"{root} lies within polyhost's own folder", "Name another one.", code=ErrorCode.EXPORT_DIRECTORY
            )

    def put(self, source: Path, content: Content, *, folder: str, name: str | None) -> Put:
        """Under this name, made safe, or a like one where that is taken; content that the folder holds already is put
        there no second time. FileNotFoundError where `source` is gone."""
        try:
            return self._put(source, content, folder, name)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not source.exists():
                raise
            why = error.strerror or "the disk refused"
            raise RunFailedError(
                f"files could not be written to {self._root}: {why}",
                "Make room or name another folder, and say it again: what is there stays.",
                code=ErrorCode.EXPORT_FAILED,
            ) from error

    def _put(self, source: Path, content: Content, folder: str, name: str | None) -> Put:
        safe = safe_name(folder, otherwise="files")
        known = self._folders.get(safe)
        if known is None:
            (self._root / safe).mkdir(parents=True, exist_ok=True)
            known = self._folders[safe] = _Folder.of(self._root / safe)
        if known.holds(source, content):
            return "already"
        while True:
            target = known.path / known.names.take(name)
            try:
                how = _link_or_copy(source, target)
            except FileExistsError:  # somebody else has put it there meanwhile
                continue
            about = target.lstat()
            known.nodes.add((about.st_dev, about.st_ino))
            known.digests.add(content.digest)
            return how


def _link_or_copy(source: Path, target: Path) -> Put:
    try:
        os.link(source, target)
        return "linked"
    except FileExistsError:
        raise
    except OSError:  # another disk, or one without links
        pass
    with source.open("rb") as read, target.open("xb") as written:
        try:
            shutil.copyfileobj(read, written, _AT_ONCE)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return "copied"
