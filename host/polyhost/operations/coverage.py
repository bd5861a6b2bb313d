"""How far each partition of each stream is covered.

Owns: turning ledger states into this result. Must not know: how far anything is covered (`coverage` judges), how it
looks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.coverage.evidence import Nature
from polyhost.coverage.file_totals import FileTotals
from polyhost.coverage.picture_json import PartitionJson, StreamSummary
from polyhost.ledger.exceptions_json import StandingExceptionJson
from polyhost.ledger.looks_json import LooksJson
from polyhost.operations import shared_fields as common
from polyhost.operations.operation import Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.operations.context import Context

__all__ = ["Coverage", "CoverageRequest", "CoveredStream", "coverage"]


class CoveredStream(TypedDict):
    """One stream; `partitions` (worst first), `summary` and `looks` are null where it has none. `exceptions`: the first
    of what stands out of what is covered, set aside or not; `exceptions_total`: how many there are. `files`: those that
    its records name, as far as they were read for them; null where it declares none."""

    records: int
    deleted: int
    partitions: list[PartitionJson] | None
    summary: StreamSummary | None
    looks: LooksJson | None
    exceptions: list[StandingExceptionJson]
    exceptions_total: int
    files: FileTotals | None


class Coverage(TypedDict):
    """How far each partition of each stream is covered."""

    connection: str
    source: str
    site: str | None
    nature: Nature
    streams: dict[str, CoveredStream]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRequest:
    name: str = common.connection()


@operation(
    "coverage",
    "Show how far each partition is covered, where the holes are, and what mends them.",
    section=Section.READING,
    details="A hole is a range that was not read, or that no run could prove; the next run reads exactly that. A "
    "partition that is missing was there once and is not in the source's list any more.",
    examples=("polyhost coverage slack",),
    routes=(Route("GET", "/v1/connections/{name}/coverage"),),
)
async def coverage(context: Context, request: CoverageRequest) -> Result[Coverage]:
    """Every stream, its partitions worst first, and what they add up to."""
    from polyhost.coverage.picture import stream_picture, stream_summary
    from polyhost.engine.files.totals import totals_by_stream
    from polyhost.engine.run.coverage_baseline import covered_before
    from polyhost.engine.run.partition_rules import partition_rules
    from polyhost.engine.sources.lookup import find_source
    from polyhost.ledger.exceptions import NAMED
    from polyhost.ledger.looks import looks
    from polyhost.protocol.record_files import file_rules
    from polyhost.protocol.scope_request import resolve_scope

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        counts = await store.records.count(connection.id)
        rules = partition_rules(source.manifest, resolve_scope(source.manifest))
        before = await covered_before(store, connection.id)
        standing = await store.ledger.exceptions(connection.id)
        files = totals_by_stream(file_rules(source.manifest), await store.files.count(connection.id))
        streams: dict[str, CoveredStream] = {}
        for declared in source.manifest.streams:
            live, deleted = counts.get(declared.name, (0, 0))
            mine = [one for one in standing if one.stream == declared.name]
            entry = CoveredStream(
                records=live,
                deleted=deleted,
                partitions=None,
                summary=None,
                looks=None,
                exceptions=[one.as_json() for one in mine[:NAMED]],
                exceptions_total=len(mine),
                files=files.get(declared.name),
            )
            rule = rules.get(declared.name)
            if rule is not None:
                states = await store.ledger.partitions(connection.id, declared.name)
                by_partition = Counter(one.partition for one in mine if not one.is_set_aside)
                views = stream_picture(states, rule, before.get(declared.name), by_partition)
                entry["partitions"] = [view.as_json() for view in views]
                entry["summary"] = stream_summary(views, rule)
                entry["looks"] = looks(states, rule, now_iso=context.clock.iso()).as_json()
            streams[declared.name] = entry
    return Result(
        Coverage(
            connection=connection.name,
            source=source.name,
            site=connection.site,
            nature=connection.nature,
            streams=streams,
        )
    )
