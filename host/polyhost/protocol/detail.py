"""Accounting for details: of the items its parents listed, which of a child stream's were read, and which are known
gaps.

Owns: the accounts of one run and whether one falls short. Must not know: cursors, what follows from a shortfall.

Zero measured is not unmeasured: a parent without an account is silent, and silence proves nothing.
"""

from __future__ import annotations

from enum import Enum

from polyhost.protocol.declarations import Manifest
from polyhost.protocol.messages import DetailCoverage, DetailGap, ProtocolViolationError

__all__ = ["Account", "DetailAccounts"]

MAX_GAPS = 100_000
"""Gap keys remembered of one run (about 10 MB). A gap beyond them accounts for nothing: its item stays short, which
holds a checkpoint back rather than letting it lie."""


class Account(Enum):
    """What is known of one parent's items in one child stream."""

    COMPLETE = "complete"
    SHORT = "detail_short"
    SILENT = "detail_silent"


class DetailAccounts:
    """All accounts of a run, by (parent, child)."""

    __slots__ = ("_gaps", "_manifest", "_open", "_remembered")

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._open: dict[tuple[str, str], frozenset[str]] = {}
        self._gaps: dict[tuple[str, str], set[str]] = {}
        self._remembered = 0

    def take_coverage(self, message: DetailCoverage) -> None:
        """One account per pair, and only of declared pairs."""
        child = self._manifest.by_name[message.stream]
        if child.state_stream is not None:
            raise ProtocolViolationError("detail_coverage_with_state_stream", "DETAIL_COVERAGE.stream")
        if message.state_stream not in (child.parent_streams or ()):
            raise ProtocolViolationError("not_a_parent", "DETAIL_COVERAGE.state_stream")
        pair = (message.state_stream, message.stream)
        if pair in self._open:
            raise ProtocolViolationError("detail_coverage_repeated", "DETAIL_COVERAGE")
        settled = {*message.hydrated_keys, *message.gap_keys}
        self._open[pair] = frozenset(key for key in message.required_keys if key not in settled)

    def take_gap(self, message: DetailGap) -> None:
        """A gap accounts for one item of one parent: of the one it names, or of the only one there is."""
        parents = self._manifest.by_name[message.stream].parent_streams or ()
        sole = parents[0] if len(parents) == 1 else None
        parent = sole if message.parent_stream is None else message.parent_stream
        if parent is None or parent not in parents or message.record_key is None or self._remembered >= MAX_GAPS:
            return
        self._remembered += 1
        self._gaps.setdefault((parent, message.stream), set()).add(message.record_key)

    def account(self, parent: str, child: str) -> Account:
        """How the account stands now."""
        short = self._open.get((parent, child))
        if short is None:
            return Account.SILENT
        return Account.COMPLETE if short <= self._gaps.get((parent, child), set()) else Account.SHORT

    def start_again(self) -> None:
        """The connector restarts and will account anew."""
        self._open.clear()
        self._gaps.clear()
        self._remembered = 0
