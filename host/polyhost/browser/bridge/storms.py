"""What a site may do beside its page in one run, counted: pages, frames, workers, downloads, lines on its console.

Owns: the counts, and telling once of the first that is too high. Must not know: CDP, pages, what ends a run. Each costs
the host a number, however often it happens.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from polyhost.bounds import RunBounds, bound_error
from polyhost.errors import RunFailedError

__all__ = ["Storms"]

_MINUTE = 60.0


class Storms:
    """One per run, over all its pages and browsers. `tell` is called once."""

    def __init__(
        self,
        host: str,
        bounds: RunBounds,
        tell: Callable[[RunFailedError], None],
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._bounds = bounds
        self._tell = tell
        self._steady = steady
        self._counted: Counter[str] = Counter()
        self._minute = 0.0
        self._lines = 0
        self._told = False

    def popup(self) -> None:
        self._count("popups", self._bounds.popups, "opened more than {} pages beside the one that is read")

    def frame(self) -> None:
        self._count("frames", self._bounds.frames, "put more than {} frames into its page")

    def worker(self) -> None:
        self._count("workers", self._bounds.workers, "started more than {} workers")

    def download(self) -> None:
        self._count("downloads", self._bounds.downloads, "started more than {} downloads")

    def console_line(self) -> None:
        """A line, or an error that nobody caught; only those of one minute count together."""
        now = self._steady()
        if now - self._minute >= _MINUTE:
            self._minute, self._lines = now, 0
        self._lines += 1
        if self._lines > self._bounds.console_per_minute:
            self._exceeded(
                "console_per_minute",
                self._bounds.console_per_minute,
                "wrote more than {} lines to its console in a minute",
            )

    def _count(self, name: str, bound: int, words: str) -> None:
        self._counted[name] += 1
        if self._counted[name] > bound:
            self._exceeded(name, bound, words)

    def _exceeded(self, name: str, bound: int, words: str) -> None:
        if not self._told:
            self._told = True
            self._tell(bound_error(name, f"{self._host} {words.format(f'{bound:,}')}"))
