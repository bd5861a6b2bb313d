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


NAVIGATIONS_IN_A_ROW = 10
"""Without a batch becoming durable in between. A site may redirect a few times while it starts."""
NAVIGATIONS = 200
"""Of one run. A long one outlives several reloads of a client that updates itself."""
CRASHES_IN_A_ROW = 3
CRASHES = 20
"""Of one run: a page that crashes at the same record each time makes a little progress each time."""


@dataclass(slots=True)
class RestartBudget:
    """Counts restarts of one run."""

    attempts: int = 0
    _navigations: int = 0
    _crashes: int = 0
    _navigations_in_a_row: int = 0
    _crashes_in_a_row: int = 0

    def admit(self, cause: Cause) -> bool:
        """Count one more; False where it is one too many."""
        self.attempts += 1
        if cause is Cause.NAVIGATION:
            self._navigations += 1
            self._navigations_in_a_row += 1
            return self._navigations_in_a_row <= NAVIGATIONS_IN_A_ROW and self._navigations <= NAVIGATIONS
        self._crashes += 1
        self._crashes_in_a_row += 1
        return self._crashes_in_a_row <= CRASHES_IN_A_ROW and self._crashes <= CRASHES

    def progressed(self) -> None:
        """A batch became durable."""
        self._navigations_in_a_row = self._crashes_in_a_row = 0
