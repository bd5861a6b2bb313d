"""Progress of a run on stderr: live rows on a terminal, plain lines elsewhere.

Owns: how run events look while they happen. Must not know: what they mean for coverage.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

import click

from polyhost.cli.wording import as_typed, files_taken, paused_or_not, printable, waits_for_you, went_on
from polyhost.operations import events
from polyhost.operations.events import RunEvent, Watcher

__all__ = ["show_progress"]

LINE_INTERVAL = 2.0
"""Seconds between plain progress lines: often enough to see life, rare enough for a CI log."""
SHOWN_PARTITIONS = 8
"""Partitions shown at once on a terminal: the ones that moved last."""


@contextmanager
def show_progress(*, quiet: bool) -> Generator[Watcher]:
    """A watcher that shows what it is told. `quiet` keeps to plain lines, as `--json` wants."""
    if quiet or not sys.stderr.isatty():
        yield _Lines()
        return
    from polyhost.cli.live import LiveRows  # noqa: PLC0415  rich only where there is a terminal

    with LiveRows(SHOWN_PARTITIONS) as rows:
        yield rows


class _Lines:
    """Plain lines: the milestones, and a count every few seconds."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, event: RunEvent) -> None:
        match event:
            case events.RunStarted():
                self._say(f"{event.connection}: collecting {', '.join(event.streams)} ({event.run_id})")
            case events.InventoryTaken():
                known = "" if event.complete else ", and there may be more"
                self._say(f"{event.stream}: {event.partitions:,} partitions found{known}")
            case events.OwnerAsked() if not sys.stdin.isatty():  # otherwise a prompt says it
                self._say(waits_for_you(event))
            case events.Noticed():
                self._say(as_typed(event.message))
            case events.ConnectorRestarted():
                self._say(f"{went_on(event.reason)}; going on, attempt {event.attempt}")
            case events.RunPaused() | events.RunResumed():
                self._say(paused_or_not(event))
            case events.RecordsWritten() if time.monotonic() - self._last > LINE_INTERVAL:
                self._last = time.monotonic()
                read = sum(sum(counts.values()) for counts in event.streams.values())
                self._say(f"{read:,} records read")
            case events.RecordsIndexed() if time.monotonic() - self._last > LINE_INTERVAL:
                self._last = time.monotonic()
                self._say(f"{event.connection}: {event.records:,} records indexed")
            case events.FilesTaken() if time.monotonic() - self._last > LINE_INTERVAL:
                self._last = time.monotonic()
                self._say(files_taken(event))
            case _:
                pass

    def _say(self, line: str) -> None:
        click.echo(f"polyhost: {printable(line)}", err=True)
