"""Every message of the protocol, and reading one.

Owns: the models, the message types, and the reading of RECORD by hand (millions of them; a model each would cost five
times as much). Must not know: what is in scope, what state a run is in, whether a record is valid by its schema.

A message that breaks a rule raises ProtocolViolationError with the rule and the place; never with what stood there.
Keys that are not known are passed over; types that are not known are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError, model_validator

from polyhost.instants import is_timestamp
from polyhost.protocol.keys import MAX_KEY
from polyhost.protocol.positions import MAX_PARTITION_KEY
from polyhost.protocol.recovery import RecoveryAction

__all__ = [
    "DetailCoverage",
    "DetailGap",
    "Done",
    "DoneError",
    "ExceptionReport",
    "Interaction",
    "InteractionResponse",
    "MalformedLine",
    "Message",
    "OddMessage",
    "PartitionArrivals",
    "PartitionCoverage",
    "PartitionEntry",
    "PartitionHidden",
    "PartitionInventory",
    "Progress",
    "ProtocolViolationError",
    "RecordMessage",
    "RecoveryHint",
    "Resume",
    "SkipResult",
    "Start",
    "State",
    "StreamEnumerated",
    "TokenRefused",
    "WrongRecordError",
    "parse_message",
    "parse_record",
]

MAX_NAME = 128
MAX_CURSOR = 256
"""Characters of a position. Slack's have 17."""
MAX_TOKEN = 4_096
"""Characters of a source's token: some hold a whole query."""


