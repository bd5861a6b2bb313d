"""The body of an answer on its way into a partial: unpacked, bounded, looked at, and not too slow.

Owns: the bounds of what is taken, in memory and on the disk. Must not know: requests, statuses, who is asked.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

from polyhost.files.answers import StoppedError
from polyhost.files.kinds import HTML_BYTES, judge_answer
from polyhost.files.partial import Origin, Partial
from polyhost.ledger.files import FileReason

__all__ = ["Overlap", "Pace", "Sink", "Unpacker", "in_thread"]

T = TypeVar("T")
WRITE_BYTES = 1 << 20
"""So much is written, and hashed, in one step of a thread."""
_UNPACK_BYTES = 1 << 18
_SMALL_BYTES = 1 << 16
"""A body of so many is looked at once it is all here; a larger one as soon as it tells whether it is a page."""
_GZIP, _ZLIB, _RAW = 31, 15, -15
"""What zlib calls the forms of packed data."""


async def in_thread(work: Callable[..., T], *args: Any) -> T:
    """Do it in a thread, to its end also where nobody waits for it any more: what it works with may be closed then."""
    doing = asyncio.get_running_loop().run_in_executor(None, lambda: work(*args))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        while not doing.done():
            await asyncio.wait([doing])
        doing.exception()
        raise


class Pace:
    """Whether a body comes too slowly, judged by the window."""

    def __init__(self, *, least: float, seconds: float, now: float) -> None:
        """`least`: bytes a second, over so many `seconds`."""
        self._least = least
        self._seconds = seconds
        self._since = now
        self._bytes = 0

    def is_too_slow(self, size: int, now: float) -> bool:
        """So many bytes more have come."""
        self._bytes += size
        gone = now - self._since
        if gone < self._seconds:
            return False
        slow = self._bytes < self._least * gone
        self._since, self._bytes = now, 0
        return slow


class Overlap:
    """The end of what is here already, which a server that goes on with it sends once more."""

    def __init__(self, known: bytes) -> None:
        self._known = known

    @property
    def is_over(self) -> bool:
        return not self._known

    def strip(self, data: bytes) -> bytes | None:
        """What is new of the data that came; None where it is of something else."""
        known, self._known = self._known[: len(data)], self._known[len(data) :]
        return data[len(known) :] if data.startswith(known) else None


class Unpacker:
    """Undoes an encoding, never holding more than a piece of what it unpacks to. StoppedError for what is not packed
    so."""

    def __init__(self, encoding: str) -> None:
        self._form = _GZIP if encoding == "gzip" else None
        self._packed: Any = None
        self._between = True

    @property
    def is_at_end(self) -> bool:
        """Whether what came is whole."""
        return self._between and self._packed is not None

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            data = yield from self._some(data)

    def _some(self, data: bytes) -> Generator[bytes, None, bytes]:
        """What one packed part holds of it; what is left behind that part."""
        try:
            if self._between:
                if self._packed is not None and (self._form != _GZIP or not data.strip(b"\0")):
                    return b""  # padding, which is nobody's
                self._packed = zlib.decompressobj(self._form or _deflate_form(data))
                self._between = False
            piece = b""
            while not self._packed.eof and (data or len(piece) == _UNPACK_BYTES):  # more may wait inside
                piece = self._packed.decompress(data, _UNPACK_BYTES)
                data = self._packed.unconsumed_tail
                if piece:
                    yield piece
            self._between = self._packed.eof
        except zlib.error:
            raise StoppedError(FileReason.BROKEN_ENCODING) from None
        return self._packed.unused_data if self._between else b""


class Sink:
    """Takes a body into a partial, as long as it may be what is wanted. Every refusal is a StoppedError."""

    def __init__(
        self, partial: Partial, *, declared_type: str | None, name: str | None, size: int | None, max_size: int
    ) -> None:
        """`size`: bytes it is declared to have, where a zero says as little as None; `max_size`: bytes it may have."""
        self._partial = partial
        self._declared = (declared_type, name)
        self._size = size or None
        self._max_size = max_size
        self._served: str | None = None
        self._waiting = bytearray()
        self._begins: Origin | None = None
        self._is_seen = False
        self._is_small = False
        self._is_wrong = False

    def begin(self, origin: Origin) -> None:
        """What comes is of this origin, and takes the place of what is here, with the first that is written."""
        self._begins = origin

    def announce(self, total: int) -> None:
        """The server says how many bytes it will have. What is too large is not read at all; of what has another size
        than it should, no more than shows what it is: it may be a page."""
        if total > self._max_size:
            raise StoppedError(FileReason.TOO_LARGE)
        self._is_wrong = self._size not in (None, total)
        self._is_small = total <= _SMALL_BYTES and not self._is_wrong

    def comes_as(self, content_type: str | None) -> None:
        """The type that the server says it has."""
        self._served = content_type

    async def take(self, data: bytes) -> None:
        """Write it."""
        if not self._is_seen:  # what it is matters more than that it is too long as well
            await self._take(data[:HTML_BYTES])
            data = data[HTML_BYTES:]
        await self._take(data)

    async def _take(self, data: bytes) -> None:
        size = self._came + len(data)
        is_too_long = self._size is not None and size > self._size
        if size > self._max_size and not is_too_long:
            raise StoppedError(FileReason.TOO_LARGE)
        self._waiting += data
        if is_too_long or (not self._is_seen and not self._is_small and size >= HTML_BYTES):
            self._is_seen = True
            await self._look(is_whole=False, has_size=not (is_too_long or self._is_wrong))
            if is_too_long or self._is_wrong:
                raise StoppedError(FileReason.WRONG_SIZE)
        if len(self._waiting) >= WRITE_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Whatever waits is written."""
        if self._waiting or self._begins is not None:
            await in_thread(self._put, *self._taken_out())

    @property
    def _came(self) -> int:
        return len(self._waiting) + (self._partial.size if self._begins is None else 0)

    def _taken_out(self) -> tuple[bytearray, Origin | None]:
        """What waits to be written: nobody else's from here on."""
        out = self._waiting, self._begins
        self._waiting, self._begins = bytearray(), None
        return out

    def _put(self, waiting: bytearray, begins: Origin | None) -> None:
        if begins is not None:
            self._partial.begin(begins)
        if waiting:
            self._partial.write(waiting)

    async def end(self, total: int | None = None, *, tells_its_end: bool = True) -> None:
        """No more comes: is it the whole, and what is wanted? `total`: bytes of it, as the server said."""
        size = self._came
        is_short = self._size is not None and size < self._size
        if (total is not None and size < total) or (is_short and not tells_its_end):
            raise StoppedError(FileReason.CUT_OFF, again=True)
        await self._look(is_whole=True, has_size=not (is_short or self._is_wrong))
        if is_short or self._is_wrong:
            raise StoppedError(FileReason.WRONG_SIZE)

    async def _look(self, *, is_whole: bool, has_size: bool) -> None:
        """Whether it is what was declared; of what is only begun, whether it is a page."""
        found, is_document = await in_thread(self._looked, *self._taken_out(), is_whole)
        reason = judge_answer(*self._declared, found, is_document=is_document, served=self._served, has_size=has_size)
        if reason is FileReason.SIGN_IN_PAGE or (is_whole and reason is not None):
            raise StoppedError(reason)

    def _looked(self, waiting: bytearray, begins: Origin | None, is_whole: bool) -> tuple[str, bool]:
        self._put(waiting, begins)
        return self._partial.sniff(is_whole=is_whole), self._partial.is_document(is_whole=is_whole)


def _deflate_form(data: bytes) -> int:
    """What is called deflate is wrapped, as it should be, or bare, as some servers send it."""
    return _ZLIB if data[0] & 0x0F == 8 and data[0] >> 4 <= 7 else _RAW
