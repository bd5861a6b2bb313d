"""Batches and their receipts: what one run, or one file, came to: counts, gaps, how complete it is.

Owns: which batches have one, and under which name. Must not know: what a receipt says (`coverage` makes it), how it
looks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.coverage.receipt import Receipt
from polyhost.coverage.receipt import receipt as make_receipt
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, limit
from polyhost.operations.operation import Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.coverage.facts import BatchFacts
    from polyhost.operations.context import Context
    from polyhost.store.base import BatchRow, Store

__all__ = ["Batches", "BatchesRequest", "ReceiptRequest", "batches", "receipt"]


class Batches(TypedDict):
    """The receipts of past batches, newest first."""

    connection: str
    batches: list[Receipt]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchesRequest:
    name: str = common.connection()
    limit: int = limit("At most this many, newest first.", default=20)


@operation(
    "batches",
    "List acquisition batches, newest first.",
    section=Section.HISTORY,
    examples=("polyhost batches slack",),
    routes=(Route("GET", "/v1/connections/{name}/batches"),),
)
async def batches(context: Context, request: BatchesRequest) -> Result[Batches]:
    """The receipts of past batches, newest first; one that still goes on has none."""
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        rows = await store.runs.newest_batches(connection.id, limit=request.limit)
        told = [facts for row in rows if (facts := await _facts(store, row, connection.name)) is not None]
    return Result(Batches(connection=connection.name, batches=[make_receipt(facts) for facts in told]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRequest:
    batch: str = argument("A batch or run id.", names=Names.RUN)


@operation(
    "receipt",
    "Show the receipt of one batch or run.",
    section=Section.HISTORY,
    details="It claims completeness only where the batch has shown it.",
    examples=("polyhost receipt run_019a…",),
    routes=(Route("GET", "/v1/batches/{batch}/receipt"),),
    refusals=(ErrorCode.NO_RECEIPT, ErrorCode.NOT_ENDED),
)
async def receipt(context: Context, request: ReceiptRequest) -> Result[Receipt]:
    """The receipt of a batch, made from its stored facts by the one function that makes receipts."""
    async with context.store(create=False) as store:
        run = await store.runs.get(request.batch)
        batch = await store.runs.batch(run.batch_id if run is not None else request.batch)
        names = {one.id: one.name for one in await store.connections.all()}
        facts = None if batch is None else await _facts(store, batch, names[batch.connection_id])
    if batch is None:
        raise RefusedError(
            f"there is no batch or run {request.batch!r}", "See: polyhost runs NAME", code=ErrorCode.UNKNOWN_BATCH
        )
    if not batch.facts and batch.finished_at is not None:
        raise RefusedError(
            f"{request.batch} has no receipt: its process died before it could write one",
            "What it had stored is kept; run it again, or import the file again where it was an import.",
            code=ErrorCode.NO_RECEIPT,
        )
    if facts is None:
        raise RefusedError(
            f"{request.batch} has not ended", "Its receipt is written when it does.", code=ErrorCode.NOT_ENDED
        )
    return Result(make_receipt(facts))


async def _facts(store: Store, batch: BatchRow, connection: str) -> BatchFacts | None:
    """A batch's facts, under the name its connection has now; where its process died, those it was opened with. None:
    it goes on, or has none."""
    from polyhost.coverage.facts import BatchFacts

    facts = replace(BatchFacts.from_json(batch.facts), connection=connection) if batch.facts else None
    if facts is None or facts.are_final:
        return facts
    return None if await _goes_on(store, batch) else facts.interrupted(batch.finished_at)


async def _goes_on(store: Store, batch: BatchRow) -> bool:
    """Whether its run is alive. The next run writes down that one was killed; until then only its process tells."""
    from polyhost.protocol.diagnostics import RunStatus

    if batch.finished_at is not None:
        return False
    newest = await store.runs.newest(batch.connection_id, limit=1)
    return any(run.batch_id == batch.id and run.status == RunStatus.RUNNING for run in newest)
