"""What a run has come to so far: counts per stream, diagnostics, the span of event times; told on to whoever watches.

Must not know: the store, the machine, what a diagnostic leads to.
"""

from __future__ import annotations

from collections.abc import Mapping

from polyhost.connectors.base import Traffic
from polyhost.engine import events
from polyhost.engine.events import RunEvent, Watcher
from polyhost.instants import utc
from polyhost.protocol.diagnostics import Diagnostic
from polyhost.store.base import WriteCounts

__all__ = ["Tally"]


class Tally:
    """Adds up; hands on. One per run."""

    def __init__(self, watch: Watcher) -> None:
        self.watch: Watcher = watch
        self.streams: dict[str, WriteCounts] = {}
        self.diagnostics: list[Diagnostic] = []
        self._first: str | None = None
        self._last: str | None = None

    def wrote(self, counts: Mapping[str, WriteCounts]) -> None:
        """These became durable."""
        for stream, added in counts.items():
            total = self.streams.setdefault(stream, WriteCounts())
            total.new += added.new
            total.updated += added.updated
            total.unchanged += added.unchanged
            total.deleted += added.deleted
        self.watch(
            events.RecordsWritten(
                {
                    stream: {
                        "new": total.new,
                        "updated": total.updated,
                        "unchanged": total.unchanged,
                        "deleted": total.deleted,
                    }
                    for stream, total in self.streams.items()
                }
            )
        )

    def report(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic, once."""
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)

    def happened_at(self, moment: str) -> None:
        """Widen the span of event times by one ISO 8601 time."""
        bare = moment[:-1] if moment.endswith("Z") else _utc(moment)
        if bare is None:
            return
        if self._first is None or bare < self._first:
            self._first = bare
        if self._last is None or bare > self._last:
            self._last = bare

    @property
    def event_time(self) -> tuple[str, str] | None:
        """The span of event times read, in UTC."""
        return None if self._first is None or self._last is None else (self._first + "Z", self._last + "Z")

    def watch_traffic(self, traffic: Traffic) -> None:
        """Tell the watcher what the run has cost the site so far."""
        event: RunEvent = events.RequestsCounted(traffic.requests, traffic.rate_limited, traffic.waited_seconds)
        self.watch(event)


def _utc(moment: str) -> str | None:
    """Without its offset, so that moments compare as text; None for what is none, or lies beyond the calendar."""
    read = utc(moment)
    return None if read is None else read.isoformat().removesuffix("+00:00")
