"""What a surface shows of a run while it goes on: its events, what its questions ask for, how it is watched.

Owns: which of the engine's types surfaces see. Must not know: how any of it is shown. Kept as light as the types are:
the command line reads them before it knows what it was asked.
"""

from __future__ import annotations

from polyhost.engine.control.question_fields import AskedField, asked_fields
from polyhost.engine.events import (
    Answer,
    BrowserStarted,
    ConnectorRestarted,
    FilesTaken,
    InventoryTaken,
    MessageSeen,
    Noticed,
    OwnerAsked,
    PartitionAdvanced,
    ProgressReported,
    RecordsIndexed,
    RecordsWritten,
    RequestsCounted,
    RunEvent,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    Watcher,
)

__all__ = [
    "Answer",
    "AskedField",
    "BrowserStarted",
    "ConnectorRestarted",
    "FilesTaken",
    "InventoryTaken",
    "MessageSeen",
    "Noticed",
    "OwnerAsked",
    "PartitionAdvanced",
    "ProgressReported",
    "RecordsIndexed",
    "RecordsWritten",
    "RequestsCounted",
    "RunEvent",
    "RunFinished",
    "RunPaused",
    "RunResumed",
    "RunStarted",
    "Watcher",
    "asked_fields",
]
