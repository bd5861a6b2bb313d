"""What a run tells at its end, as its event stream has it; its other events are described by their own types."""

from __future__ import annotations

from typing_extensions import TypedDict

from polyhost.operations.results.runs import RunResult


class NoResult(TypedDict):
    """Its process died before it could say what the run came to."""


class RunFinished(TypedDict):
    """The last event of every run."""

    result: RunResult | NoResult
