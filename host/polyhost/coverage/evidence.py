"""What is known of a connection when its health is projected: facts that were stored, none of them a judgement.

Owns: the evidence types, and which attempts count as what (finished, contact, whole). Must not know: axes, verdicts,
where evidence is kept, the clock.

An attempt is one run or one import, newest first in `Evidence.attempts`. `evidence_is_decisive` says when older ones
could not change the answer any more: however long ago it was, the last contact has to be among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from typing_extensions import TypedDict

from polyhost.coverage.extent import Extent
from polyhost.coverage.facts import BatchFacts, Gap, Method
from polyhost.coverage.file_totals import FileTotals, are_all_here
from polyhost.coverage.picture_json import StreamSummary
from polyhost.instants import is_past, utc
from polyhost.protocol.diagnostics import FINISHED, DiagnosticCode, RunState, RunStatus

__all__ = [
    "Attempt",
    "Evidence",
    "Hold",
    "Nature",
    "OpenGap",
    "PartitionReach",
    "PartitionReachJson",
    "Policy",
    "RefusedFiles",
    "Schedule",
    "Session",
    "StreamEvidence",
    "evidence_is_decisive",
    "open_gaps",
]

_QUESTIONS = frozenset({"interaction_unanswered", "interaction_timeout"})
_NARROWED = "scope_narrowed"
_AT_SOURCE = frozenset({"manual_action_required", "upstream_unblock"})
_NO_RUN_HELPS = frozenset({"not_retriable", "retry_on_connector_upgrade", "update_selector"})
_CAUSES = frozenset(
    {
        DiagnosticCode.SIGNED_OUT,
        DiagnosticCode.CONNECTOR_CRASHED,
        DiagnosticCode.PROTOCOL_VIOLATION,
        DiagnosticCode.BOUND_REACHED,
    }
)
"""Why a run ended, and no absence of data: other axes speak of these."""
_LEDGER = frozenset(
    {DiagnosticCode.PARTITION_MISSING, DiagnosticCode.INVENTORY_UNPROVEN, DiagnosticCode.RANGE_UNPROVEN}
)
"""What the ledger itself says of a partitioned stream, as of now and not as of some run."""
_STANDING = frozenset({DiagnosticCode.RECORD_EXCEPTION, DiagnosticCode.GROUP_EXCEPTION})
"""What the ledger itself says of every stream, as of now: one that has healed, or is set aside, is a gap no more."""
_OF_RECORDS = frozenset({DiagnosticCode.MEDIA_MISSING, DiagnosticCode.DETAIL_GAP, DiagnosticCode.INVALID_RECORD})
"""Gaps of records that were read: a later run that read other records tells nothing of these."""

_OF_FILES = frozenset({DiagnosticCode.MEDIA_MISSING})
"""Gaps that close when the files come, by whichever way."""

Nature = Literal["live", "test", "replay", "demo"]
"""Whose data a connection holds: the owner's, a test server's, or that of a recording."""


class Policy(StrEnum):
    """Who starts runs."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"


