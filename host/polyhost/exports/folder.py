"""A folder that holds an export: whole, or plainly not.

Owns: how files get there and `manifest.json`, which is written last and names every file with its size and digest. An
export is whole exactly if that file is there and true. Must not know: formats, records.

New files are written in a hidden folder inside, and moved to their places when all of them are done. A first or renewed
export takes the old manifest away before anything moves; one that adds a part replaces it at the end. Before that, the
hidden folder is given a list of the files that are about to come or go: whoever finds it there, because an export was
killed in the middle, knows which files are nobody else's and takes them away. What others have put into the folder is
left alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from polyhost.errors import ErrorCode, RefusedError, RunFailedError

__all__ = ["MANIFEST", "ExportFolder"]

MANIFEST = "manifest.json"
_MARK = "polyhost_export"
_VERSION = 1
_PARTIAL = ".polyhost-partial-"
_MOVING = ".moving"
"""In the hidden folder: the list of files that are about to come or go."""
_CHUNK_BYTES = 1024 * 1024


class ExportFolder:
    """One directory. RefusedError `export_directory` where it is somebody else's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.previous = _read_manifest(path)

    def check_is_ours(self) -> None:
        """Nothing is written among files of somebody else, apart from what an export that was cut off left."""
        with _explained():
            cut_off = self._take_away_leftovers()
        if cut_off or self.previous is not None or not self.path.exists():
            return
        if not self.path.is_dir():
            raise RefusedError(
                f"{self.path} is a file, not a folder", "Name a folder, or a new one.", code=ErrorCode.EXPORT_DIRECTORY
            )
        others = [one.name for one in self.path.iterdir() if not one.name.startswith(_PARTIAL)]
        if others:
            raise RefusedError(
                "the directory to export into holds other files",
                "Name a new or an empty one, or one that an export was written to before.",
                code=ErrorCode.EXPORT_DIRECTORY,
            )

    @contextmanager
    def writing(self) -> Generator[Path]:
        """A place to write files in; they go nowhere unless `publish` is called inside."""
        with _explained():
            is_new = not self.path.exists()
            self.path.mkdir(parents=True, exist_ok=True)
            partial = self.path / f"{_PARTIAL}{os.getpid()}"
            partial.mkdir(mode=0o700)
        try:
            with _explained():
                yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            if is_new:
                with suppress(OSError):  # not empty: it has been published
                    self.path.rmdir()

    def publish(
        self, partial: Path, manifest: Mapping[str, Any], *, part: Mapping[str, Any], adds: bool
    ) -> list[dict[str, Any]]:
        """Move what was written to its place, then say so in the manifest. The files, as the manifest names them."""
        files = [_described(partial, path) for path in sorted(partial.rglob("*")) if path.is_file()]
        kept = self.previous["parts"] if adds and self.previous is not None else []
        before = [] if adds or self.previous is None else _listed(self.previous)
        self._check_for_links(file["path"] for file in files)
        _write_durably(partial / _MOVING, [*(file["path"] for file in files), *before])
        if not adds:
            self._clear()
        for file in files:
            target = self.path / file["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            (partial / file["path"]).replace(target)
        whole = {_MARK: _VERSION, **manifest, "parts": [*kept, {**part, "files": files}]}
        self._write_manifest(partial, whole)
        return files

    def _check_for_links(self, paths: Iterable[str]) -> None:
        """Nothing is moved through a link that somebody has put where a folder goes."""
        for path in paths:
            link = self._link_before(path)
            if link is not None:
                raise RefusedError(
                    f"{link} is a link, not a folder",
                    "Take it away or export elsewhere: nothing is written through it.",
                    code=ErrorCode.EXPORT_DIRECTORY,
                )

    def _link_before(self, path: str) -> Path | None:
        """The link that a folder on the way to this file is."""
        return next((here for one in Path(path).parents if (here := self.path / one).is_symlink() and one.parts), None)

    def _clear(self) -> None:
        """Take away what an earlier export has put here: its manifest first, so that nothing looks whole meanwhile."""
        if self.previous is None:
            return
        (self.path / MANIFEST).unlink(missing_ok=True)
        self._remove(_listed(self.previous))

    def _take_away_leftovers(self) -> bool:
        """What an export that was killed has left: its hidden folder, and files that no manifest names. Whether it was
        killed while files came and went, and may have had a manifest before."""
        whole = set() if self.previous is None else {*_listed(self.previous)}
        moving: list[str] = []
        for left in self.path.glob(f"{_PARTIAL}*"):
            moving += _moving(left)
            self._remove([path for path in moving if path not in whole])
            shutil.rmtree(left, ignore_errors=True)
        return bool(moving)

    def _remove(self, paths: Sequence[str]) -> None:
        """These files, and the folders that are empty without them; nothing behind a link."""
        paths = [path for path in paths if self._link_before(path) is None]
        for path in paths:
            (self.path / path).unlink(missing_ok=True)
        folders = {parent for path in paths for parent in Path(path).parents if parent != Path()}
        for folder in sorted(folders, key=lambda one: len(one.parts), reverse=True):
            place = self.path / folder
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()

    def _write_manifest(self, partial: Path, manifest: Mapping[str, Any]) -> None:
        made = partial / MANIFEST
        _write_durably(made, manifest)
        made.replace(self.path / MANIFEST)


def _read_manifest(path: Path) -> dict[str, Any] | None:
    try:
        found = orjson.loads((path / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return found if isinstance(found, dict) and found.get(_MARK) == _VERSION else None


def _listed(manifest: Mapping[str, Any]) -> Sequence[str]:
    """Paths the manifest names that lie inside the folder: it may have been edited."""
    return _inside(str(file["path"]) for part in manifest["parts"] for file in part["files"])


def _moving(partial: Path) -> Sequence[str]:
    """Paths that an export was about to move when it was killed; none where it had not come that far."""
    try:
        found = orjson.loads((partial / _MOVING).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return []
    return _inside(str(path) for path in found) if isinstance(found, list) else []


def _inside(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if not Path(path).is_absolute() and ".." not in Path(path).parts]


def _write_durably(path: Path, value: Any) -> None:
    with path.open("wb") as file:
        file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _described(folder: Path, path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
        os.fsync(file.fileno())
    return {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": digest.hexdigest()}


@contextmanager
def _explained() -> Generator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "the disk refused"
        raise RunFailedError(
            f"the export could not be written: {why}",
            "Make room or choose another directory, and export again; nothing half-written looks whole.",
            code=ErrorCode.EXPORT_FAILED,
        ) from error
