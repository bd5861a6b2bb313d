"""The run machine: one run's protocol, from START to its outcome, without I/O.

Owns: the order of things. It holds the connector's state (the table is in `states`), the owner's cancel, how far
records are durable, and answers every event with commands. Must not know: asyncio, clocks (time is an argument),
stores, browsers.

Rules that hold everywhere: commands come in the order they have to be carried out; records come before whatever was
said after them; once wrong it stays wrong, and then nothing staged is ever committed; a cancel outranks any DONE.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from polyhost.protocol.admission import Admission
from polyhost.protocol.bindings import PARTITIONS, keeps_cursors_on_the_way
from polyhost.protocol.blobs import Blobs
from polyhost.protocol.checkpoints import RECORD_REFUSED, Checkpoints, Eligible
from polyhost.protocol.commands import (
    AskOwner,
    Command,
    CommitCheckpoints,
    EndRun,
    FinishConnector,
    KeepCursor,
    NoteException,
    Report,
    ReportProgress,
    RunOutcome,
    SendToConnector,
    TakeBlob,
    TerminateConnector,
)
from polyhost.protocol.declarations import BLOBS, Manifest
from polyhost.protocol.detail import Account, DetailAccounts
from polyhost.protocol.diagnostics import MAX_TEXT, DiagnosticCode, Severity
from polyhost.protocol.enumerations import Enumerations
from polyhost.protocol.exception_reports import Exceptions
from polyhost.protocol.exceptions import ExceptionFact, ExceptionKind
from polyhost.protocol.findings import Findings
from polyhost.protocol.mentions import Mentions
from polyhost.protocol.messages import (
    DetailCoverage,
    DetailGap,
    Done,
    ExceptionReport,
    Interaction,
    InteractionResponse,
    MalformedLine,
    PartitionArrivals,
    PartitionCoverage,
    PartitionHidden,
    PartitionInventory,
    Progress,
    ProtocolViolationError,
    Resume,
    SkipResult,
    Start,
    State,
    StreamEnumerated,
    TokenRefused,
    parse_message,
)
from polyhost.protocol.partitions import Partitions
from polyhost.protocol.records import Record
from polyhost.protocol.scope import Scope
from polyhost.protocol.skips import Skips
from polyhost.protocol.states import INITIAL, TRANSITIONS, ConnectorState, Event
from polyhost.protocol.validation import RecordValidator
from polyhost.protocol.verdict import Ending, judge_ending

__all__ = ["RunMachine"]

DEFAULT_INTERACTION_SECONDS = 300.0
"""How long an owner is waited for where the connector does not say: time to find a phone and read a code."""
MAX_INTERACTION_SECONDS = 3600.0
"""The longest wait a connector may ask for: a run holds the connection's lease, and a browser, all the while."""

_NOTHING: list[Command] = []
"""Shared by every call that asks for nothing, and so never changed: receive() runs once per record."""


