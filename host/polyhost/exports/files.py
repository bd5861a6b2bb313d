"""One text file per stream, opened when its first row comes. What the line formats share.

Must not know: what a line looks like.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from polyhost.exports.base import Plan, Row, StreamPlan, Writer

__all__ = ["LineWriter"]

_BUFFER_BYTES = 256 * 1024


class LineWriter(Writer, ABC):
    """Streams follow each other, so one file is open at a time; one that comes back is gone on with."""

    ending: str

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._file: BinaryIO | None = None
        self._stream: StreamPlan | None = None

    @abstractmethod
    def head(self, stream: StreamPlan) -> bytes:
        """What a file begins with."""

    @abstractmethod
    def lines(self, stream: StreamPlan, rows: Sequence[Row]) -> bytes: ...

    def add(self, rows: Sequence[Row]) -> None:
        start = 0
        for end in range(1, len(rows) + 1):
            if end == len(rows) or rows[end].stream != rows[start].stream:
                stream, file = self._open(rows[start].stream)
                file.write(self.lines(stream, rows[start:end]))
                start = end

    def finish(self) -> None:
        self.abandon()

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, name: str) -> tuple[StreamPlan, BinaryIO]:
        if self._file is None or self._stream is None or self._stream.name != name:
            self.abandon()
            self._stream = self._plan.stream(name)
            path = self._folder / self._plan.file_name(name, self.ending)
            is_new = not path.exists()
            self._file = path.open("ab", buffering=_BUFFER_BYTES)
            if is_new:
                self._file.write(self.head(self._stream))
        return self._stream, self._file
