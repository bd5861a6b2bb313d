"""Gathering what a health projection is computed from: the one place that reads it.

Owns: which rows, files and declarations become evidence, and how far back to look. Must not know: what any of it means;
`coverage` judges. Reads no records: counts are kept by the store, so a big store costs no more than a small one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from polyhost.coverage.evidence import (
    Attempt,
    Evidence,
    PartitionReach,
    RefusedFiles,
    Schedule,
    StreamEvidence,
    evidence_is_decisive,
)
from polyhost.coverage.facts import BatchFacts
from polyhost.coverage.picture import PartitionView, stream_picture, stream_summary
from polyhost.engine.files.totals import totals_by_stream
from polyhost.engine.health.connection_history import ConnectionHistory
from polyhost.engine.imports.watched_folder import refused_files
from polyhost.engine.run.open_question import asked_since
from polyhost.engine.run.partition_rules import partition_rules
from polyhost.engine.run.paused import paused_run
from polyhost.engine.run.result_json import stored_result
from polyhost.engine.sessions.reach import unagreed, unagreed_named
from polyhost.instants import earliest
from polyhost.ledger.exceptions import StandingException, exception_code
from polyhost.ledger.state import PartitionState, PartitionStatus
from polyhost.protocol.diagnostics import DiagnosticJson, Severity
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.record_files import file_rules
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.base import BatchRow, ConnectionRow, RunRow, Store

__all__ = ["ATTEMPTS", "attempt_of", "gather"]

ATTEMPTS = 100
"""Runs to look back at first: four days of hourly ones. Further, while no contact with the source is among them."""
_REACH_SHOWN = 50
"""Partitions of a stream that evidence says the reach of, those to look at first."""
_MISSING_NAMED = 50
"""Keys of vanished partitions that evidence names; the rest is counted."""


async def gather(history: ConnectionHistory, schedule: Schedule | None = None) -> Evidence:
    """Everything known of one connection. A source that cannot be loaded is evidence too."""
    store, connection = history.store, history.connection
    source, problem = history.loaded
    manifest = source.manifest if source is not None else None
    evidence = Evidence(
        connection=connection.name,
        source=connection.source,
        nature=connection.nature,
        created_at=connection.created_at,
        streams=() if manifest is None else await _streams(store, connection, manifest),
        blocking=frozenset() if manifest is None else frozenset(manifest.blocking_gaps),
        schedule=schedule or Schedule(),
        session=await history.session(),
        maximum_staleness_seconds=None if manifest is None else _staleness(manifest),
        source_problem=problem,
        disconnected_at=connection.disconnected_at,
        runs=source is None or source.kind != "artifact",
        watches="watch" in connection.options,
        refused_files=await _refused(store, connection),
        unagreed=() if source is None else await unagreed(store, connection, source),
        unagreed_named=() if source is None else await unagreed_named(store, connection, source),
        site=connection.site,
    )
    return await _with_attempts(history, evidence)


async def _with_attempts(history: ConnectionHistory, evidence: Evidence) -> Evidence:
    """As far back as it takes: a contact that is long ago still counts, and nothing in between makes up for it."""
    limit = ATTEMPTS
    while True:
        attempts = await _attempts(history, limit)
        evidence = replace(evidence, attempts=attempts)
        if len(attempts) < limit or evidence_is_decisive(evidence):
            return evidence
        limit *= 4


async def _refused(store: Store, connection: ConnectionRow) -> RefusedFiles | None:
    refused = await refused_files(store, connection)
    return RefusedFiles(len(refused), max(one.at for one in refused.values())) if refused else None


def _staleness(manifest: Manifest) -> int | None:
    policy = manifest.capabilities.refresh_policy
    return None if policy is None else policy.maximum_staleness_seconds


async def _attempts(history: ConnectionHistory, limit: int) -> Sequence[Attempt]:
    rows, batches = await history.runs(limit)
    attempts = [attempt_of(row, batches.get(row.batch_id)) for row in rows]
    store, connection = history.store, history.connection
    return [await _going_on(store, connection, one) if one.is_running else one for one in attempts]


async def _going_on(store: Store, connection: ConnectionRow, running: Attempt) -> Attempt:
    """With what it waits for."""
    paused = await paused_run(store, connection.id) == running.id
    return replace(running, paused=paused, asked_since=await asked_since(store, connection.id, running.id))


def attempt_of(row: RunRow, batch: BatchRow | None) -> Attempt:
    """One run as evidence. `batch` None: it wrote none. The facts it was opened with are no evidence of anything."""
    result = stored_result(row.result)
    error = None if result is None else result.get("error")
    told = BatchFacts.from_json(batch.facts) if batch is not None and batch.facts else None
    return Attempt(
        id=row.id,
        status=row.status,
        started_at=row.started_at,
        finished_at=row.finished_at,
        facts=told if told is not None and told.are_final else None,
        error_code=None if error is None else error["code"],
        hint=None if result is None else _hint(result.get("diagnostics", ())),
        finished_number=row.finished_number,
    )


def _hint(diagnostics: Sequence[DiagnosticJson]) -> str | None:
    """The recovery action of what ended a run."""
    errors = (found.get("recovery_hint") for found in diagnostics if found["severity"] == Severity.ERROR)
    return next((hint for hint in errors if hint), None)


async def _streams(store: Store, connection: ConnectionRow, manifest: Manifest) -> Sequence[StreamEvidence]:
    counts = await store.records.count(connection.id)
    rules = partition_rules(manifest, resolve_scope(manifest))
    standing = await store.ledger.exceptions(connection.id)
    files = totals_by_stream(file_rules(manifest), await store.files.count(connection.id))
    found: list[StreamEvidence] = []
    for declared in manifest.streams:
        rule = rules.get(declared.name)
        states = await store.ledger.partitions(connection.id, declared.name) if rule is not None else ()
        views = stream_picture(states, rule) if rule is not None else []
        missing = [state for state in states if state.status is PartitionStatus.MISSING]
        live, deleted = counts.get(declared.name, (0, 0))
        open_ones = _open_exceptions(standing, declared.name, states)
        found.append(
            StreamEvidence(
                name=declared.name,
                records=live,
                deleted=deleted,
                collected=declared.collected,
                summary=None if rule is None else stream_summary(views, rule),
                reach=[_reach(view) for view in views[:_REACH_SHOWN]],
                missing=[state.key for state in missing[:_MISSING_NAMED]],
                missing_since=earliest(state.missing_since for state in missing),
                exceptions=Counter(str(exception_code(one.kind)) for one in open_ones),
                exceptions_since=earliest(one.since for one in open_ones),
                files=files.get(declared.name),
            )
        )
    return found


def _open_exceptions(
    standing: Iterable[StandingException], stream: str, states: Iterable[PartitionState]
) -> list[StandingException]:
    """Those a run has to name: not set aside, and not of a partition that its owner has retired, or that is over."""
    past = {state.key for state in states if state.is_over or state.status is PartitionStatus.RETIRED}
    return [one for one in standing if one.stream == stream and not one.is_set_aside and one.partition not in past]


def _reach(view: PartitionView) -> PartitionReach:
    return PartitionReach(view.state.key, view.extent, view.covered_through)
