"""What the server counts, for Prometheus: runs, records, requests. Never a name, a key or a content.

Owns: the counters and their labels, each from a closed list. Must not know: who reads them.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from polyhost.operations import events
from polyhost.operations.events import RunEvent

__all__ = ["Metrics"]

_RUN_SECONDS = (1, 3, 10, 30, 60, 300, 900, 3600, 14_400)
_HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """One server's counters."""

    def __init__(self) -> None:
        self.registry = made = CollectorRegistry()
        self.runs_started = Counter(
            "polyhost_runs_started", "Runs and imports that began here.", ["trigger"], registry=made
        )
        self.runs = Counter(
            "polyhost_runs_ended", "Runs and imports that ended here, by how.", ["status"], registry=made
        )
        self.running = Gauge("polyhost_runs_going", "Runs and imports that go on here.", registry=made)
        self.run_seconds = Histogram("polyhost_run_seconds", "How long runs took.", buckets=_RUN_SECONDS, registry=made)
        self.records = Counter(
            "polyhost_records", "Records of ended runs, by what they came to.", ["kind"], registry=made
        )
        self.requests = Counter("polyhost_source_requests", "Requests that runs sent to sources.", registry=made)
        self.rate_limited = Counter("polyhost_source_rate_limits", "Times a source said: slower.", registry=made)
        self.waited = Counter("polyhost_source_wait_seconds", "Time that runs waited for a permit.", registry=made)
        self.restarts = Counter("polyhost_connector_restarts", "Pages that were lost and opened again.", registry=made)
        self.asked = Counter("polyhost_questions", "Questions that runs asked their owner.", registry=made)
        self.http = Histogram(
            "polyhost_http_seconds",
            "How long answers took, by the route's pattern.",
            ["method", "route", "status"],
            buckets=_HTTP_SECONDS,
            registry=made,
        )
        self.streams = Gauge("polyhost_event_streams", "Event streams that are open.", registry=made)
        self.open_streams = 0

    @contextmanager
    def streaming(self) -> Generator[None]:
        """An event stream is open inside the block."""
        self.open_streams += 1
        self.streams.set(self.open_streams)
        try:
            yield
        finally:
            self.open_streams -= 1
            self.streams.set(self.open_streams)

    def count(self, trigger: str, event: RunEvent) -> None:
        """Count what a run says. `trigger`: what set the run off."""
        match event:
            case events.RunStarted():
                self.runs_started.labels(trigger).inc()
            case events.ConnectorRestarted():
                self.restarts.inc()
            case events.OwnerAsked():
                self.asked.inc()
            case events.RunFinished():
                self._ended(event)
            case _:
                pass

    def exposition(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _ended(self, event: events.RunFinished) -> None:
        result = event.result
        self.runs.labels(result["status"]).inc()
        self.run_seconds.observe(result["seconds"])
        for counts in result["streams"].values():
            for kind, count in counts.items():
                self.records.labels(kind).inc(count)
        traffic = result["traffic"]
        self.requests.inc(result["requests"])
        self.rate_limited.inc(traffic["rate_limited"])
        self.waited.inc(traffic["waited_seconds"])
