"""Does a connector keep its word? Each check is a small experiment; what it finds is one line of a report.

Owns: the experiments, in the order in which their failures make sense. Must not know: how a run is carried out (trials
do), how a report is shown.

The first run is read as a whole; every further one asks for less, asks again, or is killed, and is held against it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from polyhost.engine.development.rehearsal import differences
from polyhost.engine.development.report import Check, failed, not_checked, ok
from polyhost.engine.development.trials import Bench, Ran, Trial
from polyhost.errors import PolyhostError
from polyhost.protocol.declarations import StreamDecl
from polyhost.protocol.scope import Admitted, build_stream_scope

__all__ = ["BEHAVIOUR", "check_behaviour"]

NEVER = {"since": "1971-01-01T00:00:00Z", "until": "1971-01-02T00:00:00Z"}
"""A day before there were sites. Later than 1970: a time before the epoch is a test of its own."""
BEHAVIOUR = (
    "protocol",
    "run",
    "records",
    "scope: one stream",
    "scope: one resource",
    "scope: an empty time range",
    "idempotence",
    "resume",
)
"""The checks that need the connector to run, in order. With a recording there is one more: `expected`."""
UNRECORDED = "unrecorded_request"
_SHOWN = 3
_FAULTS = frozenset({"invalid_record", "range_unproven", "field_mended"})
_CORRECT = "Correct the record or its schema: the path is in it, never the content."
_UNSTEADY = "Put what changes by itself into the stream's volatile_fields, or leave it out of data."

_Stored = Mapping[tuple[str, str], Any]


async def check_behaviour(bench: Bench, expected: list[dict[str, Any]] | None = None) -> list[Check]:
    """Every check that needs the connector to run. `expected`: what a recording must yield, where there is one."""
    trial = Trial(bench)
    try:
        first = await trial.run()
    except PolyhostError as error:
        reason = failed("run", error.reason, error.instruction or "See docs/writing-a-polyfill.md.")
        return [reason, *_rest("run", "it cannot be run")]
    checks = [_protocol(first), _run(first)]
    if not first.finished:
        return [*checks, *_rest("run", "a whole run has to end well first")]
    experiment = _Experiments(bench, trial, first, await trial.stored())
    checks.append(_records(first))
    if expected is not None:
        checks.append(await _expected(trial, expected))
    for name, attempt in experiment.attempts():
        checks.append(await _attempted(name, attempt))
    return checks


def _rest(after: str, why: str) -> list[Check]:
    done = BEHAVIOUR.index(after) + 1
    return [not_checked(name, why) for name in BEHAVIOUR[done:]]


async def _attempted(name: str, attempt: Callable[[], Awaitable[Check]]) -> Check:
    try:
        return await attempt()
    except _NotInRecordingError as error:
        return not_checked(name, f"the recording does not hold what it asks for then: {error}")
    except PolyhostError as error:
        return failed(name, error.reason, error.instruction)


def _protocol(ran: Ran) -> Check:
    if ran.error["code"] == "protocol_violation":
        return failed("protocol", f"it broke the protocol: {ran.error['reason']}", "See docs/protocol.md.")
    return ok("protocol", f"{sum(ran.seen.records.values()):,} records, and everything around them, by the rules")


def _run(ran: Ran) -> Check:
    if ran.finished:
        return ok("run", f"a whole run ends {ran.status.replace('_', ' ')}")
    if ran.status == "needs_owner":
        asked = ", ".join(ran.seen.asked) or "a session"
        return not_checked("run", f"it needs its owner ({asked})", "Check it at a terminal, where you can answer.")
    return failed("run", f"a whole run ends {ran.status}: {ran.error['reason']}", ran.error["instruction"])


def _records(ran: Ran) -> Check:
    """The host turns away what is invalid, or leaves its odd part out; here that is a fault, not an accident."""
    refused = [found for found in ran.result["diagnostics"] if found["code"] in _FAULTS]
    if ran.counted("rejected") or ran.seen.strays:
        told = "; ".join(f"{found.get('stream')}: {found['message']}" for found in refused[:_SHOWN])
        strays = "; ".join(f"{name}: outside the scope ({rule})" for name, rule in list(ran.seen.strays)[:_SHOWN])
        count = max(ran.counted("rejected"), ran.seen.strays.total())
        found = f"{count:,} records were refused: {told or strays}"
        return failed("records", found, _CORRECT)
    if mended := [found for found in refused if found["code"] == "field_mended"]:
        told = "; ".join(f"{found.get('stream')}: {found['message']}" for found in mended[:_SHOWN])
        return failed("records", f"records have parts that their schema does not know: {told}", _CORRECT)
    if not ran.seen.records:
        return not_checked("records", "the source holds no record", "Check it over a source that holds some.")
    return ok("records", ", ".join(f"{name} {count:,}" for name, count in sorted(ran.seen.records.items())))


async def _expected(trial: Trial, expected: list[dict[str, Any]]) -> Check:
    found = await trial.rows()
    apart = differences(expected, found)
    if not apart:
        return ok("expected", f"{len(found):,} records, exactly those of expected.jsonl")
    return failed("expected", f"of expected.jsonl, {apart}", "Correct the polyfill, or record the scenario again.")


class _NotInRecordingError(Exception):
    """The run asked for something that was not recorded: nothing is known of the connector then."""


class _Experiments:
    """What is tried against the first run. Each narrowed run has a store of its own."""

    def __init__(self, bench: Bench, first: Trial, ran: Ran, stored: _Stored) -> None:
        self._bench = bench
        self._first = first
        self._ran = ran
        self._stored = stored

    def attempts(self) -> list[tuple[str, Callable[[], Awaitable[Check]]]]:
        return [
            ("scope: one stream", self._one_stream),
            ("scope: one resource", self._one_resource),
            ("scope: an empty time range", self._empty_range),
            ("idempotence", self._again),
            ("resume", self._killed),
        ]

    async def _one_stream(self) -> Check:
        name = "scope: one stream"
        if len(self._bench.manifest.streams) == 1:
            return not_checked(name, "there is only one")
        for stream in self._collected():
            ran = await self._run(Trial(self._bench), {"streams": [stream.name]})
            if fault := _strayed(name, f"asked for {stream.name} alone", ran):
                return fault
        return ok(name, "each stream alone brings records of that stream and no other")

    async def _one_resource(self) -> Check:
        name = "scope: one resource"
        tried: list[str] = []
        for stream in self._collected():
            resource = self._resource(stream)
            if resource is None:
                continue
            tried.append(stream.name)
            if fault := await self._narrowed(name, stream, resource):
                return fault
        if not tried:
            return not_checked(name, "no stream with records declares selection.resources")
        return ok(name, f"one resource brings its own records, all of them and no other ({', '.join(tried)})")

    async def _narrowed(self, name: str, stream: StreamDecl, resource: str) -> Check | None:
        trial = Trial(self._bench)
        ran = await self._run(trial, {"resources": {stream.name: [resource]}})
        if fault := _strayed(name, f"asked for one resource of {stream.name}", ran):
            return fault
        scope = build_stream_scope(stream, resources=(resource,))
        mine = {key: data for (of, key), data in self._stored.items() if of == stream.name}
        wanted = {key for key, data in mine.items() if isinstance(scope.judge(key, data), Admitted)}
        missed = wanted - {key for of, key in await trial.stored() if of == stream.name}
        if not missed:
            return None
        return failed(
            name,
            f"{len(missed):,} of {len(wanted):,} records of one resource of {stream.name} did not come",
            "Collect a resource by its key and by selection.resource_field.",
        )

    def _resource(self, stream: StreamDecl) -> str | None:
        """One that is there: by the declared field where there is one, else by key."""
        if not stream.selection.resources:
            return None
        field = stream.selection.resource_field
        for (of, key), data in self._stored.items():
            if of == stream.name:
                value = data.get(field) if field is not None and data else None
                return value if isinstance(value, str) and value else key
        return None

    async def _empty_range(self) -> Check:
        name = "scope: an empty time range"
        timed = [stream.name for stream in self._collected() if stream.consent_time_field is not None]
        if not timed:
            return not_checked(name, "no stream declares a consent_time_field")
        ran = await self._run(Trial(self._bench), {"streams": timed, "time_range": NEVER})
        if fault := _strayed(name, "asked for a day long before any record", ran):
            return fault
        return ok(name, "a day long before any record brings none")

    async def _again(self) -> Check:
        """The next run, and one that reads everything again: the source has not changed in between."""
        name = "idempotence"
        # What the next run asks for depends on what is stored, and a recording holds one run's questions.
        runs = [] if self._bench.recorded else [("the next run", False)]
        for words, full in [*runs, ("everything read again", True)]:
            ran = await self._run(self._first, full=full)
            changed = ran.counted("new", "updated", "deleted")
            if changed:
                return failed(name, f"{words} changed {changed:,} records, though the source did not", _UNSTEADY)
        if apart := differences(_rows(self._stored), _rows(await self._first.stored())):
            return failed(name, f"read again, {apart}", _UNSTEADY)
        return ok(name, "the same source read again adds nothing and changes nothing")

    async def _killed(self) -> Check:
        name = "resume"
        half = self._ran.seen.records.total() // 2
        if half < 1:
            return not_checked(name, "it takes at least two records to stop between them")
        trial = Trial(self._bench)
        killed = await trial.run(kill_after=half)
        if not killed.seen.killed:
            return failed(
                name, "the second time it brought less than half as many records", "Bring the same each time."
            )
        await self._run(trial)
        found = await trial.stored()
        if apart := differences(_rows(self._stored), _rows(found)):
            return failed(
                name,
                f"killed after {half:,} records and run again, {apart}",
                "Send STATE only for what was emitted before it, and coverage only for what was read through.",
            )
        return ok(name, f"killed after {half:,} records and run again, it ends where an undisturbed run does")

    async def _run(self, trial: Trial, request: Any = None, *, full: bool = False) -> Ran:
        """A run that has to end well for its check to mean anything."""
        ran = await trial.run(request, full=full)
        if ran.error["code"] == UNRECORDED:
            raise _NotInRecordingError(ran.error["reason"].rpartition(": ")[2])
        if not ran.finished:
            raise PolyhostError(f"the run for it ended {ran.status}: {ran.error['reason']}", ran.error["instruction"])
        return ran

    def _collected(self) -> list[StreamDecl]:
        return [stream for stream in self._bench.manifest.streams if stream.collected]


def _strayed(name: str, asked: str, ran: Ran) -> Check | None:
    if not ran.seen.strays:
        return None
    told = ", ".join(f"{count:,} of {stream} ({rule})" for (stream, rule), count in ran.seen.strays.most_common(_SHOWN))
    return failed(name, f"{asked}, it brought others: {told}", "Keep to START.scope; the host refuses the rest.")


def _rows(stored: _Stored) -> list[dict[str, Any]]:
    return [{"stream": stream, "key": key, "data": data} for (stream, key), data in stored.items()]
