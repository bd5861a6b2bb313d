"""Bytes of a file that have not all come yet: kept on disk, so that a later process goes on from there.

A partial is `partial/<name>.part`, and beside it `<name>.json`: of which address it is, and what the server called that
version. It is of one process at a time (a lock that goes with the process). One that was written before the machine was
started anew is not gone on with: what the disk had taken by then, nobody knows.

Owns: writing, hashing, the step to a whole content. Must not know: where whole contents lie, networks. All of it
blocks: call it in threads.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from polyhost.boot_clock import boot_id
from polyhost.files.kinds import HEAD_BYTES, is_document, sniff
from polyhost.ledger.files import Content

__all__ = ["OWNER_ONLY", "Origin", "Partial", "sync_folder", "together"]

OWNER_ONLY = 0o600
_READ_BYTES = 1 << 20
_WORTH_BYTES = 1 << 18
"""What has fewer comes anew sooner than its origin is written down: that is done when it is closed, if it is."""
_SYNCED_AT_ONCE = 8
"""A disk takes what several threads wait for in one go: eight files in the time of one."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origin:
    """Of what the bytes of a partial are. `address`: a digest of it, for an address may hold a secret; `validator`:
    what the server calls this version, None where it gives no name that holds; `total`: bytes of the whole, where it
    says."""

    address: str
    validator: str | None = None
    total: int | None = None

    @classmethod
    def of(cls, address: str, *, validator: str | None = None, total: int | None = None) -> Origin:
        return cls(hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest(), validator, total)

    def is_of(self, address: str) -> bool:
        """Whether the bytes are those of this address."""
        return self.address == Origin.of(address).address


class Partial:
    """Opened by `Contents.partial`, and to be ended by one of `keep`, `discard` and `close`."""

    def __init__(self, handle: int, part: Path, place: Callable[[Path, Content], None], *, is_own: bool) -> None:
        """`handle`: of the file `part`, locked. `place`: takes a whole content to where such lie, and the part away.
        `is_own`: nobody finds it again, so that closing it drops it."""
        self._handle: int | None = handle
        self._is_own = is_own
        self._part = part
        self._beside = part.with_suffix(".json")
        self._place = place
        self._hash = hashlib.sha256()
        self._hashed = 0
        self._synced = -1
        self._sniffed: tuple[int, str] | None = None
        self._size = os.fstat(handle).st_size
        self._has_beside = True
        self._origin = self._read_origin()
        if self._origin is None and self._size:
            self._empty()

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self._size

    @property
    def origin(self) -> Origin | None:
        """Of what they are; None where that is not known, and then there are none."""
        return self._origin

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes that are here."""
        self._catch_up()
        return self._hash.hexdigest()

    def begin(self, origin: Origin) -> None:
        """Drop what is here: what is written from now on is of this origin."""
        self._drop_beside()  # before bytes that are not of it
        self._empty()
        self._origin = origin

    def _note_origin(self) -> None:
        """So that a later process knows of what the bytes are; of what names no version, nobody could go on."""
        origin = self._origin
        if self._has_beside or self._is_own or origin is None or origin.validator is None:
            return
        beside = self._beside.with_suffix(".new")
        kept = {
            "address": origin.address,
            "validator": origin.validator,
            "total": origin.total,
            "boot": boot_id(),
        }
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, OWNER_ONLY)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, OWNER_ONLY)
            file.write(orjson.dumps(kept))
        beside.replace(self._beside)
        self._has_beside = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add these bytes."""
        self._catch_up()
        left = memoryview(data)
        while left:
            left = left[os.pwrite(self._open, left, self._size + len(data) - len(left)) :]
        self._hash.update(data)
        self._size += len(data)
        self._hashed = self._size
        if self._size >= _WORTH_BYTES:
            self._note_origin()

    def read(self, at: int, most: int) -> bytes:
        """Bytes that are here, from this place on."""
        return os.pread(self._open, most, at)

    def sniff(self, *, is_whole: bool = True) -> str:
        """What they are. `is_whole`: no more will come."""
        if is_whole and self._sniffed is not None and self._sniffed[0] == self._size:
            return self._sniffed[1]
        head = self.read(0, HEAD_BYTES)
        found = sniff(head, is_whole=is_whole and len(head) == self._size)
        if is_whole:
            self._sniffed = self._size, found
        return found

    def is_document(self, *, is_whole: bool = True) -> bool:
        """Whether they begin a whole HTML page."""
        head = self.read(0, HEAD_BYTES)
        return is_document(head, is_whole=is_whole and len(head) == self._size)

    def keep(self) -> Content:
        """They are all of it: make them a content. Where it is kept already, this one is dropped. Called by
        `Contents.keep`, which brings its name to the disk too."""
        self._catch_up()
        content = Content(self._hash.hexdigest(), self._size, self.sniff())
        self.sync()
        self._drop_beside()
        self._place(self._part, content)
        self._end()
        return content

    def sync(self) -> None:
        """They are on the disk for good. What was brought there before, `keep` does not wait for."""
        if self._synced != self._size:
            os.fsync(self._open)
            self._synced = self._size

    def discard(self) -> None:
        """Drop them."""
        if self._handle is not None:
            self._drop_beside()
            self._part.unlink(missing_ok=True)
            self._end()

    def close(self) -> None:
        """Leave them as they are, for a later time."""
        if self._is_own:
            self.discard()
        if self._handle is not None:
            self._note_origin()
        self._end()

    @property
    def has_ended(self) -> bool:
        """By `keep`, `discard` or `close`."""
        return self._handle is None

    def _end(self) -> None:
        """The lock goes last: until then nobody else is at a file of this name."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    @property
    def _open(self) -> int:
        if self._handle is None:
            raise ValueError("this partial has ended")
        return self._handle

    def _empty(self) -> None:
        os.ftruncate(self._open, 0)
        self._hash = hashlib.sha256()
        self._size = self._hashed = 0
        self._synced = -1
        self._sniffed = None

    def _drop_beside(self) -> None:
        if self._has_beside:
            self._beside.unlink(missing_ok=True)
            self._has_beside = False

    def _catch_up(self) -> None:
        """Take into the digest what an earlier process wrote."""
        while self._hashed < self._size:
            data = self.read(self._hashed, min(_READ_BYTES, self._size - self._hashed))
            if not data:
                raise OSError(f"{self._part} has become shorter")
            self._hash.update(data)
            self._hashed += len(data)

    def _read_origin(self) -> Origin | None:
        try:
            with os.fdopen(os.open(self._beside, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as file:
                kept: Any = orjson.loads(file.read())
        except FileNotFoundError:
            self._has_beside = False
            return None
        except (OSError, ValueError):
            return None
        try:
            boot, origin = kept["boot"], Origin(kept["address"], kept["validator"], kept["total"])
        except (TypeError, KeyError):
            return None
        return origin if boot is not None and boot == boot_id() else None


def together(wait: Callable[[T], None], each: Collection[T]) -> None:
    """Wait for the disk with each of these, several at a time. The first error ends it."""
    if len(each) == 1:
        wait(*each)
    elif each:
        with ThreadPoolExecutor(min(_SYNCED_AT_ONCE, len(each)), "polyhost-sync") as threads:
            list(threads.map(wait, each))


def sync_folder(folder: Path) -> None:
    """Names in it are on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
