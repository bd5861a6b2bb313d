"""What operations answer with, as types: every surface's JSON, and the schemas in the API's description.

Owns: these shapes; a test holds what operations really return to them. Must not know: how a value comes about. Nothing
here is imported by a command: types are named in the table, and looked up here where a schema is made.
"""

from polyhost.operations.results.common import Problem
from polyhost.operations.results.connections import Connections, Disconnected, Renamed
from polyhost.operations.results.coverage import AllHealth, Coverage, Health, PartitionChanged
from polyhost.operations.results.found import Found
from polyhost.operations.results.receipts import Batches, Receipt
from polyhost.operations.results.records import Record, Records, StreamCounts, Thread
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
    "AllHealth",
    "Answered",
    "Batches",
    "Cancelling",
    "Connections",
    "Coverage",
    "Disconnected",
    "Found",
    "Health",
    "Import",
    "PartitionChanged",
    "Pausing",
    "Previewed",
    "Problem",
    "Questions",
    "Receipt",
    "Record",
    "Records",
    "Renamed",
    "Resuming",
    "RunDetails",
    "RunFinished",
    "RunResult",
    "Runs",
    "Started",
    "StreamCounts",
    "Thread",
]
