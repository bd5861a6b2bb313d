"""What an import does about files once its records are durable: hand them over, or say that it could.

Owns: reading an artifact again whose records are known, and what the import then tells: what it took, what nobody has.
Must not know: how a file is taken (`_hand_over`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from polyhost.artifacts.base import Artifact
from polyhost.engine.imports._files_told import FilesTold
from polyhost.engine.imports._hand_over import HandOver, TakeFiles, files_to_take
from polyhost.engine.imports.connector import BATCH_MESSAGES, take_messages
from polyhost.engine.run.collect import RunContext
from polyhost.engine.run.outcome import Ended
from polyhost.errors import PolyhostError
from polyhost.protocol.commands import RunOutcome
from polyhost.protocol.diagnostics import Diagnostic, DiagnosticCode, Severity

__all__ = ["ImportFiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFiles:
    """Those of one import. `take`: what is asked for; None where files are not. `unread`: what the artifact says, where
    its records were known and it was not read in this import."""

    take: TakeFiles | None
    told: FilesTold
    unread: Iterator[dict[str, Any]] | None
    artifact: Artifact
    around: RunContext
    connection_id: int
    is_preview: bool

    async def tell(self, ended: Ended) -> None:
        """Where the import came to its end."""
        if ended.error is not None or ended.outcome is None or ended.outcome.status != "succeeded":
            return
        if self.take is not None:
            await self._take(self.take, ended)
        elif count := await files_to_take(self.told, self.around, self.connection_id):
            ended.tally.report(_hint(count))

    async def _take(self, take: TakeFiles, ended: Ended) -> None:
        hand_over = HandOver(
            take=take,
            told=self.told,
            artifact=self.artifact,
            around=self.around,
            connection_id=self.connection_id,
            is_preview=self.is_preview,
        )
        try:
            if await self._read() and await hand_over.run():
                _tell_missing(ended, hand_over.missing)
            else:
                ended.outcome = RunOutcome(status="cancelled")
        except PolyhostError as error:
            ended.error = error
        ended.files = await hand_over.ended()

    async def _read(self) -> bool:
        """To the end, for what is taken down on the way; False where it was cancelled."""
        while self.unread is not None:
            if self.around.cancelled.is_set():
                return False
            if len(await asyncio.to_thread(take_messages, self.unread, BATCH_MESSAGES)) < BATCH_MESSAGES:
                break
        return True


def _hint(count: int) -> Diagnostic:
    files, them = ("1 file", "it") if count == 1 else (f"Up to {count:,} files", "them")
    return Diagnostic(
        code=DiagnosticCode.FILES_NOT_TAKEN,
        severity=Severity.INFO,
        message=f"{files} of its records can be taken from what was imported.",
        count=count,
        recovery_hint=f"Import it again with --files to take {them}.",
    )


def _tell_missing(ended: Ended, missing: Counter[str]) -> None:
    """In place of what the importer said that its artifact lacks: what nobody has."""
    kept: list[Diagnostic] = []
    left = {stream: count for stream, count in missing.items() if count > 0}
    for one in ended.tally.diagnostics:
        if one.code is DiagnosticCode.MEDIA_MISSING:
            count = left.pop(one.stream or "", 0)
            kept += [replace(one, count=count)] if count else []
        elif one.code is not DiagnosticCode.FILES_NOT_TAKEN:
            kept.append(one)
    kept += [
        Diagnostic(
            code=DiagnosticCode.MEDIA_MISSING,
            severity=Severity.GAP,
            message="without their media (media_missing)",
            stream=stream,
            count=count,
            recovery_hint="manual_action_required",
        )
        for stream, count in left.items()
    ]
    ended.tally.diagnostics[:] = kept
