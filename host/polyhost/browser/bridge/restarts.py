"""How often a page may lose its footing before the run is given up. Pure.

Owns: the bounds. Must not know: how a page is reopened.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Cause", "RestartBudget"]


class Cause(StrEnum):
    """Why a polyfill's context is gone."""

    NAVIGATION = "navigation"
    PAGE_CRASH = "page_crash"
    PAGE_HUNG = "page_hung"
    BROWSER_CRASH = "browser_crash"


_IN_A_ROW = {Cause.NAVIGATION: 10, Cause.PAGE_CRASH: 3, Cause.PAGE_HUNG: 3, Cause.BROWSER_CRASH: 3}
"""Without a batch becoming durable in between. A site may redirect a few times while it starts."""
_IN_ALL = {Cause.NAVIGATION: 200, Cause.PAGE_CRASH: 20, Cause.PAGE_HUNG: 10, Cause.BROWSER_CRASH: 10}
"""Of one run: a page that crashes at the same record each time makes a little progress each time."""


@dataclass(slots=True)
class RestartBudget:
    """Counts restarts of one run."""

    attempts: int = 0
    _all: dict[Cause, int] | None = None
    _row: dict[Cause, int] | None = None

    def admit(self, cause: Cause) -> bool:
        """Count one more; False where it is one too many."""
        self._all = self._all or dict.fromkeys(Cause, 0)
        self._row = self._row or dict.fromkeys(Cause, 0)
        self._all[cause] += 1
        self._row[cause] += 1
        self.attempts += 1
        return self._row[cause] <= _IN_A_ROW[cause] and self._all[cause] <= _IN_ALL[cause]

    def progressed(self) -> None:
        """A batch became durable."""
        self._row = None
