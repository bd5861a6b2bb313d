"""The record of what clients asked for, and of what no collector may ever do. Must not know: answers' content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["RequestLog", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One API call. `params` without the token; `outcome`: ok, Slack's error name, or the fault that struck."""

    number: int
    host: str
    method: str
    params: Mapping[str, str]
    outcome: str


class RequestLog:
    """In order of arrival; `violations` are things a well-behaved client never does."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        self.pages: list[str] = []
        self.files: list[Mapping[str, str]] = []
        """The headers of requests for files."""
        self._number = 0

    def add(self, host: str, method: str, params: Mapping[str, str], outcome: str) -> None:
        self._number += 1
        kept = {name: value for name, value in params.items() if name != "token"}
        self.seen.append(Seen(self._number, host, method, kept, outcome))

    def requests(self, method: str | None = None, **params: str) -> list[Seen]:
        return [
            seen
            for seen in self.seen
            if (method is None or seen.method == method)
            and all(seen.params.get(name) == value for name, value in params.items())
        ]

    def counts(self) -> dict[str, int]:
        return dict(Counter(seen.method for seen in self.seen))

    def clear(self) -> None:
        """Forget requests and pages, but no violation."""
        self.seen.clear()
        self.pages.clear()
        self.files.clear()
