"""Each conformance check, with a connector that keeps its word and one that breaks exactly that (ours).

The connector is a script here, so that it can be broken in any way; the Node connector and its broken variants are run
for real in test_check_folder.py.
"""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from playbooks import AT, MESSAGES, coverage, done, inventory, manifest, state, stream
from polyhost.connectors.scripted import FLUSH, Said, ScriptedConnector, ScriptHost
from polyhost.engine.development import trials
from polyhost.engine.development.conformance import BEHAVIOUR, check_behaviour
from polyhost.engine.development.report import Answer, Check
from polyhost.engine.development.trials import Bench
from polyhost.operations.context import nobody

# Without re-reading, which would mend in the next run what a false claim has hidden.
LITERAL = {
    **MESSAGES,
    "partition": {**MESSAGES["partition"], "refresh": {"lookback_records": 0, "requests_per_run": 0}},
}
NOTEBOOK = manifest(
    stream("folders", consent_time_field=None, selection={"fields": True, "resources": True}),
    stream("notes", selection={"fields": True, "resources": True, "resource_field": "text"}),
    LITERAL,
)
FOLDERS = ("work", "home")
NOTES = {
    "n1": ("work", "2026-01-01T00:00:00Z"),
    "n2": ("home", "2026-01-02T00:00:00Z"),
    "n3": ("work", "2026-01-03T00:00:00Z"),
}
CHANNELS = {"C1": ("1.0", "2.0", "3.0", "4.0", "5.0", "6.0"), "C2": ("7.0", "8.0", "9.0")}

Fault = Callable[[dict[str, Any]], dict[str, Any]]


