"""What one run may collect: a normalised scope, and the judgement of one record against it.

Owns: `Scope`, `StreamScope` and `judge`. Must not know: how a request was written (scope_request), schemas, stores.

A scope only ever narrows. A record is held against it with what the record says of itself, except a delete: what a
tombstone touches is what is stored, so where the key alone does not decide, the answer is NeedsStoredRecord.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from polyhost.instants import Instant, TimeRange, instant_reader, parse_timestamp
from polyhost.protocol.declarations import StreamDecl
from polyhost.protocol.scope_json import RunScope, ScopedStream, ScopedTimes

__all__ = [
    "RESOURCE",
    "Admitted",
    "NeedsStoredRecord",
    "Op",
    "Rejected",
    "Scope",
    "StreamScope",
    "build_stream_scope",
    "resource_fields",
]

Op = Literal["upsert", "delete"]


@dataclass(frozen=True, slots=True)
class Admitted:
    """Inside; `data` is projected to the fields asked for."""

    data: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not to be stored. `code` is a diagnostic code, `rule` the rule broken, `path` where in the record."""

    code: str
    rule: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class NeedsStoredRecord:
    """A delete that only the stored record can place."""


_OUT_OF_SCOPE = "out_of_scope_record"
RESOURCE = Rejected(_OUT_OF_SCOPE, "resource")
TIME = Rejected(_OUT_OF_SCOPE, "time_range")
TIME_UNREADABLE = Rejected(_OUT_OF_SCOPE, "time_unreadable")
UNDECIDED = NeedsStoredRecord()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamScope:
    """One stream's boundary. `since`/`until` as the request wrote them; None means unbounded in that respect."""

    name: str
    resources: tuple[str, ...] | None = None
    since: str | None = None
    until: str | None = None
    fields: tuple[str, ...] | None = None
    wanted: frozenset[str] | None = field(default=None, repr=False)
    resource_fields: tuple[str, ...] = field(default=(), repr=False)
    time_range: TimeRange | None = field(default=None, repr=False)
    time_field: str | None = field(default=None, repr=False)
    read_time: Callable[[object], Instant | None] | None = field(default=None, repr=False, compare=False)
    kept: frozenset[str] | None = field(default=None, repr=False)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything of the stream is left out: then what the run learns cannot stand for the whole stream."""
        return self.wanted is not None or self.time_range is not None or self.kept is not None

    @property
    def bounds_what_is_stored(self) -> bool:
        """Whether a stored record may lie outside, so that nothing may be written over it unseen."""
        return self.wanted is not None or self.time_range is not None

    def as_json(self) -> ScopedStream:
        """The stream's entry in START.scope."""
        entry = ScopedStream(name=self.name)
        if self.resources is not None:
            entry["resources"] = list(self.resources)
        bounds = ScopedTimes()
        if self.since is not None:
            bounds["since"] = self.since
        if self.until is not None:
            bounds["until"] = self.until
        if bounds:
            entry["time_range"] = bounds
        if self.fields is not None:
            entry["fields"] = list(self.fields)
        return entry

    def judge(self, key: str, data: dict[str, Any]) -> Admitted | Rejected:
        """Whether a record is inside, and what is kept of it."""
        if self.wanted is not None and not self._resource_matches(key, data):
            return RESOURCE
        if self.time_range is not None and (rejection := self._judge_time(data)) is not None:
            return rejection
        return Admitted(self.project(data))

    def judge_delete(self, key: str, data: Mapping[str, Any] | None) -> Admitted | Rejected | NeedsStoredRecord:
        """Whether a delete is inside, or that only the stored record can tell."""
        if self.wanted is not None and key not in self.wanted:
            claimed = [data[name] for name in self.resource_fields if name in data] if data else []
            # What the message says against itself counts; what it says for itself does not.
            return RESOURCE if claimed and not self._any_wanted(claimed) else UNDECIDED
        return Admitted(None) if self.time_range is None else UNDECIDED

    def judge_stored(self, key: str, stored: Mapping[str, Any] | None) -> bool:
        """Whether a stored record lies inside the boundary: what would change it may only then."""
        if stored is None:
            return False
        if self.wanted is not None and not self._resource_matches(key, stored):
            return False
        return self.time_range is None or self._judge_time(stored) is None

    def stays_outside(self, key: str, stored: Mapping[str, Any]) -> bool:
        """Whether a stored record is known to lie outside of the boundary. Stored without the field that tells, as by a
        run that kept some fields only, it is not: then what it would become decides."""
        if self.wanted is not None and key not in self.wanted:
            told = [stored[name] for name in self.resource_fields if name in stored]
            if told and not self._any_wanted(told):
                return True
        return self.time_range is not None and self._judge_time(stored) is TIME

    def project(self, data: dict[str, Any]) -> dict[str, Any]:
        kept = self.kept
        if kept is None:
            return data
        return {name: value for name, value in data.items() if name in kept}

    def allows_partition(self, key: str) -> bool:
        """Whether a partition as a whole is inside: a record key among the resources is only a part of one."""
        return self.wanted is None or key in self.wanted

    def _resource_matches(self, key: str, data: Mapping[str, Any]) -> bool:
        return key in (self.wanted or ()) or self._any_wanted([data.get(name) for name in self.resource_fields])

    def _any_wanted(self, values: list[Any]) -> bool:
        wanted = self.wanted or frozenset()
        return any(
            (str(value) if type(value) is int else value) in wanted for value in values if type(value) in (str, int)
        )

    def _judge_time(self, data: Mapping[str, Any]) -> Rejected | None:
        if self.time_field is None or self.read_time is None or self.time_range is None:
            return TIME_UNREADABLE
        instant = self.read_time(data.get(self.time_field))
        if instant is None:
            return TIME_UNREADABLE
        return None if self.time_range.holds(instant) else TIME


