"""How far each partition of each stream is covered.

Owns: turning ledger states into this result. Must not know: how far anything is covered (`coverage` judges), how it
looks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from polyhost.coverage.extent import Extent
from polyhost.operations import shared_fields as common
from polyhost.operations.exceptions import StandingException
from polyhost.operations.operation import Result, Route, Section, operation
from polyhost.operations.shared_results import Nature, Span

if TYPE_CHECKING:
    from polyhost.operations.context import Context

__all__ = [
    "Coverage",
    "CoverageRequest",
    "CoveredStream",
    "Looks",
    "Partition",
    "Spans",
    "StreamSummary",
    "Unswept",
    "coverage",
]


class StreamSummary(TypedDict):
    """How many partitions are in which extent, and the newest moment any of them is covered through."""

    partitions: int
    missing: int
    untouched: int
    partial: int
    imported: int
    limited: int
    complete: int
    retired: int
    covered_through: str | None


class Spans(TypedDict):
    """Stretches as moments, for a picture. `gained`: what the last run or import added."""

    covered: list[Span]
    imported: list[Span]
    holes: list[Span]
    gained: list[Span]
    limited: list[Span]


class Partition(TypedDict):
    """One independently resuming part of a stream. `covered`, `imported`, `holes` and `gained` are stretches of
    positions, `spans` the same as moments. `exceptions`: how many records and groups stand out of what is covered,
    those set aside left out. `limited_before`: the source hides what is older. `looked_at`: when its newest records
    were last read, `swept_at`: when all of it last was; what was edited or deleted since is unknown."""

    key: str
    label: str | None
    status: Literal["present", "missing", "retired"]
    source_status: str | None
    extent: Extent
    high_water: str | None
    covered: list[Span]
    imported: list[Span]
    holes: list[Span]
    gained: list[Span]
    spans: Spans
    exceptions: int
    limited_before: str | None
    covered_through: str | None
    first_seen: str | None
    last_seen: str | None
    looked_at: str | None
    swept_at: str | None
    missing_since: str | None
    retired_at: str | None
    retired_reason: str | None
    explain: str


class Unswept(TypedDict):
    """Partitions that are covered and were not looked at again for longer than the manifest wants, the longest
    since `oldest`."""

    partitions: int
    oldest: str | None


class Looks(TypedDict):
    """When a stream's partitions were last looked at again: of how many their newest records are overdue, and when the
    one that waits longest was looked at. `unswept`: the same of older records. `explain`: what a reader has to know."""

    partitions: int
    overdue: int
    oldest: str | None
    unswept: Unswept
    explain: str | None


class CoveredStream(TypedDict):
    """One stream; `partitions` (worst first), `summary` and `looks` are null where it has none. `exceptions`: the first
    of what stands out of what is covered, set aside or not; `exceptions_total`: how many there are."""

    records: int
    deleted: int
    partitions: list[Partition] | None
    summary: StreamSummary | None
    looks: Looks | None
    exceptions: list[StandingException]
    exceptions_total: int


class Coverage(TypedDict):
    """How far each partition of each stream is covered."""

    connection: str
    source: str
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
    from polyhost.engine.run.coverage_baseline import covered_before
    from polyhost.engine.run.partition_rules import partition_rules
    from polyhost.engine.sources.lookup import find_source
    from polyhost.ledger.exceptions import NAMED
    from polyhost.ledger.looks import looks
    from polyhost.protocol.scope_request import resolve_scope

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        counts = await store.records.count(connection.id)
        rules = partition_rules(source.manifest, resolve_scope(source.manifest))
        before = await covered_before(store, connection.id)
        standing = await store.ledger.exceptions(connection.id)
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
                exceptions=[StandingException(**one.as_json()) for one in mine[:NAMED]],
                exceptions_total=len(mine),
            )
            rule = rules.get(declared.name)
            if rule is not None:
                states = await store.ledger.partitions(connection.id, declared.name)
                by_partition = Counter(one.partition for one in mine if not one.is_set_aside)
                views = stream_picture(states, rule, before.get(declared.name), by_partition)
                entry["partitions"] = [Partition(**view.as_json()) for view in views]
                entry["summary"] = StreamSummary(**stream_summary(views, rule))
                entry["looks"] = Looks(**asdict(looks(states, rule, now_iso=context.clock.iso())))
            streams[declared.name] = entry
    value = Coverage(connection=connection.name, source=source.name, nature=connection.nature, streams=streams)
    return Result(value)
