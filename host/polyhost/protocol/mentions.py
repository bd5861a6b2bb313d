"""Which streams a connector has said anything about: one that it never mentions is unproven, not covered.

Owns: what counts as a mention, and the finding where there is none. Must not know: what was said, how it is stored.

Anything said of a stream is a mention, but for words alone: a PROGRESS counts where it says how many it speaks of, so
that a connector can say "looked, and there is nothing" of a stream without partitions and cursors. A cursor speaks for
every stream that is kept under it. Partitioned streams are left to the ledger, which wants an inventory of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from polyhost.protocol.declarations import Manifest
from polyhost.protocol.diagnostics import DiagnosticCode, Severity
from polyhost.protocol.findings import Findings
from polyhost.protocol.messages import Progress, State
from polyhost.protocol.scope import Scope

__all__ = ["NEVER_MENTIONED", "Mentions"]

NEVER_MENTIONED = "never_mentioned"
"""The rule of the finding."""


class Mentions:
    """The streams that were spoken of in one run, whatever restarts it took. `wanted` False: it reads a file, which
    tells nothing of what it does not hold, and nothing is missed."""

    __slots__ = ("_heard", "_manifest", "_scope", "_wanted")

    def __init__(self, manifest: Manifest, scope: Scope, *, wanted: bool = True) -> None:
        self._wanted = wanted
        self._manifest = manifest
        self._scope = scope
        self._heard: set[str] = set()

    def hear(self, message: object) -> None:
        """One message that is no RECORD; those are counted where they are admitted."""
        stream = getattr(message, "stream", None)
        if not isinstance(stream, str) or (isinstance(message, Progress) and message.count is None):
            return
        self._heard.add(stream)
        if isinstance(message, State):
            self._heard.update(one.name for one in self._manifest.streams if one.state_stream == stream)

    def silent(self, emitted: Iterable[str]) -> list[str]:
        """Streams in scope without partitions of which nothing was said. `emitted`: those that records came of."""
        heard = self._heard.union(emitted)
        if not self._wanted:
            return []
        return [
            stream.name
            for stream in self._scope.streams
            if stream.name not in heard and self._manifest.by_name[stream.name].partition is None
        ]

    def tell(self, emitted: Iterable[str], findings: Findings) -> None:
        """Note the silent ones, as gaps."""
        hint = "retry_on_connector_upgrade"
        for stream in self.silent(emitted):
            findings.note(
                DiagnosticCode.INVENTORY_UNPROVEN, NEVER_MENTIONED, stream=stream, severity=Severity.GAP, hint=hint
            )