class Hold(StrEnum):
    """Why the next run of an automatic connection does not start at its usual time."""

    NOT_SERVED = "not_served"
    """No process is there that would start it."""
    NEEDS_OWNER = "waits_for_owner"
    """The last one ended where only the owner can go on; none is tried until they have."""
    BACKING_OFF = "backing_off"
    """The last ones failed; each is waited for longer than the one before."""
    QUIET_HOURS = "quiet_hours"
    """It is due, and has to wait for the end of the owner's quiet hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a connection is collected. Says nothing about its data.

    `next_due`: when the next run starts as far as can be told. `failures`: how many runs in a row.
    """

    policy: Policy = Policy.MANUAL
    paused: bool = False
    paused_until: str | None = None
    next_due: str | None = None
    since: str | None = None
    every_seconds: int | None = None
    hold: Hold | None = None
    failures: int = 0

    @property
    def starts_itself(self) -> bool:
        """Whether a run will come without the owner."""
        waits_for_owner = self.hold in {Hold.NOT_SERVED, Hold.NEEDS_OWNER}
        return self.policy is Policy.AUTOMATIC and not self.paused and not waits_for_owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The saved session of a source that needs one. `saved_at` None: there is none. `number`: when its owner signed in,
    in the order of attempts; None where that is not known."""

    saved_at: str | None = None
    number: int | None = None

    def is_newer_than(self, attempt: Attempt) -> bool:
        """Whether it was handed over after this attempt had ended: by the order of what happened, and by the clock only
        where no order is known."""
        if self.number is not None and attempt.finished_number is not None:
            return self.number > attempt.finished_number
        return is_past(attempt.ended_at, self.saved_at or "")


@dataclass(frozen=True, slots=True)
class RefusedFiles:
    """Files of the watched folder that were refused and are still there. `at`: when the last of them was."""

    count: int
    at: str


class PartitionReachJson(TypedDict):
    """How far one partition reaches. `covered_through` null: nothing of it, or its positions are no times."""

    key: str
    extent: Extent
    covered_through: str | None


@dataclass(frozen=True, slots=True)
class PartitionReach:
    """How far one partition reaches. `covered_through` None: nothing of it, or its positions are no times."""

    key: str
    extent: Extent
    covered_through: str | None

    def as_json(self) -> PartitionReachJson:
        return PartitionReachJson(key=self.key, extent=self.extent, covered_through=self.covered_through)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvidence:
    """One stream as the store has it. `summary` (of coverage.picture) is None where it has no partitions.
    `missing`: the first keys of those that have vanished, and since when. `reach`: the partitions to look at first,
    in the picture's order; the picture has them all. `exceptions`: how many stand by the code that names them, those
    set aside and those of retired partitions left out; `exceptions_since`: the first of them. `files`: those that its
    records name; None where it declares none."""

    name: str
    records: int = 0
    deleted: int = 0
    collected: bool = True
    summary: StreamSummary | None = None
    missing: Sequence[str] = ()
    missing_since: str | None = None
    reach: Sequence[PartitionReach] = ()
    exceptions: Mapping[str, int] = field(default_factory=dict[str, int])
    exceptions_since: str | None = None
    files: FileTotals | None = None

    def count(self, *extents: Extent) -> int:
        """Partitions in any of these extents."""
        return sum(self.summary[extent.value] for extent in extents) if self.summary is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run or import. `facts` None: it is running, or died before it could write any. `hint`: the recovery action
    or sentence its failure came with. `paused`, `asked_since`: of one that is running, whether its owner lets it wait,
    and since when it waits for their answer. `finished_number`: its end, in the order of all that happened."""

    id: str
    status: RunState
    started_at: str
    finished_at: str | None = None
    facts: BatchFacts | None = None
    error_code: str | None = None
    hint: str | None = None
    paused: bool = False
    asked_since: str | None = None
    finished_number: int | None = None

    @property
    def ended_at(self) -> str:
        return self.finished_at or self.started_at

    @property
    def is_running(self) -> bool:
        return self.status == RunStatus.RUNNING

    @property
    def is_finished(self) -> bool:
        """Whether it came to its end, with gaps or without."""
        return self.status in FINISHED

    @property
    def is_import(self) -> bool:
        return self.facts is not None and self.facts.method is Method.OWNER_ARTIFACT

    @property
    def facts_are_local(self) -> bool:
        """Whether it read a local copy only: a file, or a recording."""
        return self.is_import or (self.facts is not None and self.facts.recorded)

    @property
    def died(self) -> bool:
        """Whether its process ended before it could say how it went."""
        return self.status == RunStatus.FAILED and self.facts is None

    @property
    def is_narrowed(self) -> bool:
        """Whether it looked at a part only, by resource or time."""
        return self.facts is not None and _NARROWED in self.facts.completeness.evidence

    @property
    def found_signed_out(self) -> bool:
        """Whether it was told that nobody is signed in, whatever else it got done."""
        if self.error_code == DiagnosticCode.SIGNED_OUT or self.hint == "refresh_credentials":
            return True
        return self.facts is not None and any(gap.code == DiagnosticCode.SIGNED_OUT for gap in self.facts.gaps)

    @property
    def went_unanswered(self) -> bool:
        """Whether it waited for the owner in vain."""
        return self.error_code in _QUESTIONS or (self.status == RunStatus.NEEDS_OWNER and not self.found_signed_out)

    @property
    def was_refused_at_source(self) -> bool:
        """Whether it ended for something that only its owner can do, at the source."""
        return not self.is_finished and self.hint in _AT_SOURCE

    @property
    def failed_for_good(self) -> bool:
        """Whether it ended for what no further run changes."""
        return not self.is_finished and self.hint in _NO_RUN_HELPS

    @property
    def is_contact(self) -> bool:
        """Whether it reached the source with the owner's access. A file or a recording is a local copy, not contact."""
        return self.is_finished and not self.facts_are_local and not self.found_signed_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a health projection may be computed from.

    `blocking`: kinds of gaps the manifest declares blocking. `session` None: the source needs none. `source_problem`:
    why its manifest cannot be read. `disconnected_at`: since when the owner wants no more of it. `runs`: whether its
    source can be run; some are only imported. `watches`: whether it imports what arrives in a folder.
    `maximum_staleness_seconds`: from the manifest's refresh policy. `unagreed`: what its source reaches that the owner
    has not agreed to, in plain words; `unagreed_named`: what its site has named besides. `site`: the address of that.
    """

    connection: str
    source: str
    nature: Nature
    created_at: str
    attempts: Sequence[Attempt] = ()
    streams: Sequence[StreamEvidence] = ()
    blocking: frozenset[str] = frozenset()
    schedule: Schedule = field(default_factory=Schedule)
    session: Session | None = None
    maximum_staleness_seconds: int | None = None
    source_problem: str | None = None
    disconnected_at: str | None = None
    refused_files: RefusedFiles | None = None
    runs: bool = True
    watches: bool = False
    unagreed: Sequence[str] = ()
    unagreed_named: Sequence[str] = ()
    site: str | None = None

    @property
    def lives_on_files(self) -> bool:
        """Whether it was made from files alone: its source cannot be run, or nobody has ever signed in to run it."""
        if not self.runs:
            return True
        if self.session is None or self.session.saved_at is not None:
            return False
        told = [attempt for attempt in self.ended if attempt.facts is not None]
        has_files = self.watches or any(attempt.is_import for attempt in told)
        return has_files and not any(attempt.is_contact or attempt.found_signed_out for attempt in told)

    @property
    def running(self) -> Attempt | None:
        """The one that goes on now."""
        return next((attempt for attempt in self.attempts if attempt.is_running), None)

    @property
    def ended(self) -> Sequence[Attempt]:
        """Attempts that are over, newest first."""
        return [attempt for attempt in self.attempts if not attempt.is_running]

    def unnamed(self, stream: str) -> int:
        """How many records of a stream the newest run that collected it refused and could not name. A file names none,
        and narrowed runs saw a part only."""
        facts = (one.facts for one in self.ended if not one.is_import and not one.is_narrowed)
        told = (one.streams[stream].unnamed for one in facts if one is not None and stream in one.streams)
        return next(told, 0)

    @property
    def whole(self) -> frozenset[str]:
        """Streams an attempt has to have looked at to speak for the connection: the partitioned ones, or else all."""
        partitioned = frozenset(stream.name for stream in self.streams if stream.summary is not None)
        return partitioned or frozenset(stream.name for stream in self.streams if stream.collected)

    def is_whole(self, attempt: Attempt) -> bool:
        """Whether it finished, and narrowed nothing."""
        looked_at = attempt.facts.streams if attempt.facts is not None else {}
        return attempt.is_finished and not attempt.is_narrowed and self.whole <= looked_at.keys()


@dataclass(frozen=True, slots=True)
class OpenGap:
    """A gap that no later attempt has had the chance to close and closed."""

    gap: Gap
    batch_id: str
    observed_at: str
    in_file: bool


def open_gaps(evidence: Evidence) -> list[OpenGap]:
    """Gaps that stand, newest first, each (code, stream) once. Of partitioned streams the ledger speaks instead."""
    partitioned = [stream for stream in evidence.streams if stream.summary]
    complete = {stream.name for stream in evidence.streams if stream.files is not None and are_all_here(stream.files)}
    holed = {stream.name: bool(stream.count(Extent.PARTIAL, Extent.UNTOUCHED)) for stream in partitioned}
    found: dict[tuple[str, str | None], OpenGap] = {}
    later: list[BatchFacts] = []
    for attempt in evidence.ended:
        facts = attempt.facts
        if facts is None:
            continue
        for gap in facts.gaps:
            told = _is_told_otherwise(gap, attempt, holed) or (gap.code in _OF_FILES and gap.stream in complete)
            if not told and not any(_closes(other, facts, gap) for other in later):
                found.setdefault(
                    (gap.code, gap.stream), OpenGap(gap, facts.batch_id, attempt.ended_at, attempt.is_import)
                )
        if attempt.is_finished and not attempt.is_narrowed:
            later.append(facts)
    return list(found.values())


def _is_told_otherwise(gap: Gap, attempt: Attempt, holed: Mapping[str, bool]) -> bool:
    """Whether another axis, or the ledger, says it."""
    ended_it = gap.code == DiagnosticCode.STREAM_FAILED and not attempt.is_finished
    if (ended_it or gap.code in _CAUSES) and not gap.blocking:
        return True
    if gap.code in _STANDING:
        return True
    if gap.code not in _LEDGER or gap.stream is None or gap.stream not in holed:
        return False
    # A whole run may have left out more than the ledger shows as holes; then what it said stands.
    return attempt.is_narrowed or holed[gap.stream] or gap.code != DiagnosticCode.RANGE_UNPROVEN


def _closes(later: BatchFacts, earlier: BatchFacts, gap: Gap) -> bool:
    """Whether a later batch has looked again where the earlier one found the gap."""
    if later.method is not earlier.method:
        return False
    if gap.code in _OF_FILES and earlier.files is not None and later.files is None:
        return False  # nobody asked for files then
    if (later.method is Method.OWNER_ARTIFACT or gap.code in _OF_RECORDS) and not _spans(later, earlier):
        return False
    looked_at = {gap.stream} if gap.stream is not None else set(earlier.streams)
    return looked_at <= later.streams.keys()


def _spans(later: BatchFacts, earlier: BatchFacts) -> bool:
    """Whether it read all the time the other did."""
    if later.event_time is None or earlier.event_time is None:
        return False
    ends = [utc(text) for text in (later.event_time[0], *earlier.event_time, later.event_time[1])]
    read = [end for end in ends if end is not None]
    return len(read) == len(ends) and read == sorted(read)


def evidence_is_decisive(evidence: Evidence) -> bool:
    """Whether older attempts could not change the projection: a contact, and a whole look, are among these."""
    return any(attempt.is_contact and evidence.is_whole(attempt) for attempt in evidence.attempts)
