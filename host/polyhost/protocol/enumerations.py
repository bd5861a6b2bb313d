"""Streams without partitions of which a run has read all there is: what was not met in it is not there any more.

Owns: the statement's legality, and what keeps it from counting. Must not know: which records were met, what is stored.

That the manifest calls a stream a full inventory says what kind of evidence there is, not that a run has produced it: a
connector may leave out what has not changed. So only its own word counts, given once everything was emitted, and only
where the run left nothing of the stream out: it was not narrowed, skipped nothing, and had no record that nobody can
name.
"""

from __future__ import annotations

from collections.abc import Mapping

from polyhost.protocol.declarations import Manifest
from polyhost.protocol.messages import DetailGap, ProtocolViolationError, SkipResult, StreamEnumerated
from polyhost.protocol.refusals import Refusals
from polyhost.protocol.scope import Scope

__all__ = ["Enumerations"]


class Enumerations:
    """Those of one run, whatever restarts it took."""

    __slots__ = ("_left_out", "_manifest", "_refusals", "_scope", "_stated")

    def __init__(self, manifest: Manifest, scope: Scope, refusals: Refusals) -> None:
        self._manifest = manifest
        self._scope = scope
        self._refusals = refusals
        self._stated: dict[str, None] = {}
        self._left_out: set[str | None] = set()

    def take(self, message: StreamEnumerated) -> None:
        """Every record that the source holds of this stream was emitted."""
        if self._scope.stream(message.stream) is None:
            raise ProtocolViolationError("stream_not_in_scope", "STREAM_ENUMERATED.stream")
        if not self._manifest.by_name[message.stream].is_enumerated:
            raise ProtocolViolationError("not_a_full_inventory", "STREAM_ENUMERATED.stream")
        self._stated[message.stream] = None

    def leave_out(self, message: SkipResult | DetailGap) -> None:
        """Something was left out: of its stream, or where none is named of any."""
        self._left_out.add(message.stream)

    def whole(self) -> Mapping[str, frozenset[str]]:
        """The streams that were read from end to end, each with the keys of records that came by and were refused: what
        is stored of those is not gone."""
        if None in self._left_out:
            return {}
        return {
            name: self._refusals.keys(name)
            for name in self._stated
            if name not in self._left_out and not self._refusals.unproven[name] and not self._is_narrowed(name)
        }

    def _is_narrowed(self, name: str) -> bool:
        scope = self._scope.stream(name)
        return scope is None or scope.is_narrowed
