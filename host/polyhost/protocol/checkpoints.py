"""Opaque cursors: staged as they come, and which of them may be kept once a run has ended.

Owns: staging and eligibility. Must not know: when records are durable, how a run ends.

A cursor says that everything up to it was collected. It may move only if that is true of every stream whose progress it
stands for: the stream did not fail, its details are accounted for, and the run did not leave part of it out on purpose.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from polyhost.protocol.declarations import Manifest
from polyhost.protocol.detail import Account, DetailAccounts
from polyhost.protocol.graph import dependents
from polyhost.protocol.messages import ProtocolViolationError, State
from polyhost.protocol.scope import Scope

__all__ = ["RECORD_REFUSED", "Checkpoints", "Eligible"]

RECORD_REFUSED = "record_refused"
"""The rule that keeps a cursor from moving past a record that nothing names."""


@dataclass(frozen=True, slots=True)
class Eligible:
    """Cursors that may move, and those that may not, with the rule that holds them back."""

    cursors: dict[str, Any]
    withheld: dict[str, str]


class Checkpoints:
    """The cursors of one run."""

    __slots__ = ("_dependents", "_legal", "_manifest", "_scope", "_staged", "kept")

    def __init__(self, manifest: Manifest, scope: Scope) -> None:
        self._manifest = manifest
        self._scope = scope
        self._dependents = dependents(manifest)
        names = {checkpoint for stream in scope.streams for checkpoint in manifest.by_name[stream.name].checkpoints}
        self._legal = frozenset(names)
        self._staged: dict[str, Any] = {}
        self.kept: set[str] = set()
        """Those whose last cursor was kept on the way."""

    def stage(self, message: State) -> None:
        """The last cursor per stream counts. Only the checkpoint streams of the streams in scope have one."""
        if message.stream not in self._legal:
            raise ProtocolViolationError("not_a_checkpoint_stream", "STATE.stream")
        self._staged[message.stream] = message.cursor
        self.kept.discard(message.stream)

    def keep(self, name: str, *, failed: Collection[str], unproven: Collection[str]) -> bool:
        """Whether this cursor, which was staged, is kept at once with the records before it, as connectors of our
        extension have it: all that it stands for was emitted, so that a run that is cut goes on from there. Not one
        that stands for other streams too: what becomes of those is known at the end."""
        stream = self._scope.stream(name)
        alone = self._dependents.get(name) == (name,) and not self._manifest.by_name[name].parent_streams
        self.kept.discard(name)
        if alone and stream is not None and not stream.is_narrowed and name not in failed and name not in unproven:
            self.kept.add(name)
        return name in self.kept

    def eligible(self, failed: Collection[str], details: DetailAccounts, *, unproven: Collection[str] = ()) -> Eligible:
        """Which staged cursors may move, given the streams that failed and the details accounted for. `unproven`: those
        of which a record was refused that nothing names: nobody would ask for it again once the cursor is past it."""
        held = self._checkpoints_of(unproven, RECORD_REFUSED) | self._checkpoints_of(failed, "stream_failed")
        cursors: dict[str, Any] = {}
        withheld: dict[str, str] = {}
        for checkpoint, cursor in self._staged.items():
            rule = held.get(checkpoint) or self._held_back(checkpoint, details)
            if rule is None:
                cursors[checkpoint] = cursor
            elif checkpoint not in self.kept:
                withheld[checkpoint] = rule
        return Eligible(cursors, withheld)

    def _checkpoints_of(self, streams: Collection[str], rule: str) -> dict[str, str]:
        return {checkpoint: rule for name in streams for checkpoint in self._manifest.by_name[name].checkpoints}

    def _held_back(self, checkpoint: str, details: DetailAccounts) -> str | None:
        for name in self._dependents.get(checkpoint, ()):
            stream = self._scope.stream(name)
            if stream is None:
                return "stream_not_in_scope"
            if stream.is_narrowed:
                return "stream_narrowed"
            if self._manifest.by_name[name].parent_streams:
                account = details.account(checkpoint, name)
                if account is not Account.COMPLETE:
                    return account.value
        return None
