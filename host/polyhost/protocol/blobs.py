"""The files that a connector hands over: which are taken, and what becomes of those that are not.

Owns: the match of what it needs before it starts, which streams take files and how large one may be. Must not know:
where bytes lie, which record a file is of.

One that cannot be taken costs itself: it is counted under the rule it breaks, and the run goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from polyhost.errors import ErrorCode, RefusedError
from polyhost.protocol.blob_message import Blob, WrongBlobError, read_blob
from polyhost.protocol.declarations import BLOBS, Manifest
from polyhost.protocol.diagnostics import DiagnosticCode, Severity
from polyhost.protocol.findings import Findings
from polyhost.protocol.scope import Scope

__all__ = ["Blobs", "CapabilityError", "match_capabilities"]


class CapabilityError(RefusedError):
    """The connector sends messages that nothing here takes; `capability` names them."""

    code = ErrorCode.CAPABILITY_MISSING

    def __init__(self, capability: str) -> None:
        super().__init__(
            f"The connector needs a host that takes {capability!r}, and nothing here does",
            "Use a version of it that does without, or a newer polyhost.",
        )
        self.capability = capability


def match_capabilities(manifest: Manifest, offered: Collection[str]) -> None:
    """CapabilityError where the manifest needs what is not offered."""
    for name in manifest.protocol_capabilities:
        if name not in offered:
            raise CapabilityError(name)


class Blobs:
    """Those of one run."""

    def __init__(self, manifest: Manifest, scope: Scope, findings: Findings) -> None:
        self._manifest = manifest
        self._scope = scope
        self._findings = findings

    def take(self, message: Mapping[str, Any], *, is_odd: bool = False) -> Blob | None:
        """One BLOB; None where it is not taken, which is counted. `is_odd`: a value of it is not what was sent."""
        stream: Any = message.get("stream")
        named = stream if type(stream) is str and self._manifest.stream(stream) is not None else None
        try:
            blob = self._read(message, is_odd=is_odd)
        except WrongBlobError as wrong:
            self._findings.note(
                DiagnosticCode.MEDIA_MISSING,
                f"{wrong.rule} at {wrong.where}" if wrong.where else wrong.rule,
                stream=named,
                severity=Severity.GAP,
                hint="retry_on_connector_upgrade",
            )
            return None
        if self._scope.stream(blob.stream) is None:
            code = DiagnosticCode.OUT_OF_SCOPE_RECORD
            self._findings.note(code, "blob_of_another_stream", stream=blob.stream, severity=Severity.INFO)
            return None
        return blob

    def _read(self, message: Mapping[str, Any], *, is_odd: bool) -> Blob:
        if BLOBS not in self._manifest.protocol_capabilities:
            raise WrongBlobError("blob_not_declared")
        if is_odd:
            raise WrongBlobError("blob_malformed")
        blob = read_blob(message)
        if blob.stream not in self._manifest.blob_streams:
            raise WrongBlobError("blob_stream_not_declared")
        if blob.size > self._manifest.max_blob:
            raise WrongBlobError("blob_too_large", "BLOB.size_bytes")
        return blob
