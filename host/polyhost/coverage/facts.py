"""The facts of one acquisition batch: what a run or an import can say of itself, and nothing it cannot.

Owns: the fact types and the five acquisition methods. Must not know: where facts are stored or how they are shown.
Facts are safe by construction: counts, times, keys and codes; never record content, a secret, or an absolute path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NotRequired, cast

from typing_extensions import TypedDict

from polyhost.coverage.file_totals import FilesTaken
from polyhost.ledger.exceptions_json import StandingExceptionJson
from polyhost.protocol.diagnostics import RunState

__all__ = [
    "ArtifactFacts",
    "ArtifactJson",
    "BatchFacts",
    "BatchFactsJson",
    "Claim",
    "Completeness",
    "CompletenessJson",
    "Counts",
    "CountsJson",
    "Gap",
    "GapJson",
    "Method",
]

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


class CompletenessJson(TypedDict):
    """How much of what was asked for is proven, and the codes of the evidence for and against."""

    claim: Claim
    evidence: list[str]


@dataclass(frozen=True, slots=True)
class Completeness:
    """A claim and the codes of the evidence for it."""

    claim: Claim
    evidence: tuple[str, ...] = ()

    def as_json(self) -> CompletenessJson:
        return CompletenessJson(claim=self.claim, evidence=list(self.evidence))


class CountsJson(TypedDict):
    """The stored form of `Counts`. The last three are not there in what older versions stored."""

    new: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int
    invalid: int
    unparsable: NotRequired[int]
    mended: NotRequired[int]
    unnamed: NotRequired[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of one stream's records. `rejected` were refused by scope or schema and are not stored; `invalid` are
    those of them that broke the schema. `unparsable`: pieces of a file that could not be read as records at all.
    `mended`: of those that are stored, the ones that lost a part in an unexpected shape. `unnamed`: of those that are
    not, the ones that no exception names, for they have no key or the stream has as many as are kept by name."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    invalid: int = 0
    unparsable: int = 0
    mended: int = 0
    unnamed: int = 0

    @property
    def parsed(self) -> int:
        """Records the connector or artifact handed over."""
        return self.new + self.updated + self.unchanged + self.rejected

    @property
    def failed(self) -> int:
        """What was there and could not be used."""
        return self.invalid + self.unparsable

    def as_json(self) -> CountsJson:
        return CountsJson(
            new=self.new,
            updated=self.updated,
            unchanged=self.unchanged,
            deleted=self.deleted,
            rejected=self.rejected,
            invalid=self.invalid,
            unparsable=self.unparsable,
            mended=self.mended,
            unnamed=self.unnamed,
        )


class GapJson(TypedDict):
    """Something known to be absent. `stream` null: all; `action`: what would close it."""

    code: str
    stream: str | None
    count: int | None
    blocking: bool
    action: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something known to be absent: what, where, how much, whether it blocks (manifest), and what would close it."""

    code: str
    stream: str | None = None
    count: int | None = None
    blocking: bool = False
    action: str | None = None

    def as_json(self) -> GapJson:
        return GapJson(code=self.code, stream=self.stream, count=self.count, blocking=self.blocking, action=self.action)


class ArtifactJson(TypedDict):
    """The file that was imported. `same_as`: the batch that brought the same content before. `covered_before` and
    `covered_through`: the newest moment covered, without and with it. `next_artifact`: how to make a newer one."""

    digest: str
    format: str
    truncated: bool
    same_as: str | None
    covered_before: str | None
    covered_through: str | None
    next_artifact: str | None


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

    def as_json(self) -> ArtifactJson:
        return ArtifactJson(
            digest=self.digest,
            format=self.format,
            truncated=self.truncated,
            same_as=self.same_as,
            covered_before=self.covered_before,
            covered_through=self.covered_through,
            next_artifact=self.next_artifact,
        )


class BatchFactsJson(TypedDict):
    """The stored form of `BatchFacts`, from which receipts are made as long as the batch is there. What is not required
    is not there in what older versions stored."""

    batch_id: str
    connection: str
    source: str
    method: Method
    trigger: str
    started_at: str
    finished_at: str | None
    status: RunState
    streams: dict[str, CountsJson]
    event_time: tuple[str, str] | None
    gaps: list[GapJson]
    completeness: CompletenessJson
    artifact: NotRequired[ArtifactJson | None]
    recorded: bool
    blocked: NotRequired[dict[str, int]]
    exceptions: NotRequired[list[StandingExceptionJson]]
    files: NotRequired[FilesTaken | None]


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
    status: RunState
    streams: Mapping[str, Counts] = field(default_factory=dict)
    event_time: tuple[str, str] | None = None
    gaps: Sequence[Gap] = ()
    completeness: Completeness = Completeness(Claim.UNPROVEN)
    artifact: ArtifactFacts | None = None
    recorded: bool = False
    blocked: Mapping[str, int] = field(default_factory=dict)
    """Requests to hosts that the manifest does not declare, by host: tried, and stopped in the browser."""
    exceptions: Sequence[StandingExceptionJson] = ()
    """What stood out of the ranges of its scope when it ended, as far as it is named: keys, codes, times and counts."""
    files: FilesTaken | None = None
    """Where it was asked for files: how many it took, and what is known of all."""

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

    def as_json(self) -> BatchFactsJson:
        """The stored form."""
        return BatchFactsJson(
            batch_id=self.batch_id,
            connection=self.connection,
            source=self.source,
            method=self.method,
            trigger=self.trigger,
            started_at=self.started_at,
            finished_at=self.finished_at,
            status=self.status,
            streams={name: counts.as_json() for name, counts in self.streams.items()},
            event_time=self.event_time,
            gaps=[gap.as_json() for gap in self.gaps],
            completeness=self.completeness.as_json(),
            artifact=None if self.artifact is None else self.artifact.as_json(),
            recorded=self.recorded,
            blocked=dict(self.blocked),
            exceptions=list(self.exceptions),
            files=self.files,
        )

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> BatchFacts:
        """Back from the stored form."""
        stored = cast("BatchFactsJson", kept)
        event_time = stored["event_time"]
        completeness = stored["completeness"]
        artifact = stored.get("artifact")
        return cls(
            batch_id=stored["batch_id"],
            connection=stored["connection"],
            source=stored["source"],
            method=Method(stored["method"]),
            trigger=stored["trigger"],
            started_at=stored["started_at"],
            finished_at=stored["finished_at"],
            status=stored["status"],
            streams={name: Counts(**counts) for name, counts in stored["streams"].items()},
            event_time=(event_time[0], event_time[1]) if event_time else None,
            gaps=tuple(Gap(**gap) for gap in stored["gaps"]),
            completeness=Completeness(Claim(completeness["claim"]), tuple(completeness["evidence"])),
            artifact=None if artifact is None else ArtifactFacts(**artifact),
            recorded=stored["recorded"],
            blocked=dict(stored.get("blocked", {})),
            exceptions=tuple(stored.get("exceptions", ())),
            files=stored.get("files"),
        )
