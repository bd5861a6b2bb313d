"""What a run would ask for, by partition and purpose, without starting anything. Nothing is written.

Owns: how the plan is made. Must not know: connectors, browsers. It knows only what the ledger knows: partitions that
nobody has seen yet, and what is new in the known ones, only the run itself can tell.
"""

from __future__ import annotations

from polyhost.engine.clock import Clock
from polyhost.engine.run.dry_run_json import DryRun, PlannedRequests
from polyhost.engine.run.ledger import RunLedger
from polyhost.engine.run.partition_rules import partition_rules
from polyhost.engine.run.stream_ledger import StreamLedger
from polyhost.ledger.estimate import estimate
from polyhost.ledger.state import Window
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.scope import Scope
from polyhost.store.base import ConnectionRow, Store

__all__ = ["dry_run"]


async def dry_run(
    store: Store, connection: ConnectionRow, manifest: Manifest, scope: Scope, clock: Clock, *, full: bool
) -> DryRun:
    """The plan as JSON: one row per partition and purpose, and the least number of requests it takes."""
    ledger = await RunLedger.load(store, connection.id, partition_rules(manifest, scope), scope, clock, full=full)
    rows: list[PlannedRequests] = []
    for name, stream in ledger.streams().items():
        rows += await _stream_rows(ledger, name, stream)
    untouched = not rows
    return DryRun(
        dry_run=True,
        connection=connection.name,
        source=connection.source,
        scope=scope.as_start_scope(),
        plan=rows,
        requests=sum(row["requests"] for row in rows if row["purpose"] != "new"),
        note="Nothing was collected yet: the first run finds out what there is."
        if untouched
        else "Partitions without news cost nothing for `new`; ones never seen before are not in this list.",
    )


async def _stream_rows(ledger: RunLedger, name: str, stream: StreamLedger) -> list[PlannedRequests]:
    rows: list[PlannedRequests] = []
    for key, state in stream.states.items():
        windows = await ledger.planned(name, key)
        for line in estimate({key: windows}, stream.plans):
            due = [window for window in windows if window.purpose == line.purpose and window.when == "due"]
            rows.append(
                PlannedRequests(
                    stream=name,
                    partition=key,
                    label=state.label,
                    purpose=line.purpose,
                    since=_oldest(due),
                    until=due[0].until,
                    windows=line.windows,
                    requests=line.requests,
                    at_least=line.open_ended,
                )
            )
    return rows


def _oldest(windows: list[Window]) -> str | None:
    """Windows come newest first."""
    return windows[-1].since
