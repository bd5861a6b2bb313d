"""Live progress on a terminal: one row for the whole run, one for each partition that moves.

Owns: the live display. Must not know: anything that is not in a run event.
"""

from __future__ import annotations

import sys
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from polyhost.cli.render.common import plain
from polyhost.cli.wording import as_typed, files_taken, paused_or_not, waits_for_you, went_on
from polyhost.operations import events
from polyhost.operations.events import RunEvent

__all__ = ["LiveRows"]

_AT_ANY_TIME = events.RequestsCounted | events.RunPaused | events.RunResumed
"""What comes also while a prompt has the terminal, and does not take it back."""


class LiveRows:
    """A watcher that keeps the newest-moved partitions in view and leaves nothing behind when it is done."""

    def __init__(self, shown: int) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._shown = shown
        self._run: TaskID | None = None
        self._rows: dict[tuple[str, str], TaskID] = {}
        self._finished: set[tuple[str, str]] = set()
        self._inventory: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Shown from the first event on: a command that asks something, or runs nothing, has the terminal to itself."""
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, events.OwnerAsked):
            self._progress.stop()  # the prompt needs the terminal to itself
            if not sys.stdin.isatty():  # there will be none
                self._progress.console.print(f"[yellow]{plain(waits_for_you(event))}")
        elif isinstance(event, events.Noticed):
            self._progress.console.print(f"[dim]{plain(as_typed(event.message))}[/]")
        else:
            self._show(event)

    def _show(self, event: RunEvent) -> None:
        if not self._progress.live.is_started and not isinstance(event, _AT_ANY_TIME):
            self._progress.start()
        match event:
            case events.RunStarted():
                self._run = self._progress.add_task(f"[bold]{plain(event.connection)}", total=None, note="starting")
            case events.BrowserStarted():
                self._note("asking what there is")
            case events.InventoryTaken():
                self._inventory[event.stream] = event.partitions
                self._update(total=sum(self._inventory.values()))
            case events.PartitionAdvanced():
                self._advance(event)
            case events.RecordsWritten():
                read = sum(sum(counts.values()) for counts in event.streams.values())
                self._note(f"{read:,} records")
            case events.RequestsCounted() if event.rate_limited:
                self._note(f"{event.requests:,} requests; slowed down by the site {event.rate_limited}×")
            case _:
                self._show_rarer(event)

    def _show_rarer(self, event: RunEvent) -> None:
        match event:
            case events.ConnectorRestarted():
                self._progress.console.print(f"[yellow]{plain(went_on(event.reason))}; going on")
            case events.RunPaused() | events.RunResumed():
                self._progress.console.print(f"[yellow]{plain(paused_or_not(event))}")
                self._note("paused" if isinstance(event, events.RunPaused) else "going on")
            case events.RecordsIndexed():
                if self._run is None:
                    self._run = self._progress.add_task(f"[bold]{plain(event.connection)}", total=None, note="")
                self._note(f"{event.records:,} records indexed")
            case events.FilesTaken():
                self._note(files_taken(event))
            case _:
                pass

    def _advance(self, event: events.PartitionAdvanced) -> None:
        key = (event.stream, event.partition)
        row = self._rows.pop(key, None)
        if row is None:
            row = self._progress.add_task(f"  {plain(event.label or event.partition)}", total=None, note="")
            self._make_room()
        self._rows[key] = row
        note = f"{event.records:,} records"
        if event.finished:
            self._finished.add(key)
            self._update(completed=len(self._finished))
            self._progress.update(row, total=1, completed=1, note=note)
        else:
            self._progress.update(row, note=note)

    def _make_room(self) -> None:
        while len(self._rows) >= self._shown:
            oldest = next(iter(self._rows))
            self._progress.remove_task(self._rows.pop(oldest))

    def _note(self, note: str) -> None:
        if self._run is not None:
            self._progress.update(self._run, note=note)

    def _update(self, *, total: float | None = None, completed: float | None = None) -> None:
        if self._run is not None:
            self._progress.update(self._run, total=total, completed=completed)
