"""The one table of a connector's states and transitions. Everything that affects the state machine lives here.

Owns: states, events, the table, and the diagram drawn from it. Must not know: messages, commands, why an event
happened.

What is not in the table is a violation. Beside the table stand two facts of the host's, kept by the run machine:
whether the owner cancelled, which outranks any DONE, and up to where records are durable, for which a DONE waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["INITIAL", "TERMINAL", "TRANSITIONS", "ConnectorState", "Event", "mermaid"]


class ConnectorState(StrEnum):
    """What the host takes a connector to be doing."""

    INITIALIZING = "initializing"
    COLLECTING = "collecting"
    WAITING = "waiting_for_interaction"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Event(StrEnum):
    """What happened, seen from the host; the value is what the diagram says."""

    STARTED = "START sent"
    COLLECTED = "RECORD, STATE, PROGRESS, coverage, gap, skip"
    ASKED = "INTERACTION"
    ANSWERED = "answer, cancel or time-out sent"
    DONE_SUCCEEDED = "DONE succeeded"
    DONE_FAILED = "DONE failed"
    VIOLATED = "violation"
    STOPPED = "owner cancels"
    EXITED = "exits without DONE"
    RESTARTED = "restarted, START sent again"


INITIAL = ConnectorState.INITIALIZING
TERMINAL = frozenset({ConnectorState.SUCCEEDED, ConnectorState.FAILED})

_FATAL = {
    Event.VIOLATED: ConnectorState.FAILED,
    Event.STOPPED: ConnectorState.FAILED,
    Event.EXITED: ConnectorState.FAILED,
}

TRANSITIONS: Mapping[ConnectorState, Mapping[Event, ConnectorState]] = {
    ConnectorState.INITIALIZING: {
        Event.STARTED: ConnectorState.COLLECTING,
        **_FATAL,
    },
    ConnectorState.COLLECTING: {
        Event.COLLECTED: ConnectorState.COLLECTING,
        Event.ASKED: ConnectorState.WAITING,
        Event.DONE_SUCCEEDED: ConnectorState.SUCCEEDED,
        Event.DONE_FAILED: ConnectorState.FAILED,
        Event.RESTARTED: ConnectorState.COLLECTING,
        **_FATAL,
    },
    ConnectorState.WAITING: {
        Event.ANSWERED: ConnectorState.COLLECTING,
        Event.RESTARTED: ConnectorState.COLLECTING,
        **_FATAL,
    },
    # DONE was taken. It exits now, as it should; anything it still says, or a wrong exit status, undoes a success.
    ConnectorState.SUCCEEDED: {
        Event.VIOLATED: ConnectorState.FAILED,
        Event.STOPPED: ConnectorState.FAILED,
    },
    ConnectorState.FAILED: {},
}


def mermaid() -> str:
    """The table as a Mermaid state diagram: one edge per pair of states, its events as label."""
    lines = ["stateDiagram-v2", f"    [*] --> {INITIAL}"]
    for state, row in TRANSITIONS.items():
        targets: dict[ConnectorState, list[str]] = {}
        for event, target in row.items():
            targets.setdefault(target, []).append(event.value)
        lines.extend(f"    {state} --> {target}: {' / '.join(labels)}" for target, labels in targets.items())
    lines.extend(f"    {state} --> [*]" for state in ConnectorState if state in TERMINAL)
    return "\n".join(lines) + "\n"