class RunMachine:
    """One run. Feed it events in order; carry out its commands in order."""

    def __init__(
        self,
        *,
        manifest: Manifest,
        scope: Scope,
        run_id: str,
        mode: str,
        bindings: Mapping[str, Any],
        state: Mapping[str, Any] | None,
        validators: Mapping[str, RecordValidator] | None = None,
        keeps_exceptions: bool = True,
    ) -> None:
        self._manifest = manifest
        self._scope = scope
        self._start = Start(
            run_id=run_id,
            collection_mode=cast("Literal['full_refresh', 'incremental']", mode),
            scope=dict(scope.as_start_scope()),
            state=None if state is None else dict(state),
            bindings=dict(bindings),
        )
        self._findings = Findings()
        self._admission = Admission(
            manifest, scope, validators or {}, self._findings, keeps_exceptions=keeps_exceptions
        )
        self._details = DetailAccounts(manifest)
        self._checkpoints = Checkpoints(manifest, scope)
        self._partitions = Partitions(
            manifest, scope, self._findings, self._admission.refusals, offered=PARTITIONS in bindings
        )
        self._exceptions = Exceptions(manifest, scope, self._findings, self._admission.refusals)
        self._enumerations = Enumerations(manifest, scope, self._admission.refusals)
        self._skips = Skips(manifest, scope, self._findings)
        self._blobs = Blobs(manifest, scope, self._findings)
        self._mentions = Mentions(manifest, scope, wanted=keeps_exceptions)  # of a file, none is
        self._ending = Ending()
        self._asked: Interaction | None = None
        self._asked_ids: set[str] = set()
        self._deadline = 0.0
        self._finishing = False
        self.state: ConnectorState = INITIAL
        self.outcome: RunOutcome | None = None
        self._handlers: dict[type, Callable[[Any, float], list[Command]]] = {
            State: self._take_state,
            SkipResult: self._take_skip,
            Progress: self._take_progress,
            Interaction: self._take_interaction,
            DetailCoverage: self._take_detail_coverage,
            DetailGap: self._take_detail_gap,
            PartitionInventory: self._take_inventory,
            PartitionCoverage: self._take_coverage,
            PartitionArrivals: self._take_arrivals,
            TokenRefused: self._take_refused_token,
            ExceptionReport: self._take_exception,
            StreamEnumerated: self._take_enumerated,
            PartitionHidden: self._take_hidden,
            Done: self._take_done,
        }
        for name in scope.skipped:
            code = DiagnosticCode.SCOPE_NOT_SUPPORTED
            self._findings.note(code, "time_range", stream=name, severity=Severity.INFO)

    @property
    def rejected(self) -> Mapping[str, Counter[str]]:
        """Per declared stream: records turned away, by diagnostic code."""
        return self._findings.rejected

    @property
    def unparsable(self) -> Mapping[str, int]:
        """Per declared stream: pieces of a file that could not be read."""
        return self._skips.unparsable

    @property
    def mended(self) -> Mapping[str, int]:
        """Per declared stream: records that were kept without a part in an unexpected shape."""
        return self._admission.mended

    @property
    def records_emitted(self) -> int:
        """RECORD messages taken, admitted or not: what DONE.records_emitted is held to."""
        return self._admission.emitted

    @property
    def unnamed(self) -> Mapping[str, int]:
        """Per declared stream: wrong records that nothing names, for they have no key or there are too many."""
        return self._admission.refusals.unnamed

    # events

    def begin(self) -> list[Command]:
        """Once, first: START. Nothing where the owner cancelled before."""
        if self._ending.cancelled:
            return _NOTHING
        if self.state is not INITIAL:
            raise RuntimeError("begin() was called twice, or after the run had ended")
        self._move(Event.STARTED)
        return [SendToConnector(self._start.as_json())]

    def receive(self, message: Mapping[str, Any] | MalformedLine, *, now: float) -> list[Command]:
        """One message of the connector. A plain record costs a few microseconds and asks for nothing yet."""
        if self._ending.is_deaf or self.outcome is not None:
            return _NOTHING
        try:
            if self.state is ConnectorState.COLLECTING and type(message) is dict and message.get("type") == "RECORD":
                return self._admission.take(message) or _NOTHING
            return self._receive_other(message, now)
        except ProtocolViolationError as violation:
            return self._violated(violation)

    def receive_all(self, messages: Sequence[Mapping[str, Any] | MalformedLine], *, now: float) -> list[Command]:
        """A transport batch: what `receive` says of each message, in order, and `flush` at its end."""
        found: list[Command] = []
        index = 0
        while index < len(messages):
            if self.state is ConnectorState.COLLECTING and not self._ending.is_deaf and self.outcome is None:
                index += self._admission.take_plain(messages, index)
            if index < len(messages):
                found += self.receive(messages[index], now=now)
                index += 1
        return found + self.flush()

    def flush(self) -> list[Command]:
        """At the end of a transport batch: hand on what was admitted."""
        batch = self._admission.flush()
        return [batch] if batch is not None else _NOTHING

    def may_keep(self, command: KeepCursor) -> bool:
        """Whether a cursor may still be kept on the way: not where something before it is neither stored nor named."""
        return self._checkpoints.keep(
            command.stream, failed=self._skips.failed, unproven=self._admission.refusals.unproven
        )

    def not_kept(self, fact: ExceptionFact) -> None:
        """This exception, which was to be kept by name, is not: the ledger has too many. A group is no record."""
        self._admission.refusals.lose(fact.stream, counts=fact.kind is ExceptionKind.RECORD)

    def decide(self, record: Record, stored: Mapping[str, Any] | None) -> bool:
        """Whether an undecided delete of a PersistRecords may be written, given what is stored; counts it where not."""
        return self._admission.decide(record, stored)

    def stays_outside(self, stream: str, key: str, stored: Mapping[str, Any] | None) -> bool:
        """Whether an admitted upsert may not be written, because what it would change is stored outside of the scope;
        counts it where so. To be asked of streams whose scope `bounds_what_is_stored`."""
        return self._admission.stays_outside(stream, key, stored)

    def stored_outside(self, stream: str, key: str, data: dict[str, Any]) -> ExceptionFact:
        """The exception that such an upsert is. `data`: what it would have become."""
        return self._admission.stored_outside(stream, key, data)

    def persisted(self, sequence: int) -> list[Command]:
        """Everything up to this sequence is durable."""
        self._admission.durable = max(self._admission.durable, sequence)
        return self._settle()

    def interaction_answered(self, request_id: str, status: str, data: object | None) -> list[Command]:
        """The owner answered, or declined. An answer that comes too late is dropped."""
        if status not in ("success", "cancelled", "timeout"):
            raise ValueError(f"no answer has the status {status!r}")
        if self._asked is None or self._asked.request_id != request_id:
            return _NOTHING
        return self._answer(self._asked, status, data)

    def tick(self, now: float) -> list[Command]:
        """Time has passed."""
        if self._asked is None or now < self._deadline:
            return _NOTHING
        return self._answer(self._asked, "timeout", None)

    def owner_cancelled(self) -> list[Command]:
        """The owner wants it to end. What was admitted is still persisted."""
        if self.outcome is not None or self._ending.cancelled:
            return _NOTHING
        self._ending.cancelled = True
        self._asked = None
        self._move(Event.STOPPED)
        return [*self.flush(), TerminateConnector("cancelled"), *self._settle()]

    def connector_restarted(self, state: Mapping[str, Any] | None) -> list[Command]:
        """A page lost its script: it starts again and goes on, so nobody waits for an answer and details are
        accounted anew."""
        if self._ending.is_deaf or self._ending.done is not None or self.outcome is not None:
            return _NOTHING
        self._move(Event.RESTARTED)
        self._asked = None
        self._asked_ids.clear()
        self._details.start_again()
        again = self._start.model_copy(
            update={
                "state": None if state is None else dict(state),
                "resume": Resume(records_emitted=self.records_emitted),
            }
        )
        return [*self.flush(), SendToConnector(again.as_json())]

    def connector_exited(self, status: int | None, detail: str) -> list[Command]:
        """The connector is gone. `detail` is safe to show."""
        if self.outcome is not None or self._ending.exited:
            return _NOTHING
        self._ending.exited = True
        self._ending.exit_status = status
        self._ending.exit_detail = detail[:MAX_TEXT]
        self._asked = None
        if self._ending.done is None:
            self._move(Event.EXITED)
        return [*self.flush(), *self._settle()]

    # messages

    def _receive_other(self, message: Mapping[str, Any] | MalformedLine, now: float) -> list[Command]:
        if self.state is not ConnectorState.COLLECTING:
            raise ProtocolViolationError(f"message_while_{self.state.value}")
        if isinstance(message, MalformedLine) and message.odd is not None:
            if message.odd.message["type"] == "RECORD":
                return self._admission.take_odd(message.odd)
            if message.odd.message["type"] == BLOBS:
                return self._take_blob(message.odd.message, is_odd=True)
            message = message.odd.message
        if isinstance(message, MalformedLine):
            where = f"line {message.line} ({message.length} bytes, sha256 {message.digest})"
            raise ProtocolViolationError(message.rule, where)
        if type(message) is dict and message.get("type") == BLOBS:
            return self._take_blob(message)
        read = parse_message(message)
        stream = getattr(read, "stream", None)
        if stream is not None and self._manifest.stream(stream) is None:
            raise ProtocolViolationError("stream_not_declared", f"{message['type']}.stream")
        self._mentions.hear(read)
        return self._handlers[type(read)](read, now)

    def _take_state(self, message: State, _now: float) -> list[Command]:
        self._checkpoints.stage(message)
        kept = KeepCursor(message.stream, message.cursor)
        keeps = keeps_cursors_on_the_way(self._manifest) and self.may_keep(kept)
        return [*self.flush(), kept] if keeps else self.flush()

    def _take_skip(self, message: SkipResult, _now: float) -> list[Command]:
        self._skips.take_skip(message)
        self._enumerations.leave_out(message)
        return _NOTHING

    def _take_progress(self, message: Progress, _now: float) -> list[Command]:
        words = message.message[:MAX_TEXT]
        return [ReportProgress(message=words, stream=message.stream, count=message.count, total=message.total)]

    def _take_interaction(self, message: Interaction, now: float) -> list[Command]:
        if message.request_id in self._asked_ids:
            raise ProtocolViolationError("request_id_repeated", "INTERACTION.request_id")
        self._move(Event.ASKED)
        self._asked_ids.add(message.request_id)
        self._asked = message
        seconds = DEFAULT_INTERACTION_SECONDS if message.timeout_seconds is None else message.timeout_seconds
        self._deadline = now + min(seconds, MAX_INTERACTION_SECONDS)
        asking = AskOwner(
            request_id=message.request_id,
            kind=message.kind,
            message=message.message[:MAX_TEXT],
            schema=message.answer_schema,
            deadline=self._deadline,
        )
        return [*self.flush(), asking]

    def _take_detail_coverage(self, message: DetailCoverage, _now: float) -> list[Command]:
        if self._scope.stream(message.stream) is None:
            raise ProtocolViolationError("stream_not_in_scope", "DETAIL_COVERAGE.stream")
        self._details.take_coverage(message)
        return _NOTHING

    def _take_detail_gap(self, message: DetailGap, _now: float) -> list[Command]:
        self._details.take_gap(message)
        self._skips.take_gap(message)
        self._enumerations.leave_out(message)
        return _NOTHING

    def _take_inventory(self, message: PartitionInventory, _now: float) -> list[Command]:
        inventory = self._partitions.take_inventory(message)
        return [*self.flush(), inventory]

    def _take_coverage(self, message: PartitionCoverage, _now: float) -> list[Command]:
        claim = self._partitions.take_coverage(message, self._admission.emitted)
        return _NOTHING if claim is None else [*self.flush(), claim]

    def _take_arrivals(self, message: PartitionArrivals, _now: float) -> list[Command]:
        claim = self._partitions.take_arrivals(message, self._admission.emitted)
        return _NOTHING if claim is None else [*self.flush(), claim]

    def _take_refused_token(self, message: TokenRefused, _now: float) -> list[Command]:
        forgotten = self._partitions.take_refused_token(message)
        return _NOTHING if forgotten is None else [*self.flush(), forgotten]

    def _take_exception(self, message: ExceptionReport, _now: float) -> list[Command]:
        fact = self._exceptions.take(message)
        return _NOTHING if fact is None else [*self.flush(), NoteException(self._admission.emitted, fact)]

    def _take_blob(self, message: Mapping[str, Any], *, is_odd: bool = False) -> list[Command]:
        """Carried out once what came with it is durable: its record may be the next one."""
        blob = self._blobs.take(message, is_odd=is_odd)
        return _NOTHING if blob is None else [TakeBlob(blob)]

    def _take_hidden(self, message: PartitionHidden, _now: float) -> list[Command]:
        stated = self._partitions.take_hidden(message)
        return _NOTHING if stated is None else [*self.flush(), stated]

    def _take_enumerated(self, message: StreamEnumerated, _now: float) -> list[Command]:
        self._enumerations.take(message)
        return _NOTHING

    def _take_done(self, message: Done, _now: float) -> list[Command]:
        if message.records_emitted != self.records_emitted:
            raise ProtocolViolationError("records_emitted_mismatch", "DONE.records_emitted")
        self._move(Event.DONE_SUCCEEDED if message.status == "succeeded" else Event.DONE_FAILED)
        self._ending.done = message
        return [*self.flush(), *self._settle()]

    # the way to the end

    def _move(self, event: Event) -> None:
        """By the table; a fatal event in a state that has ended already changes nothing."""
        self.state = TRANSITIONS[self.state].get(event, self.state)

    def _violated(self, violation: ProtocolViolationError) -> list[Command]:
        self._ending.violation = violation
        self._asked = None
        self._move(Event.VIOLATED)
        self._findings.note(
            DiagnosticCode.PROTOCOL_VIOLATION,
            violation.rule,
            detail=violation.where,
            severity=Severity.ERROR,
            hint="retry_on_connector_upgrade",
        )
        return [*self.flush(), TerminateConnector("protocol_violation"), *self._settle()]

    def _answer(
        self, asked: Interaction, status: Literal["success", "cancelled", "timeout"], data: object | None
    ) -> list[Command]:
        self._asked = None
        self._ending.unanswered = status != "success"
        self._move(Event.ANSWERED)
        response = InteractionResponse(
            request_id=asked.request_id, status=status, data=data if status == "success" else None
        )
        return [SendToConnector(response.as_json())]

    def _settle(self) -> list[Command]:
        """The joint rules: a DONE waits for its records, the end waits for the connector to be gone."""
        if self.outcome is not None or not self._admission.all_durable:
            return _NOTHING
        if self._ending.exited:
            return self._end()
        if self._ending.done is not None and not self._ending.is_deaf and not self._finishing:
            self._finishing = True
            return [FinishConnector()]
        return _NOTHING

    def _end(self) -> list[Command]:
        eligible = self._checkpoints.eligible(
            self._skips.failed, self._details, unproven=self._admission.refusals.unproven
        )
        verdict = judge_ending(self._ending, self._skips, self._findings)
        if not verdict.commits:
            left = [name for name in (*eligible.cursors, *eligible.withheld) if name not in self._checkpoints.kept]
            eligible = Eligible({}, dict.fromkeys(left, "run_not_succeeded"))
        for checkpoint, rule in eligible.withheld.items():
            self._tell_withheld(checkpoint, rule)
        self._tell_unproven()
        if verdict.status == "succeeded":
            self._mentions.tell(self._admission.heard, self._findings)
        self.outcome = RunOutcome(
            status=verdict.status,
            code=verdict.code,
            message=verdict.message,
            recovery_hint=verdict.recovery_hint,
            retryable=verdict.retryable,
            certified=verdict.certified,
            failed_streams=tuple(self._skips.failed),
            committed=tuple(eligible.cursors),
            withheld=eligible.withheld,
            enumerated=self._enumerations.whole() if verdict.status == "succeeded" else {},
            records_emitted=self.records_emitted,
        )
        commit: list[Command] = [CommitCheckpoints(eligible.cursors)] if eligible.cursors else []
        reports: list[Command] = [Report(diagnostic) for diagnostic in self._findings.diagnostics()]
        return [*commit, *reports, EndRun(self.outcome)]

    def _tell_withheld(self, checkpoint: str, rule: str) -> None:
        """A missing account of details is a gap of its own; the other reasons were told already, or asked for."""
        if rule in (Account.SHORT.value, Account.SILENT.value):
            self._findings.note(DiagnosticCode.RANGE_UNPROVEN, rule, stream=checkpoint, severity=Severity.GAP)

    def _tell_unproven(self) -> None:
        """Of a stream without partitions no claim says that it is not proven."""
        for stream, count in self._admission.refusals.unproven.items():
            if self._manifest.by_name[stream].partition is None:
                code = DiagnosticCode.RANGE_UNPROVEN
                self._findings.note(code, RECORD_REFUSED, stream=stream, severity=Severity.GAP, count=count)
