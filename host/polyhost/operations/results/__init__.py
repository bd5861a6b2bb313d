"""What operations answer with, as types: every surface's JSON, and the schemas in the API's description.

Owns: these shapes; a test holds what operations really return to them. Must not know: how a value comes about. Nothing
here is imported by a command: types are named in the table, and looked up here where a schema is made.
"""

from polyhost.operations.results.common import Problem
from polyhost.operations.results.connections import Connections, Disconnected, Renamed
from polyhost.operations.results.runs import (
    Answered,
    Cancelling,
    Import,
    Pausing,
    Previewed,
    Questions,
    Resuming,
    RunDetails,
    RunResult,
    Runs,
    Started,
)
from polyhost.operations.results.told import RunFinished

__all__ = [
    "Answered",
    "Cancelling",
    "Connections",
    "Disconnected",
    "Import",
    "Pausing",
    "Previewed",
    "Problem",
    "Questions",
    "Renamed",
    "Resuming",
    "RunDetails",
    "RunFinished",
    "RunResult",
    "Runs",
    "Started",
]
