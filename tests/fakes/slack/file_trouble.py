"""What goes wrong on purpose where files are handed out: which requests for which files fail, and how.

The same seed gives the same trouble for a file, in whatever order files are asked for. All of it is bounded: what
passes is over after a few requests for that file, what lasts is over when it is healed. Must not know: HTTP, contents.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["LASTING", "NAMED", "FileFault", "FileTrouble"]


class FileFault(StrEnum):
    """What becomes of one answer."""

    CUT = "cut"  # the connection breaks in the middle of a body whose length was said
    CUT_CHUNKED = "cut chunked"  # the same, of a body in chunks
    CUT_SILENTLY = "cut silently"  # the same, of a body that only its end would end
    FAILED = "500"
    UNAVAILABLE = "503"
    TOO_MANY = "429"  # with a Retry-After of a second
    SHORT = "short"  # a part of it, which says that it is the whole
    SHORT_CHUNKED = "short chunked"
    WHOLE_FOR_RANGE = "whole for range"  # 200 where a range was asked for
    WRONG_RANGE = "wrong range"  # the range that was asked for, said to be another one
    OTHER_TAG = "other tag"  # the range that was asked for, said to be of another version
    SIGN_IN = "sign in"  # the sign-in page
    SLOW = "slow"  # it takes a moment until the answer begins


_OF_RANGES: Final = (FileFault.WHOLE_FOR_RANGE, FileFault.WRONG_RANGE, FileFault.OTHER_TAG)
_CUTS: Final = (FileFault.CUT, FileFault.CUT_CHUNKED, FileFault.CUT_SILENTLY)
LASTING: Mapping[FileFault, str] = {
    **dict.fromkeys(_CUTS, "cut_off"),
    FileFault.SHORT: "wrong_size",
    FileFault.SHORT_CHUNKED: "wrong_size",
    FileFault.SIGN_IN: "sign_in_page",
}
"""What may last, and how a collector has to call it. A server's trouble is repeated for long: it only passes."""
NAMED: Mapping[FileFault, str] = {
    **LASTING,
    **dict.fromkeys((FileFault.FAILED, FileFault.UNAVAILABLE, FileFault.TOO_MANY), "server_error"),
}


@dataclass(slots=True, kw_only=True)
class FileTrouble:
    """`passing`, `lasting`: shares of the files that it strikes."""

    seed: int
    passing: float = 0.3
    lasting: float = 0.1
    healed: bool = False
    struck: Counter[FileFault] = field(default_factory=Counter[FileFault])
    last: dict[str, FileFault] = field(default_factory=dict[str, FileFault])
    """What struck a file last, by its id."""
    _asked: Counter[str] = field(default_factory=Counter[str])

    def heal(self) -> None:
        """From here on it strikes nothing; what it has done stays counted."""
        self.healed = True

    def lasts_for(self, file: str) -> FileFault | None:
        """What strikes each request for this file."""
        die = self._die(file)
        return die.choice(list(LASTING)) if die.random() < self.lasting else None

    def next(self, file: str) -> FileFault | None:
        """What strikes this request for this file."""
        if self.healed:
            return None
        number = self._asked[file]
        self._asked[file] += 1
        passing = self._passing(file)
        fault = self.lasts_for(file) or (passing[number] if number < len(passing) else None)
        if fault is not None:
            self.struck[fault] += 1
            self.last[file] = fault
        return fault

    def share(self, file: str) -> float:
        """How much of a body comes before it breaks, of 1: another share for each request."""
        return random.Random(f"{self.seed} {file} {self._asked[file]}").random()

    def _passing(self, file: str) -> Sequence[FileFault]:
        die = self._die(file)
        die.random()
        if die.random() >= self.passing:
            return ()
        fault = die.choice(list(FileFault))
        return (FileFault.CUT, fault) if fault in _OF_RANGES else (fault,) * die.randint(1, 2)

    def _die(self, file: str) -> random.Random:
        return random.Random(f"{self.seed} {file}")
