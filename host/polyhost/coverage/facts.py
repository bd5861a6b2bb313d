"""The facts of one acquisition batch: what a run or an import can say of itself, and nothing it cannot.

Owns: the fact types and the five acquisition methods. Must not know: where facts are stored or how they are shown.
Facts are safe by construction: counts, times, keys and codes; never record content, a secret, or an absolute path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

__all__ = ["ArtifactFacts", "BatchFacts", "Claim", "Completeness", "Counts", "Gap", "Method"]

_OPENED = "running"
_INTERRUPTED = "interrupted"


class Method(StrEnum):
    """How data was obtained (CH-2.7). What set it off (owner, schedule, watched folder) is the trigger."""

    PROVIDER_API = "provider_api"
    OWNER_ARTIFACT = "owner_artifact"
    DEVICE_SYNC = "device_sync"
    DEVICE_BACKUP = "device_backup"
    BROWSER_POLYFILL = "browser_polyfill"


class Claim(StrEnum):
    """How much of what was asked for the batch's evidence supports (CH-2.4)."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Completeness:
    """A claim and the codes of the evidence for it."""

    claim: Claim
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of one stream's records. `rejected` were refused by scope or schema and are not stored; `invalid` are
    those of them that broke the schema. `unparsable`: pieces of a file that could not be read as records at all.
    `mended`: of those that are stored, the ones that lost a part in an unexpected shape."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    invalid: int = 0
    unparsable: int = 0
    mended: int = 0

    @property
    def parsed(self) -> int:
        """Records the connector or artifact handed over."""
        return self.new + self.updated + self.unchanged + self.rejected

    @property
    def failed(self) -> int:
        """What was there and could not be used."""
        return self.invalid + self.unparsable


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something known to be absent: what, where, how much, whether it blocks (manifest), and what would close it."""

    code: str
    stream: str | None = None
    count: int | None = None
    blocking: bool = False
    action: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFacts:
    """What is known of a file that was imported, and what it did to how far the connection is covered.

    `same_as`: the batch that brought the same content before. `covered_before` and `covered_through`: the newest moment
    covered, without and with this file. `next_artifact`: how the owner makes a newer one.
    """

    digest: str
    format: str
    truncated: bool = False
    same_as: str | None = None
    covered_before: str | None = None
    covered_through: str | None = None
    next_artifact: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ArtifactFacts.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFacts:
    """Everything a receipt or a health projection may be computed from. Those a batch is opened with say only what it
    is; they are replaced when it ends."""

    batch_id: str
    connection: str
    source: str
    method: Method
    trigger: str
    started_at: str
    finished_at: str | None
    status: str
    streams: Mapping[str, Counts] = field(default_factory=dict)
    event_time: tuple[str, str] | None = None
    gaps: Sequence[Gap] = ()
    completeness: Completeness = Completeness(Claim.UNPROVEN)
    artifact: ArtifactFacts | None = None
    recorded: bool = False
    blocked: Mapping[str, int] = field(default_factory=dict)
    """Requests to hosts that the manifest does not declare, by host: tried, and stopped in the browser."""
    exceptions: Sequence[Mapping[str, Any]] = ()
    """What stood out of the ranges of its scope when it ended, as far as it is named: keys, codes, times and counts."""

    @property
    def are_final(self) -> bool:
        """Whether they were written at the batch's end."""
        return self.status != _OPENED

    @property
    def was_interrupted(self) -> bool:
        return _INTERRUPTED in self.completeness.evidence

    def interrupted(self, at: str | None) -> BatchFacts:
        """What can be said of a batch whose process died before its end. `at`: when that was noticed."""
        unproven = Completeness(Claim.UNPROVEN, (_INTERRUPTED,))
        return replace(self, status="failed", finished_at=at, completeness=unproven)

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "batch_id": self.batch_id,
            "connection": self.connection,
            "source": self.source,
            "method": str(self.method),
            "trigger": self.trigger,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "status": self.status,
            "streams": {name: _counts_json(counts) for name, counts in self.streams.items()},
            "event_time": list(self.event_time) if self.event_time else None,
            "gaps": [_gap_json(gap) for gap in self.gaps],
            "completeness": {"claim": str(self.completeness.claim), "evidence": list(self.completeness.evidence)},
            "artifact": None if self.artifact is None else self.artifact.as_json(),
            "recorded": self.recorded,
            "blocked": dict(self.blocked),
            "exceptions": [dict(one) for one in self.exceptions],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> BatchFacts:
        """Back from the stored form."""
        event_time = stored["event_time"]
        completeness = stored["completeness"]
        artifact = stored.get("artifact")
        return cls(
            **{name: stored[name] for name in _PLAIN},
            method=Method(stored["method"]),
            streams={name: Counts(**counts) for name, counts in stored["streams"].items()},
            event_time=(event_time[0], event_time[1]) if event_time else None,
            artifact=None if artifact is None else ArtifactFacts(**artifact),
            gaps=tuple(Gap(**gap) for gap in stored["gaps"]),
            completeness=Completeness(Claim(completeness["claim"]), tuple(completeness["evidence"])),
            blocked=dict(stored.get("blocked", {})),
            exceptions=tuple(stored.get("exceptions", ())),
        )


_PLAIN = (
    "batch_id",
    "connection",
    "source",
    "trigger",
    "started_at",
    "finished_at",
    "status",
    "recorded",
)


def _counts_json(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in Counts.__slots__}


def _gap_json(gap: Gap) -> dict[str, Any]:
    return {name: getattr(gap, name) for name in ("code", "stream", "count", "blocking", "action")}
