"""Our extension's messages: what exists, and what was read through, as far as the scope lets them count.

Owns: their legality, and the claims that a narrowed run cannot make. Must not know: the ledger, what is missing.
"""

from __future__ import annotations

from polyhost.instants import instant_reader
from polyhost.protocol.commands import (
    CommitArrivals,
    CommitCoverage,
    CommitHidden,
    CommitInventory,
    ForgetToken,
    InventoryEntry,
)
from polyhost.protocol.declarations import Manifest, PartitionDecl
from polyhost.protocol.diagnostics import MAX_TEXT, DiagnosticCode, Severity
from polyhost.protocol.findings import Findings
from polyhost.protocol.messages import (
    PartitionArrivals,
    PartitionCoverage,
    PartitionHidden,
    PartitionInventory,
    ProtocolViolationError,
    TokenRefused,
)
from polyhost.protocol.positions import position_key
from polyhost.protocol.refusals import Refusals
from polyhost.protocol.scope import Scope, StreamScope

__all__ = ["Partitions"]

_TIME_SCHEMAS = {
    "unix_seconds": {"type": ["number", "string"]},
    "unix_milliseconds": {"type": ["number", "string"]},
    "iso8601": {"type": "string", "format": "date-time"},
}

_Ranged = PartitionCoverage | PartitionHidden


class Partitions:
    """The partitioned streams of one run."""

    __slots__ = ("_findings", "_manifest", "_offered", "_refusals", "_scope", "_unreadable")

    def __init__(
        self, manifest: Manifest, scope: Scope, findings: Findings, refusals: Refusals, *, offered: bool
    ) -> None:
        self._manifest = manifest
        self._refusals = refusals
        self._scope = scope
        self._findings = findings
        self._offered = offered
        self._unreadable: set[str] = set()

    def take_inventory(self, message: PartitionInventory) -> CommitInventory:
        """The partitions that the scope lets us see; the others are counted and forgotten. Where an entry could not be
        read nobody is called missing in this run: it could be any of them."""
        scope, _ = self._stream(message.stream, "PARTITION_INVENTORY.stream")
        if message.unreadable:
            self._unreadable.add(message.stream)
            code = DiagnosticCode.INVENTORY_UNPROVEN
            self._findings.note(
                code, "entry_unreadable", stream=message.stream, severity=Severity.GAP, count=message.unreadable
            )
        seen = tuple(
            InventoryEntry(entry.key, _cut(entry.label), _cut(entry.status), entry.deleted, entry.became)
            for entry in message.partitions
            if scope.allows_partition(entry.key)
        )
        self._ignore(message.stream, len(message.partitions) - len(seen))
        return CommitInventory(message.stream, seen, message.complete and message.stream not in self._unreadable)

    def take_coverage(self, message: PartitionCoverage, sequence: int) -> CommitCoverage | None:
        """The claim, or None where the scope keeps it from being one."""
        partition = self._claimed(message, "PARTITION_COVERAGE")
        if partition is None:
            return None
        if any(position_key(partition.order, group) is None for group in message.groups or ()):
            self._unproven(message.stream, message.partition, "group_unreadable", Severity.GAP)
            return None
        if self._refusals.spoils(message.stream, message.partition, partition.order, message.since, message.until):
            self._unproven(message.stream, message.partition, "record_refused", Severity.GAP)
            return None
        return CommitCoverage(
            sequence=sequence,
            stream=message.stream,
            partition=message.partition,
            since=message.since,
            until=message.until,
            limited_before=message.limited_before,
            groups=message.groups or (),
            spared=self._refusals.keys(message.stream),
            older=message.older,
            newer=message.newer,
        )

    def take_arrivals(self, message: PartitionArrivals, sequence: int) -> CommitArrivals | None:
        """The token, or None where the scope, or a record that nothing names, keeps it from standing for all that has
        arrived. One of the whole stream stands for nothing in a run that was narrowed to some partitions."""
        scope = self._following(message, "PARTITION_ARRIVALS")
        if scope is None:
            return None
        if scope.kept is not None or scope.time_range is not None:
            self._unproven(message.stream, message.partition, "arrivals_narrowed", Severity.INFO)
            return None
        if self._refusals.unproven[message.stream] or self._refusals.has_refused(message.stream, message.partition):
            self._unproven(message.stream, message.partition, "record_refused", Severity.GAP)
            return None
        return CommitArrivals(
            sequence=sequence, stream=message.stream, partition=message.partition, token=message.token
        )

    def take_refused_token(self, message: TokenRefused) -> ForgetToken | None:
        """What is to be forgotten; None where that would change something outside of the scope."""
        scope = self._following(message, "TOKEN_REFUSED")
        if scope is None or scope.kept is not None or scope.time_range is not None:
            return None
        return ForgetToken(message.stream, message.partition, message.token)

    def _following(self, message: PartitionArrivals | TokenRefused, what: str) -> StreamScope | None:
        scope, _ = self._stream(message.stream, f"{what}.stream")
        mine = scope.resources is None if message.partition is None else scope.allows_partition(message.partition)
        if not mine:
            self._ignore(message.stream, 1)
        return scope if mine else None

    def take_hidden(self, message: PartitionHidden) -> CommitHidden | None:
        """The statement, or None where the scope keeps it from being one."""
        if self._claimed(message, "PARTITION_HIDDEN") is None:
            return None
        return CommitHidden(
            stream=message.stream,
            partition=message.partition,
            since=message.since,
            until=message.until,
            reason=message.reason,
        )

    def _claimed(self, message: _Ranged, kind: str) -> PartitionDecl | None:
        """The partitions of its stream; None where the scope keeps what is said of a range from counting."""
        scope, partition = self._stream(message.stream, f"{kind}.stream")
        _check_cursors(message, partition, kind)
        if not scope.allows_partition(message.partition):
            self._ignore(message.stream, 1)
            return None
        rule = _unclaimable(message, scope, partition)
        if rule is not None:
            self._unproven(message.stream, message.partition, rule, Severity.INFO)
            return None
        return partition

    def _stream(self, name: str, where: str) -> tuple[StreamScope, PartitionDecl]:
        if not self._offered:
            raise ProtocolViolationError("partitions_not_offered", where)
        declared = self._manifest.stream(name)
        scope = self._scope.stream(name)
        if declared is None or declared.partition is None:
            raise ProtocolViolationError("not_partitioned", where)
        if scope is None:
            raise ProtocolViolationError("stream_not_in_scope", where)
        return scope, declared.partition

    def _unproven(self, stream: str, partition: str | None, rule: str, severity: Severity) -> None:
        self._findings.note(DiagnosticCode.RANGE_UNPROVEN, rule, stream=stream, severity=severity)
        if partition is not None:
            self._findings.name_partitions(DiagnosticCode.RANGE_UNPROVEN, rule, stream, [partition])

    def _ignore(self, stream: str, count: int) -> None:
        if count:
            code = DiagnosticCode.OUT_OF_SCOPE_RECORD
            self._findings.note(code, "partition_key", stream=stream, severity=Severity.INFO, count=count)