def build_stream_scope(
    stream: StreamDecl,
    *,
    resources: tuple[str, ...] | None = None,
    since: str | None = None,
    until: str | None = None,
    fields: tuple[str, ...] | None = None,
) -> StreamScope:
    """Everything judging needs, worked out once. The values were checked before (scope_request)."""
    timed = since is not None or until is not None
    kept = None if fields is None else _widen(stream, fields, timed=timed)
    schema = stream.properties.get(stream.consent_time_field or "", {})
    return StreamScope(
        name=stream.name,
        resources=resources,
        since=since,
        until=until,
        fields=None if kept is None else tuple(name for name in stream.properties if name in kept),
        wanted=None if resources is None else frozenset(resources),
        resource_fields=resource_fields(stream),
        time_range=TimeRange(_bound(since), _bound(until)) if timed else None,
        time_field=stream.consent_time_field,
        read_time=instant_reader(schema if isinstance(schema, dict) else {}) if timed else None,
        kept=kept,
    )


def _bound(text: str | None) -> Instant | None:
    return None if text is None else parse_timestamp(text)


def resource_fields(stream: StreamDecl) -> tuple[str, ...]:
    """Fields whose value names a resource: the declared one, and the partition a record belongs to."""
    declared = (stream.selection.resource_field, stream.partition.field if stream.partition else None)
    return tuple(dict.fromkeys(name for name in declared if name is not None))


def _widen(stream: StreamDecl, fields: tuple[str, ...], *, timed: bool) -> frozenset[str]:
    """What was asked for, and what no record of the stream can do without: required fields, key, the consent time
    under a time range, and where the stream has partitions, a record's place in them."""
    required = stream.record_schema.get("required")
    kept = {*fields, *stream.primary_key, *(required if isinstance(required, list) else ())}
    if timed and stream.consent_time_field is not None:
        kept.add(stream.consent_time_field)
    if stream.partition is not None:
        place = (stream.partition.field, stream.partition.cursor_field, stream.partition.group_field)
        kept.update(name for name in place if name is not None)
    return frozenset(kept)


@dataclass(frozen=True, slots=True)
class Scope:
    """The streams of one run, never empty, each with its boundary. `skipped`: streams that were implied, not named, and
    that cannot be held to the boundary (`scope_not_supported`)."""

    streams: tuple[StreamScope, ...]
    skipped: tuple[str, ...] = ()

    def stream(self, name: str) -> StreamScope | None:
        return next((stream for stream in self.streams if stream.name == name), None)

    def as_start_scope(self) -> RunScope:
        """START.scope."""
        return RunScope(streams=[stream.as_json() for stream in self.streams])

    def is_resource_scoped(self, stream: str) -> bool:
        found = self.stream(stream)
        return found is not None and found.resources is not None

    def resources(self, stream: str) -> tuple[str, ...] | None:
        """The ids asked for; None where the stream is not resource-scoped (or not in scope at all)."""
        found = self.stream(stream)
        return None if found is None else found.resources
