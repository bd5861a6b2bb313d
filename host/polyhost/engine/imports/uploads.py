"""Files an owner has uploaded and not imported yet: each in a folder of its own in the home, for an hour.

Owns: where they lie (folder 0700, file 0600), how large and how many they may be, when they go. Must not know: what is
in them, HTTP.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from polyhost.boot_clock import Moment
from polyhost.engine.clock import Clock
from polyhost.errors import ErrorCode, RefusedError, RunFailedError

__all__ = ["MAX_UPLOAD_BYTES", "Upload", "Uploads"]

MAX_UPLOAD_BYTES = 16 * 1024**3
"""An export of a large workspace is some GiB; it is written to disk as it comes."""
MAX_WAITING = 8
"""Uploads that wait to be imported; a further one replaces the oldest."""
KEPT_SECONDS = 3600.0
"""How long a preview may be looked at."""
_NAME_LENGTH = 120
_ODD = re.compile(r"[^\w .()\[\]+,=@~-]")
"""What a file name does not keep; some exports are told by their names, and none needs these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An uploaded file; `connection` and `source` as they were asked for."""

    id: str
    path: Path
    connection: str
    source: str | None
    expires: Moment

    @property
    def expires_at(self) -> float:
        """In seconds since 1970, to be told."""
        return self.expires.wall


@dataclass(slots=True)
class Uploads:
    """Those of one process; what an earlier one left is removed when this is made."""

    home: Path
    clock: Clock = field(default_factory=Clock)
    max_bytes: int = MAX_UPLOAD_BYTES
    _waiting: dict[str, Upload] = field(default_factory=dict[str, Upload])

    def __post_init__(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _folder(self) -> Path:
        return self.home / "uploads"

    async def take(self, chunks: AsyncIterator[bytes], *, name: str, connection: str, source: str | None) -> Upload:
        """Write a file as it comes. RefusedError `upload_too_large`. What does not come whole is gone again."""
        self._make_room()
        upload_id = f"upl_{secrets.token_hex(12)}"
        folder = self._folder / upload_id
        try:
            folder.mkdir(mode=0o700, parents=True)
            self._folder.chmod(0o700)
            path = folder / _file_name(name)
            await self._write(path, chunks)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError) and not isinstance(error, ConnectionError):
                raise RunFailedError(
                    f"the file could not be kept: {error.strerror}", "Is the disk full?", code=ErrorCode.DISK_FULL
                ) from None
            raise
        expires = self.clock.moment().later(KEPT_SECONDS)
        upload = Upload(id=upload_id, path=path, connection=connection, source=source, expires=expires)
        self._waiting[upload_id] = upload
        return upload

    def too_large(self) -> RefusedError:
        """What a file over the bound is refused with."""
        return RefusedError(
            f"the file is larger than {self.max_bytes:,} bytes",
            "Import it at the command line: polyhost import NAME FILE",
            code=ErrorCode.UPLOAD_TOO_LARGE,
        )

    def claim(self, upload_id: str) -> Upload:
        """An upload that waits, to be imported: it is claimed once, and whoever has it calls `drop` or `put_back`.
        RefusedError `unknown_artifact`."""
        self._drop_old()
        upload = self._waiting.pop(upload_id, None)
        if upload is None:
            raise RefusedError(
                "there is no such upload (any more)", "Upload the file again.", code=ErrorCode.UNKNOWN_ARTIFACT
            )
        return upload

    def put_back(self, upload: Upload) -> None:
        """It could not be imported now, and may be later."""
        self._waiting[upload.id] = upload

    def drop(self, upload: Upload) -> None:
        """It is not needed any more."""
        self._waiting.pop(upload.id, None)
        shutil.rmtree(upload.path.parent, ignore_errors=True)

    def close(self) -> None:
        """Remove all of them."""
        self._waiting.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _write(self, path: Path, chunks: AsyncIterator[bytes]) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        size = 0
        with os.fdopen(handle, "wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self.max_bytes:
                    raise self.too_large()
                file.write(chunk)

    def _make_room(self) -> None:
        self._drop_old()
        while len(self._waiting) >= MAX_WAITING:
            self.drop(next(iter(self._waiting.values())))

    def _drop_old(self) -> None:
        now = self.clock.up()
        for upload in [one for one in self._waiting.values() if one.expires.up <= now]:
            self.drop(upload)


def _file_name(text: str) -> str:
    """The last part of a path, of characters that mean nothing to a file system."""
    name = _ODD.sub("_", text.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, ending = name[-_NAME_LENGTH:].rpartition(".")
    return f"{stem}{dot}{ending}".lstrip(".") or "upload"