def _check_cursors(message: _Ranged, partition: PartitionDecl, kind: str) -> None:
    for field in ("until", "since", "limited_before"):
        text = getattr(message, field, None)
        if text is not None and position_key(partition.order, text) is None:
            raise ProtocolViolationError("cursor_unreadable", f"{kind}.{field}")
    if message.since is None or message.until is None:
        return
    if position_key(partition.order, message.since) > position_key(partition.order, message.until):
        raise ProtocolViolationError("range_reversed", f"{kind}.since")


def _unclaimable(message: _Ranged, scope: StreamScope, partition: PartitionDecl) -> str | None:
    """Why a narrowed run proves nothing here: it holds only some fields, or may not have been allowed all of the
    range."""
    if scope.kept is not None:
        return "fields_narrowed"
    if scope.time_range is None:
        return None
    if not _inside(message, scope, partition):
        return "time_range_narrowed"
    return None


def _inside(message: _Ranged, scope: StreamScope, partition: PartitionDecl) -> bool:
    """Whether the whole claim lies in the time range: only where positions are times, and can be read as such."""
    kind = partition.cursor_time or ("unix_seconds" if partition.order == "decimal" else None)
    bounds = scope.time_range
    if kind is None or bounds is None or message.until is None:
        return False
    read = instant_reader(_TIME_SCHEMAS[kind])
    low = None if message.since is None else read(message.since)
    high = read(message.until)
    if high is None or not bounds.holds(high):
        return False
    return bounds.since is None or (low is not None and low >= bounds.since)


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:MAX_TEXT]
