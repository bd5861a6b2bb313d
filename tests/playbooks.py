"""Playbooks: a run machine is shown what happens (`>>`) and has to answer with exactly these commands (`<<`).

    assert Playbook(machine()) >> Begin() << [SendToConnector] >> record("notes", "n1") << []

An expected command is a command, a command type, or `like(Type, field=value, …)`. Nothing is compared by its words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from polyhost.protocol.bindings import PARTITIONS
from polyhost.protocol.commands import Command, EndRun, PersistRecords, Report
from polyhost.protocol.diagnostics import Diagnostic
from polyhost.protocol.machine import RunMachine
from polyhost.protocol.manifest import Manifest, load_manifest
from polyhost.protocol.messages import MalformedLine
from polyhost.protocol.scope import Scope
from polyhost.protocol.scope_request import resolve_request

AT = "2026-01-31T09:30:00.000Z"


@dataclass(frozen=True)
class Like:
    kind: type
    fields: dict[str, Any]

    def matches(self, command: Command) -> bool:
        return type(command) is self.kind and all(_field(command, k) == value for k, value in self.fields.items())


def _field(command: Any, name: str) -> Any:
    """A field of the command, or of the outcome or diagnostic inside it."""
    inner = (
        command.outcome
        if isinstance(command, EndRun)
        else command.diagnostic
        if isinstance(command, Report)
        else command
    )
    return getattr(inner, name)


def like(kind: type, **fields: Any) -> Like:
    return Like(kind, fields)


# What can happen besides a message.
def Begin():  # noqa: N802  reads as an event
    return lambda machine, now: machine.begin()


def Flush():  # noqa: N802
    return lambda machine, now: machine.flush()


def Persisted(sequence: int):  # noqa: N802
    return lambda machine, now: machine.persisted(sequence)


def Answered(request_id: str, status: str = "success", data: object = None):  # noqa: N802
    return lambda machine, now: machine.interaction_answered(request_id, status, data)


def Cancelled():  # noqa: N802
    return lambda machine, now: machine.owner_cancelled()


def Restarted(state: Any = None):  # noqa: N802
    return lambda machine, now: machine.connector_restarted(state)


def Exited(status: int | None = 0, detail: str = ""):  # noqa: N802
    return lambda machine, now: machine.connector_exited(status, detail)


@dataclass(frozen=True)
class Wait:
    """Time passes."""

    seconds: float


Step = dict[str, Any] | MalformedLine | Wait | Callable[[RunMachine, float], list[Command]]


class Playbook:
    def __init__(self, machine: RunMachine) -> None:
        self.machine = machine
        self.now = 1000.0
        self.unseen: list[Command] = []
        self.all: list[Command] = []

    def __rshift__(self, step: Step) -> Playbook:
        if isinstance(step, Wait):
            self.now += step.seconds
            found = self.machine.tick(self.now)
        elif isinstance(step, dict | MalformedLine):
            found = self.machine.receive(step, now=self.now)
        else:
            found = step(self.machine, self.now)
        self.unseen += found
        self.all += found
        return self

    def __lshift__(self, expected: Sequence[Any]) -> Playbook:
        found, self.unseen = self.unseen, []
        assert len(found) == len(expected), f"expected {list(expected)}, got {found}"
        for want, got in zip(expected, found, strict=True):
            if isinstance(want, Like):
                assert want.matches(got), f"expected {want}, got {got}"
            elif isinstance(want, type):
                assert type(got) is want, f"expected {want}, got {got}"
            else:
                assert got == want
        return self

    def finish(self, status: int | None = 0) -> Playbook:
        """Everything so far becomes durable and the connector leaves."""
        return self >> Flush() >> Persisted(self.machine.records_emitted) >> Exited(status)

    def of(self, kind: type) -> list[Any]:
        return [command for command in self.all if type(command) is kind]

    @property
    def outcome(self) -> Any:
        assert self.machine.outcome is not None, "the run has not ended"
        return self.machine.outcome

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return [report.diagnostic for report in self.of(Report)]

    @property
    def codes(self) -> list[tuple[str, str | None, int | None]]:
        return [(str(found.code), found.stream, found.count) for found in self.diagnostics]

    @property
    def stored(self) -> list[str]:
        """Keys handed on to be stored, in order."""
        return [record.key for batch in self.of(PersistRecords) for record in batch.records]


# ------------------------------------------------------------------ making things


def stream(name: str, *, properties: dict[str, Any] | None = None, **declared: Any) -> dict[str, Any]:
    """A stream declaration with an id, a time and a text."""
    fields = {
        "id": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "text": {"type": "string"},
        **(properties or {}),
    }
    schema = {"type": "object", "properties": fields, "required": ["id"]}
    base = {
        "name": name,
        "schema": schema,
        "primary_key": ["id"],
        "consent_time_field": "at",
        "selection": {"fields": True, "resources": True},
    }
    return {**base, **declared}


def manifest_json(*streams: dict[str, Any], **declared: Any) -> dict[str, Any]:
    return {
        "protocol_version": "0.1.0",
        "connector_id": "https://example.org/connectors/test",
        "version": "1.0.0",
        "display_name": "Test",
        "streams": list(streams) or [stream("notes")],
        **declared,
    }


def manifest(*streams: dict[str, Any], **declared: Any) -> Manifest:
    return load_manifest(manifest_json(*streams, **declared))


MESSAGES = stream(
    "messages",
    properties={"channel": {"type": "string"}, "ts": {"type": "string"}, "thread": {"type": ["string", "null"]}},
    selection={"fields": True, "resources": True, "resource_field": "channel"},
    partition={"field": "channel", "cursor_field": "ts", "order": "decimal", "group_field": "thread"},
)


def strict(of: dict[str, Any], *required: str) -> dict[str, Any]:
    """A stream that cannot do without these fields: in an odd shape they cost the record."""
    return {**of, "schema": {**of["schema"], "required": ["id", *required]}}


def machine(
    of: Manifest | None = None, request: Any = None, *, scope: Scope | None = None, **options: Any
) -> RunMachine:
    of = of or manifest()
    scope = scope or resolve_request(of, request if request is not None else {})
    defaults: dict[str, Any] = {
        "run_id": "run_1",
        "mode": "incremental",
        "bindings": {PARTITIONS: {}},
        "state": None,
    }
    return RunMachine(manifest=of, scope=scope, **{**defaults, **options})


def play(of: Manifest | None = None, request: Any = None, **options: Any) -> Playbook:
    """A playbook that is past START."""
    book = Playbook(machine(of, request, **options)) >> Begin()
    book.unseen.clear()
    return book


# ------------------------------------------------------------------ messages


def record(stream: str, key: Any, data: dict[str, Any] | None = None, **over: Any) -> dict[str, Any]:
    own = {"id": key} if data is None else {"id": key, **data}
    return {"type": "RECORD", "stream": stream, "key": key, "data": own, "emitted_at": AT, **over}


def delete(stream: str, key: Any, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "key": key, "data": data, "emitted_at": AT, "op": "delete"}


def state(stream: str, cursor: Any = "c1") -> dict[str, Any]:
    return {"type": "STATE", "stream": stream, "cursor": cursor}


def looked(stream: str) -> dict[str, Any]:
    """It was looked at, and there is nothing in it to tell of."""
    return {"type": "PROGRESS", "message": "looked", "stream": stream, "count": 0}


def done(records: int = 0, status: str = "succeeded", **error: Any) -> dict[str, Any]:
    message = {"type": "DONE", "status": status, "records_emitted": records}
    return {**message, "error": {"message": "it broke", "retryable": True, **error}} if error else message


def skip(stream: str | None, reason: str = "stream_collection_failed", **over: Any) -> dict[str, Any]:
    return {"type": "SKIP_RESULT", "stream": stream, "reason": reason, **over}


def certified(records: int = 0) -> dict[str, Any]:
    return done(records, "failed", code="stream_collection_failed")


def ask(request_id: str = "q1", **over: Any) -> dict[str, Any]:
    return {"type": "INTERACTION", "request_id": request_id, "kind": "otp", "message": "The code", **over}


def coverage(stream: str, partition: str, since: str | None, until: str, **over: Any) -> dict[str, Any]:
    message = {"type": "PARTITION_COVERAGE", "stream": stream, "partition": partition, "since": since, "until": until}
    return {**message, **over}


def inventory(stream: str, *keys: str, complete: bool = True) -> dict[str, Any]:
    partitions = [{"key": key} for key in keys]
    return {"type": "PARTITION_INVENTORY", "stream": stream, "partitions": partitions, "complete": complete}


def details(child: str, parent: str, required: Sequence[str], hydrated: Sequence[str], **over: Any) -> dict[str, Any]:
    return {
        "type": "DETAIL_COVERAGE",
        "reference_only": True,
        "stream": child,
        "state_stream": parent,
        "required_keys": list(required),
        "hydrated_keys": list(hydrated),
        **over,
    }


def gap(child: str, key: str | None, parent: str | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"type": "DETAIL_GAP", "stream": child, "record_key": key, "reason": "unreachable"}
    return message if parent is None else {**message, "parent_stream": parent}
