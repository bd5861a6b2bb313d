"""A folder that holds an export: whole, or plainly not.

Owns: how files get there and `manifest.json`, which is written last and names every file with its size and digest. An
export is whole exactly if that file is there and true. Must not know: formats, records.

New files are written in a hidden folder inside, and moved to their places when all of them are done. A first or renewed
export takes the old manifest away before anything moves; one that adds a part replaces it at the end. What others have
put into the folder is left alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from polyhost.errors import RefusedError, RunFailedError

__all__ = ["MANIFEST", "ExportFolder"]

MANIFEST = "manifest.json"
_MARK = "polyhost_export"
_VERSION = 1
_PARTIAL = ".polyhost-partial-"
_CHUNK_BYTES = 1024 * 1024


class ExportFolder:
    """One directory. RefusedError `export_directory` where it is somebody else's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.previous = _read_manifest(path)

    def check_is_ours(self) -> None:
        """Nothing is written among files of somebody else, apart from what an export that was cut off left."""
        if self.previous is not None or not self.path.exists():
            return
        others = [one.name for one in self.path.iterdir() if not one.name.startswith(_PARTIAL)]
        if others:
            raise RefusedError(
                "the directory to export into holds other files",
                "Name a new or an empty one, or one that an export was written to before.",
                code="export_directory",
            )

    @contextmanager
    def writing(self) -> Generator[Path]:
        """A place to write files in; they go nowhere unless `publish` is called inside."""
        with _explained():
            self.path.mkdir(parents=True, exist_ok=True)
            for left in self.path.glob(f"{_PARTIAL}*"):
                shutil.rmtree(left, ignore_errors=True)
            partial = self.path / f"{_PARTIAL}{os.getpid()}"
            partial.mkdir(mode=0o700)
        try:
            with _explained():
                yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def publish(
        self, partial: Path, manifest: Mapping[str, Any], *, part: Mapping[str, Any], adds: bool
    ) -> list[dict[str, Any]]:
        """Move what was written to its place, then say so in the manifest. The files, as the manifest names them."""
        files = [_described(partial, path) for path in sorted(partial.rglob("*")) if path.is_file()]
        kept = self.previous["parts"] if adds and self.previous is not None else []
        if not adds:
            self._clear()
        for file in files:
            target = self.path / file["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            (partial / file["path"]).replace(target)
        whole = {_MARK: _VERSION, **manifest, "parts": [*kept, {**part, "files": files}]}
        self._write_manifest(partial, whole)
        return files

    def _clear(self) -> None:
        """Take away what an earlier export has put here: its manifest first, so that nothing looks whole meanwhile."""
        if self.previous is None:
            return
        (self.path / MANIFEST).unlink(missing_ok=True)
        for path in _listed(self.previous):
            (self.path / path).unlink(missing_ok=True)
        folders = {parent for path in _listed(self.previous) for parent in Path(path).parents if parent != Path()}
        for folder in sorted(folders, key=lambda one: len(one.parts), reverse=True):
            place = self.path / folder
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()

    def _write_manifest(self, partial: Path, manifest: Mapping[str, Any]) -> None:
        made = partial / MANIFEST
        with made.open("wb") as file:
            file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        made.replace(self.path / MANIFEST)


def _read_manifest(path: Path) -> dict[str, Any] | None:
    try:
        found = orjson.loads((path / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return found if isinstance(found, dict) and found.get(_MARK) == _VERSION else None


def _listed(manifest: Mapping[str, Any]) -> Sequence[str]:
    """Paths the manifest names that lie inside the folder: it may have been edited."""
    paths = [str(file["path"]) for part in manifest["parts"] for file in part["files"]]
    return [path for path in paths if not Path(path).is_absolute() and ".." not in Path(path).parts]


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
            code="export_failed",
        ) from error
