"""What the command prints arrives whole, or the command fails.

A pipe may take only a part of what is written (where it does not block, or Python does not buffer), a disk may be full,
the reader may have left, a terminal may know ASCII only. None of it may cut text in silence, or end in a traceback.

Owns: standard output and standard error of the process while a command runs. Must not know: what is printed.
"""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from polyhost.errors import ExitStatus

__all__ = ["UndeliveredError", "whole_output"]

BUFFER = 64 * 1024
"""Bytes that are written at once: what a pipe holds."""


class UndeliveredError(OSError):
    """Standard output does not take what is printed."""


class _Whole(io.RawIOBase):
    """Writes all it is given to a file descriptor, however little that takes at a time. None: one that was never open.

    With `must`, what cannot be written is an error, once; without, it is let go of: no note on how things go is worth
    the command.
    """

    def __init__(self, descriptor: int | None, *, must: bool) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._must = must
        self._broken = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._descriptor is None:
            raise OSError("closed when the command began")
        return self._descriptor

    def isatty(self) -> bool:
        return self._descriptor is not None and os.isatty(self._descriptor)

    def write(self, data: Any, /) -> int:
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest and not self._broken:
                rest = rest[self._some(rest) :]
        except OSError as error:
            self._broken = True  # what is still buffered is not tried again
            if self._must:
                kind = BrokenPipeError if isinstance(error, BrokenPipeError) else UndeliveredError
                raise kind(error.errno, error.strerror or str(error)) from error
        return size

    def _some(self, data: memoryview) -> int:
        descriptor = self.fileno()
        try:
            return os.write(descriptor, data)
        except BlockingIOError:  # somebody we share the pipe with has it not block
            select.select((), (descriptor,), ())
            return 0


@contextmanager
def whole_output() -> Generator[None]:
    """Standard output and error that keep this module's word, until the end of the block.

    SystemExit with 1 where standard output did not take everything: with a sentence on standard error, or without one
    where its reader has left on purpose, as `head` does.
    """
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]  it is, where the descriptor is closed
        _hold(0)
        sys.stdin = os.fdopen(0, encoding="utf-8")
    before = sys.stdout, sys.stderr
    sys.stdout = _stream(sys.stdout, 1, must=True)
    sys.stderr = _stream(sys.stderr, 2, must=False)
    try:
        yield
        sys.stdout.flush()
    except SystemExit:
        _end()
        raise
    except BrokenPipeError:
        sys.exit(ExitStatus.FAILED)
    except UndeliveredError as error:
        _fail(error)
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _end() -> None:
    """The last of a command that has chosen its exit status already; a status of 0 needs all of it to arrive."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        sys.exit(ExitStatus.FAILED)
    except UndeliveredError as error:
        _fail(error)


def _fail(error: UndeliveredError) -> None:
    sys.stderr.write(
        f"polyhost: the output could not be written: {error.strerror}. Nothing is lost: type the command again, "
        "with its output where there is room.\n"
    )
    sys.exit(ExitStatus.FAILED)


def _stream(given: TextIO | None, descriptor: int, *, must: bool) -> TextIO:
    """A stream to where `given` goes. What its encoding cannot say becomes a question mark; JSON is UTF-8 always."""
    if given is None:
        _hold(descriptor)
        raw, encoding = _Whole(None, must=must), "utf-8"
    else:
        try:
            raw, encoding = _Whole(given.fileno(), must=must), given.encoding
        except (OSError, ValueError):
            return given  # one that goes to no file, as a test's own
    lines = raw.isatty() or not must
    return io.TextIOWrapper(io.BufferedWriter(raw, BUFFER), encoding=encoding, errors="replace", line_buffering=lines)


def _hold(descriptor: int) -> None:
    """A number below three that is free would be given to the next file that is opened, and be printed into."""
    null = os.open(os.devnull, os.O_RDWR)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)