@dataclass(frozen=True, slots=True)
class OddMessage:
    """What can be read of a line that is JSON but for a value in it. `places`: where (paths of up to three parts) there
    is something that was not sent, and what was (words of `left_out`): U+FFFD for half a character, else null."""

    message: dict[str, Any] = field(repr=False)
    places: Mapping[tuple[str | int, ...], str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class MalformedLine:
    """A line that is not one JSON object. Its text is never kept: only where, how long, and a digest. `odd`: what can
    be taken of it all the same."""

    line: int
    length: int
    digest: str
    rule: str
    odd: OddMessage | None = field(default=None, repr=False)


class ProtocolViolationError(Exception):
    """The connector broke the protocol. `rule` is the rule's name, `where` the message type and field."""

    def __init__(self, rule: str, where: str = "") -> None:
        super().__init__(f"{rule} at {where}" if where else rule)
        self.rule = rule
        self.where = where


class WrongRecordError(ProtocolViolationError):
    """A RECORD that cannot be taken, and costs itself."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Words = str  # a connector's own: bounded by the size of a batch here, cut where it is shown
Key = Annotated[str, Field(min_length=1, max_length=MAX_KEY)]
Cursor = Annotated[str, Field(min_length=1, max_length=MAX_CURSOR)]
PartitionKey = Annotated[str, Field(min_length=1, max_length=MAX_PARTITION_KEY)]
Token = Annotated[str, Field(min_length=1, max_length=MAX_TOKEN)]
Keys = Annotated[tuple[Key, ...], Strict(False)]  # JSON has arrays only
Count = Annotated[int | float, Field(ge=0, allow_inf_nan=False)]


class RecoveryHint(_Message):
    """What would help: one action of a closed list."""

    action: RecoveryAction
    retryable: bool | None = None


def _hint(value: object) -> object:
    return {"action": value} if isinstance(value, str) else value


Hint = Annotated[RecoveryHint, BeforeValidator(_hint)]


class Resume(_Message):
    """Given with START after a restart: how much was taken already."""

    records_emitted: int


class Start(_Message):
    """Host to connector, first and once (once per restart of a page)."""

    type: Literal["START"] = "START"
    run_id: str
    collection_mode: Literal["full_refresh", "incremental"]
    scope: dict[str, Any]
    state: dict[str, Any] | None
    bindings: dict[str, Any]
    resume: Resume | None = None

    def as_json(self) -> dict[str, Any]:
        message = self.model_dump(mode="python")
        if self.resume is None:
            del message["resume"]
        return message


class InteractionResponse(_Message):
    """Host to connector: what the owner did."""

    type: Literal["INTERACTION_RESPONSE"] = "INTERACTION_RESPONSE"
    request_id: str
    status: Literal["success", "cancelled", "timeout"]
    data: Any = Field(default=None, repr=False)

    def as_json(self) -> dict[str, Any]:
        message: dict[str, Any] = {"type": self.type, "request_id": self.request_id, "status": self.status}
        return message if self.data is None else {**message, "data": self.data}


@dataclass(frozen=True, slots=True)
class RecordMessage:
    """RECORD. `key` is as the connector wrote it; `data` is None only on delete."""

    stream: str
    key: Any
    data: dict[str, Any] | None
    emitted_at: str
    op: Literal["upsert", "delete"]


class State(_Message):
    """STATE: a cursor that may be kept once everything before it is durable and the run has ended well."""

    stream: Name
    cursor: Any


class SkipResult(_Message):
    """SKIP_RESULT: something that was not collected, and why. `count` of them (our extension)."""

    stream: Name | None = None
    reason: Words | None = None
    message: Words | None = None
    recovery_hint: Hint | None = None
    diagnostics: Any = None
    resources: Keys | None = None
    time_range: dict[str, Any] | None = None
    continuation: Any = None
    count: Annotated[int, Field(ge=1)] = 1


class Progress(_Message):
    """PROGRESS: for the owner who watches."""

    message: Words
    stream: Name | None = None
    count: Count | None = None
    total: Count | None = None


class Interaction(_Message):
    """INTERACTION: the connector is silent until it is answered."""

    request_id: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["credentials", "otp", "manual_action"]
    message: Words
    answer_schema: dict[str, Any] | None = Field(default=None, alias="schema")
    timeout_seconds: Annotated[int | float, Field(gt=0, allow_inf_nan=False)] | None = None


class DetailCoverage(_Message):
    """DETAIL_COVERAGE: of the items a parent listed, which had their detail read, and which have a known gap."""

    reference_only: Literal[True]
    stream: Name
    state_stream: Name
    required_keys: Keys
    hydrated_keys: Keys
    gap_keys: Keys = ()

    @model_validator(mode="after")
    def _accounts_add_up(self) -> Self:
        required, hydrated, gaps = set(self.required_keys), set(self.hydrated_keys), set(self.gap_keys)
        lists = (self.required_keys, self.hydrated_keys, self.gap_keys)
        if sum(map(len, lists)) != len(required) + len(hydrated) + len(gaps):
            raise ValueError("duplicate_keys")
        if not hydrated <= required or not gaps <= required:
            raise ValueError("outcome_not_required")
        if hydrated & gaps:
            raise ValueError("outcomes_overlap")
        return self


class DetailGap(_Message):
    """DETAIL_GAP: an item whose detail could not be read."""

    stream: Name
    parent_stream: Name | None = None
    record_key: Key | None = None
    reason: Words | None = None
    retryable: bool | None = None
    detail_locator: Any = None
    list_cursor: Any = None
    last_error: Any = None


class DoneError(_Message):
    """Why a run failed, in the connector's words."""

    message: Words
    retryable: bool
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = None
    recovery_hint: Hint | None = None


class Done(_Message):
    """DONE: the last message."""

    status: Literal["succeeded", "failed", "cancelled"]
    records_emitted: Annotated[int, Field(ge=0)]
    error: DoneError | None = None

    @model_validator(mode="after")
    def _error_only_on_failure(self) -> Self:
        if self.error is not None and self.status != "failed":
            raise ValueError("error_without_failure")
        return self


class PartitionEntry(_Message):
    key: PartitionKey
    label: Words | None = None
    status: Words | None = None
    deleted: bool = False
    became: PartitionKey | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.became is not None and (self.deleted or self.became == self.key):
            raise ValueError("became_another_and_not")
        return self


class PartitionInventory(_Message):
    """PARTITION_INVENTORY: what exists (our extension). An entry whose key cannot be read costs itself, and is counted
    as `unreadable`, as is one of which it cannot be read whether it is there; a label or status that is no text is left
    out."""

    stream: Name
    partitions: Annotated[tuple[PartitionEntry, ...], Strict(False)]
    complete: bool
    unreadable: int = 0

    @model_validator(mode="before")
    @classmethod
    def _entries_cost_themselves(cls, raw: dict[str, Any]) -> dict[str, Any]:
        told = raw.get("partitions")
        if not isinstance(told, list):
            return {**raw, "unreadable": 0}
        read = [entry for one in cast("list[Any]", told) if (entry := _entry(one)) is not None]
        return {**raw, "partitions": read, "unreadable": len(cast("list[Any]", told)) - len(read)}


def _entry(told: Any) -> PartitionEntry | None:
    if not isinstance(told, dict):
        return None
    words = {name: text for name in ("label", "status") if isinstance(text := told.get(name), str)}
    over = {name: value for name in ("deleted", "became") if (value := told.get(name)) is not None}
    try:
        return PartitionEntry.model_validate({"key": told.get("key"), **words, **over})
    except ValidationError:
        return None


class PartitionCoverage(_Message):
    """PARTITION_COVERAGE: what was read through (our extension). `until` null: to the end of what there is. `older` and
    `newer`: the source's tokens for going on below `since` and above `until`."""

    stream: Name
    partition: PartitionKey
    since: Cursor | None
    until: Cursor | None
    limited_before: Cursor | None = None
    groups: Annotated[tuple[Cursor, ...], Strict(False)] | None = None
    older: Token | None = None
    newer: Token | None = None


class PartitionArrivals(_Message):
    """PARTITION_ARRIVALS: all that has arrived up to this token of the source was emitted (our extension). Without a
    partition: in every one of the stream."""

    stream: Name
    partition: PartitionKey | None = None
    token: Token


class TokenRefused(_Message):
    """TOKEN_REFUSED: the source does not take this token any more (our extension)."""

    stream: Name
    partition: PartitionKey | None = None
    token: Token


class PartitionHidden(_Message):
    """PARTITION_HIDDEN: what the source hides between two positions that it shows (our extension)."""

    stream: Name
    partition: PartitionKey
    since: Cursor | None
    until: Cursor
    reason: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = None


class StreamEnumerated(_Message):
    """STREAM_ENUMERATED: all that the source holds of a stream without partitions was emitted (our extension)."""

    stream: Name


class ExceptionReport(_Message):
    """EXCEPTION: a record or a group that could not be taken, named so that what lies around it can be claimed (our
    extension). `member`: the record belongs to a group, whose head stands at this position."""

    stream: Name
    kind: Literal["record", "group"]
    key: Key | list[str]
    reason: Literal["unmappable", "not_answered", "not_found", "refused", "unreadable", "unfinished"]
    partition: PartitionKey | None = None
    position: Cursor | None = None
    member: bool = False


Message = (
    RecordMessage
    | State
    | SkipResult
    | Progress
    | Interaction
    | DetailCoverage
    | DetailGap
    | Done
    | PartitionInventory
    | PartitionCoverage
    | PartitionArrivals
    | TokenRefused
    | ExceptionReport
    | StreamEnumerated
    | PartitionHidden
)

_MODELS: dict[str, type[_Message]] = {
    "STATE": State,
    "SKIP_RESULT": SkipResult,
    "PROGRESS": Progress,
    "INTERACTION": Interaction,
    "DETAIL_COVERAGE": DetailCoverage,
    "DETAIL_GAP": DetailGap,
    "DONE": Done,
    "PARTITION_INVENTORY": PartitionInventory,
    "PARTITION_COVERAGE": PartitionCoverage,
    "PARTITION_ARRIVALS": PartitionArrivals,
    "TOKEN_REFUSED": TokenRefused,
    "EXCEPTION": ExceptionReport,
    "STREAM_ENUMERATED": StreamEnumerated,
    "PARTITION_HIDDEN": PartitionHidden,
}
_OWN_RULES = frozenset({"duplicate_keys", "outcome_not_required", "outcomes_overlap", "error_without_failure"})


def parse_message(raw: object) -> Message:
    """Read one message of a connector, or raise ProtocolViolationError."""
    if type(raw) is not dict:
        raise ProtocolViolationError("not_an_object")
    kind = raw.get("type")
    if kind == "RECORD":
        return RecordMessage(*parse_record(raw))
    model = _MODELS.get(kind) if type(kind) is str else None
    if model is None:
        raise ProtocolViolationError("unknown_type", "type")
    try:
        return model.model_validate(raw)  # pyright: ignore[reportReturnType]  # one of the union's members
    except ValidationError as error:
        raise _violation(str(kind), error) from None


def parse_record(raw: dict[str, Any]) -> tuple[str, Any, dict[str, Any] | None, str, Literal["upsert", "delete"]]:
    """RECORD's fields: stream, key as written, data, emitted_at, op. WrongRecordError where one is none."""
    get = raw.get
    stream = get("stream")
    if type(stream) is not str or not stream:
        raise WrongRecordError("stream_type", "RECORD.stream")
    key = get("key")
    if type(key) is not str and type(key) is not list:
        raise WrongRecordError("key_type", "RECORD.key")
    op = get("op", "upsert")
    if op not in ("upsert", "delete"):  # a tuple: the value may be unhashable
        raise WrongRecordError("op_unknown", "RECORD.op")
    data = get("data")
    if type(data) is not dict and (data is not None or op != "delete"):
        raise WrongRecordError("data_type", "RECORD.data")
    emitted_at = get("emitted_at")
    if not is_timestamp(emitted_at):
        raise WrongRecordError("emitted_at_no_time", "RECORD.emitted_at")
    return stream, key, data, emitted_at, op  # pyright: ignore[reportReturnType]  # narrowed by the checks above


def _violation(kind: str, error: ValidationError) -> ProtocolViolationError:
    """The first rule broken. Places hold only names of declared fields and positions: nothing a connector chose."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join([kind, *(str(part) for part in first["loc"])])
    if first["type"] == "value_error":
        rule = str(first.get("ctx", {}).get("error", ""))
        return ProtocolViolationError(rule if rule in _OWN_RULES else "value_error", kind)
    return ProtocolViolationError(first["type"], where)