class Notebook:
    """A source and the connector for it. Each attribute is a way to break one thing and nothing else."""

    def __init__(self, **faults: Any) -> None:
        self.runs = 0
        self.faults = faults

    def wrong(self, name: str) -> Any:
        return self.faults.get(name)

    async def script(self, host: ScriptHost) -> AsyncGenerator[Said]:
        self.runs += 1
        emitted = 0
        for scope in self.scopes(host.start):
            async for message in self.read(host, scope):
                emitted += isinstance(message, dict) and message["type"] == "RECORD"
                yield message
        if self.wrong("asks"):
            yield {"type": "INTERACTION", "request_id": "q", "kind": "credentials", "message": "Sign in"}
            yield FLUSH
            await host.answer()
            yield done(emitted, "failed", code="signed_out")
            return
        yield done(emitted + (1 if self.wrong("miscounts") else 0), *self.faults.get("ends", ()))

    def scopes(self, start: Any) -> list[dict[str, Any]]:
        given = {scope["name"]: scope for scope in start["scope"]["streams"]}
        if self.wrong("all_streams"):
            return [given.get(name, {"name": name}) for name in NOTEBOOK.by_name]
        return list(given.values())

    async def read(self, host: ScriptHost, scope: dict[str, Any]) -> AsyncGenerator[Any]:
        if scope["name"] == "messages":
            async for message in self.messages(host, scope):
                yield message
            return
        for message in self.folders(scope) if scope["name"] == "folders" else self.notes(scope):
            yield message
        yield state(scope["name"], self.runs)

    def folders(self, scope: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = None if self.wrong("all_resources") == "folders" else scope.get("resources")
        return [self.record("folders", key, {}) for key in FOLDERS if wanted is None or key in wanted]

    def notes(self, scope: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        for key, (folder, at) in NOTES.items():
            wanted = scope.get("resources")
            by_field = not self.wrong("keys_only") and wanted is not None and folder in wanted
            inside = wanted is None or key in wanted or by_field
            if inside and (self.wrong("all_times") or "time_range" not in scope):
                found.append(self.record("notes", key, {"text": folder, "at": at}))
        return found

    async def messages(self, host: ScriptHost, scope: dict[str, Any]) -> AsyncGenerator[Any]:
        if "time_range" in scope:
            return
        wanted = scope.get("resources", list(CHANNELS))
        yield inventory("messages", *wanted)
        yield FLUSH
        for channel in wanted:
            for window in await host.windows("messages", channel):
                since = window["since"] or "0.0"
                times = [ts for ts in CHANNELS[channel] if since <= ts <= (window["until"] or "9.9")]
                claim = coverage("messages", channel, window["since"], window["until"] or CHANNELS[channel][-1])
                if self.wrong("claims_first"):
                    yield claim
                for ts in times:
                    yield self.record("messages", f"{channel} {ts}", {"channel": channel, "ts": ts})
                if not self.wrong("claims_first"):
                    yield claim

    def record(self, name: str, key: str, data: dict[str, Any]) -> dict[str, Any]:
        whole = {"id": key, **data}
        if self.wrong("unsteady") and name == "notes":
            whole["at"] = f"2026-01-01T00:00:{self.runs:02d}Z"
        if self.wrong("invalid") == key:
            whole["at"] = "soon"
        return {"type": "RECORD", "stream": name, "key": key, "data": whole, "emitted_at": AT}


async def checked(notebook: Notebook, of: Any = NOTEBOOK, **options: Any) -> dict[str, Check]:
    bench = Bench(manifest=of, make=lambda: ScriptedConnector(notebook.script, batch=2), answer=nobody)
    return {check.name: check for check in await check_behaviour(bench, **options)}


def answers(found: dict[str, Check], answer: Answer) -> set[str]:
    return {name for name, check in found.items() if check.answer is answer}


async def test_a_connector_that_keeps_its_word_passes_every_check():
    found = await checked(Notebook())
    assert {name: check.found for name, check in found.items() if check.answer is not Answer.OK} == {}
    assert tuple(found) == BEHAVIOUR


@pytest.mark.parametrize(
    ("fault", "red"),
    [
        ({"invalid": "n1"}, {"records"}),
        ({"all_streams": True}, {"scope: one stream", "scope: one resource", "scope: an empty time range"}),
        ({"all_resources": "folders"}, {"scope: one resource"}),
        ({"keys_only": True}, {"scope: one resource"}),
        ({"all_times": True}, {"scope: an empty time range"}),
        ({"unsteady": True}, {"idempotence", "resume"}),
        ({"claims_first": True}, {"idempotence", "resume"}),
    ],
)
async def test_each_broken_promise_turns_its_own_check_red_and_says_what_to_do(fault: dict[str, Any], red: set[str]):
    found = await checked(Notebook(**fault))
    failed = answers(found, Answer.FAILED)
    assert failed == red
    assert all(found[name].instruction for name in failed)


@pytest.mark.parametrize("fault", [{"miscounts": True}, {"ends": ("failed",)}, {"asks": True}])
async def test_where_a_whole_run_does_not_end_well_nothing_further_is_tried(fault: dict[str, Any]):
    found = await checked(Notebook(**fault))
    first = answers(found, Answer.FAILED)
    assert first == {"miscounts": {"protocol", "run"}, "ends": {"run"}, "asks": set()}[next(iter(fault))]
    assert answers(found, Answer.NOT_CHECKED) >= set(BEHAVIOUR[2:])


async def test_a_run_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trials, "LONGEST_RUN_SECONDS", 0.05)

    async def endless(host: ScriptHost) -> AsyncGenerator[Said]:
        await host.answer()
        yield done()

    bench = Bench(manifest=NOTEBOOK, make=lambda: ScriptedConnector(endless), answer=nobody)
    (run, *rest) = await check_behaviour(bench)
    assert (run.name, run.answer) == ("run", Answer.FAILED)
    assert {check.answer for check in rest} == {Answer.NOT_CHECKED}


async def test_what_cannot_be_known_is_not_called_right():
    """One stream without times, resources or records: nothing to try it with."""
    bare = manifest(stream("notes", consent_time_field=None, selection={}))

    async def silent(host: ScriptHost) -> AsyncGenerator[Said]:
        yield done()

    bench = Bench(manifest=bare, make=lambda: ScriptedConnector(silent), answer=nobody)
    found = {check.name: check for check in await check_behaviour(bench)}
    assert answers(found, Answer.NOT_CHECKED) == {
        "records",
        "scope: one stream",
        "scope: one resource",
        "scope: an empty time range",
        "resume",
    }
    assert answers(found, Answer.FAILED) == set()


async def test_what_a_recording_must_yield_is_compared_record_by_record():
    row = {"stream": "folders", "key": "work", "partition": None, "data": {"id": "work"}, "deleted": False}
    found = await checked(Notebook(), expected=[row])
    assert found["expected"].answer is Answer.FAILED
    assert "13 came and were not expected: folders home, messages C1" in found["expected"].found
    assert "and 10 more" in found["expected"].found
