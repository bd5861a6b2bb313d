"""Exports and runs over one changing source, in every order: they come to the same records.

Provenance: the requirement that importing is safe to repeat, next to live collection. The source is a conversation in
which messages are posted, edited, reacted to and deleted; an export is a snapshot of it, a run reads it as it is.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout import ROOT
from importers import importer_module
from polyhost.artifacts.opening import open_artifact
from polyhost.connectors.loading import load_connector_folder
from polyhost.connectors.scripted import ScriptedConnector, ScriptHost
from polyhost.engine.clock import Clock
from polyhost.engine.events import OwnerAsked, ignore
from polyhost.engine.imports.import_run import Import, import_artifact
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.instants import iso_from_seconds
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.base import ConnectionRow, RecordQuery, Store
from polyhost.store.memory import MemoryStore

SLACK = load_connector_folder(ROOT / "polyfills" / "slack")
IMPORTER = importer_module("slack").IMPORTER
CHANNEL = "C1AAAAAAA"
DAY = 86_400
START = 1_600_000_000


class SourceClock(Clock):
    """The source's time: runs happen when they happen, whenever files are imported."""

    def __init__(self) -> None:
        self.seconds = float(START)

    def now(self) -> float:
        return self.seconds

    def up(self) -> float:
        return self.seconds


@dataclass(slots=True)
class Source:
    """One conversation. Time goes on by half a day with everything that happens."""

    now: int = START
    said: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def happen(self, what: str, which: int) -> None:
        self.now += DAY // 2
        if what == "post" or not self.said:
            ts = f"{self.now}.000100"
            self.said[ts] = {"type": "message", "user": "U1", "text": "first", "ts": ts, "team": "T1"}
            return
        ts = sorted(self.said)[which % len(self.said)]
        if what == "bury" or self.said[ts].get("subtype") == "tombstone":
            self.said[ts] = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "text": "gone", "ts": ts}
        elif what == "edit":
            self.said[ts] |= {"text": f"edited {self.now}", "edited": {"user": "U1", "ts": f"{self.now}.000000"}}
        elif what == "react":
            users = self.said[ts].get("reactions", [{"users": []}])[0]["users"]
            self.said[ts]["reactions"] = [
                {"name": "wave", "users": [*users, f"U{len(users) + 2}"], "count": len(users) + 1}
            ]
        else:
            del self.said[ts]


def export(source: Source) -> dict[str, Any]:
    """Everything there is now, and an empty file for today: exports have one for the day they are made on."""
    files: dict[str, Any] = {
        "users.json": [{"id": "U1", "team_id": "T1", "profile": {}}],
        "channels.json": [{"id": CHANNEL, "name": "general", "created": START}],
        f"general/{_day(source.now)}.json": [],
    }
    for ts, message in source.said.items():
        name = f"general/{_day(int(ts[:10]))}.json"
        files[name] = [*files.get(name, []), deepcopy(message)]
    return files


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


@dataclass(slots=True)
class Collected:
    """One store, and a connection in it."""

    store: Store
    row: ConnectionRow
    clock: SourceClock

    @classmethod
    async def new(cls) -> Collected:
        store = MemoryStore()
        row = await store.connections.create(
            name="work", source="slack", nature="live", options={}, account={}, at=Clock().iso()
        )
        return cls(store, row, SourceClock())

    def around(self) -> RunContext:
        return RunContext(store=self.store, clock=self.clock, watch=ignore, answer=_nobody)

    async def take(self, files: Mapping[str, Any], *, preview: bool = False) -> dict[str, Any]:
        self.clock.seconds = max(self.clock.seconds, START + 365 * DAY)  # files are imported long after
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "export.zip"
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in files.items():  # without the time of day: the same content is the same file
                    archive.writestr(zipfile.ZipInfo(name), json.dumps(content))
            with open_artifact(path) as artifact:
                recognition = IMPORTER.recognise(artifact)
                declared = SLACK.manifest.importer
                assert recognition is not None
                assert declared is not None
                what = Import(
                    connection=self.row,
                    source=SLACK,
                    declared=declared,
                    importer=IMPORTER,
                    artifact=artifact,
                    recognition=recognition,
                    trigger="upload",
                    preview=preview,
                )
                return await import_artifact(what, self.around())

    async def run(self, source: Source, *, full: bool = False, ahead: int = 0) -> dict[str, Any]:
        """A run that reads all of the conversation, as it is. `ahead`: seconds by which its clock is wrong."""
        self.clock.seconds = float(source.now)
        at = iso_from_seconds(source.now + ahead)
        module = importer_module("slack")

        async def script(host: ScriptHost) -> AsyncGenerator[dict[str, Any]]:
            del host
            listed = [{"key": CHANNEL, "label": "general", "status": "active"}]
            yield {"type": "PARTITION_INVENTORY", "stream": "messages", "partitions": listed, "complete": True}
            for ts, message in source.said.items():
                record = {"type": "RECORD", "stream": "messages", "key": [CHANNEL, ts], "emitted_at": at}
                op = "delete" if message.get("subtype") == "tombstone" else "upsert"
                yield record | {"data": module.message_data(CHANNEL, message), "op": op}
            until = f"{source.now}.999999"
            yield {
                "type": "PARTITION_COVERAGE",
                "stream": "messages",
                "partition": CHANNEL,
                "since": None,
                "until": until,
            }
            yield {"type": "DONE", "status": "succeeded", "records_emitted": len(source.said)}

        what = Collection(
            connection=self.row,
            manifest=SLACK.manifest,
            scope=resolve_scope(SLACK.manifest, streams=["messages"]),
            connector=ScriptedConnector(script),
            full=full,
        )
        return await collect(what, self.around())

    async def all(self) -> dict[str, Any]:
        """Every record, deleted ones too, with their content."""
        page = await self.store.records.page(self.row.id, "messages", RecordQuery(limit=1000, deleted=True))
        return {one.key: (one.deleted, one.data) for one in page.records}

    async def live(self) -> dict[str, Any]:
        page = await self.store.records.page(self.row.id, "messages", RecordQuery(limit=1000))
        return {one.key: one.data for one in page.records}


async def _nobody(_asked: OwnerAsked) -> tuple[str, Any]:
    return "cancelled", None


EVENTS = st.lists(
    st.tuples(st.sampled_from(["post", "delete", "edit", "react", "post", "bury"]), st.integers(0, 5)),
    min_size=5,
    max_size=14,
)


def snapshots(events: Sequence[tuple[str, int]]) -> list[Source]:
    """The source after each event."""
    source = Source()
    found: list[Source] = []
    for event in events:
        source.happen(*event)
        found.append(deepcopy(source))
    return found


@pytest.mark.requirement("CH-2.8", "CH-2.9")
@settings(max_examples=60)
@given(events=EVENTS, data=st.data())
async def test_exports_come_to_the_same_records_in_any_order(events: list[tuple[str, int]], data: st.DataObject):
    moments = snapshots(events)
    chosen = data.draw(st.lists(st.sampled_from(moments), min_size=1, max_size=4))
    one, other = await Collected.new(), await Collected.new()
    for source in chosen:
        await one.take(export(source))
    for source in data.draw(st.permutations(chosen)):
        await other.take(export(source))
    assert await one.all() == await other.all()


@pytest.mark.requirement("CH-2.8", "CH-2.9")
@settings(max_examples=60)
@given(events=EVENTS, data=st.data())
async def test_a_run_and_files_from_before_it_end_as_the_source_is(events: list[tuple[str, int]], data: st.DataObject):
    """Older files before the run, after it, or both: nothing comes back that is gone, nothing newer is lost."""
    moments = snapshots(events)
    now = moments[-1]
    collected = await Collected.new()
    for source in data.draw(st.lists(st.sampled_from(moments), max_size=2)):
        await collected.take(export(source))
    assert (await collected.run(now))["status"] == "complete"
    for source in data.draw(st.lists(st.sampled_from(moments), min_size=1, max_size=2)):
        await collected.take(export(source))
    alone = await Collected.new()
    await alone.run(now)
    assert await collected.live() == await alone.live()


@pytest.mark.requirement("CH-2.2")
@settings(max_examples=40)
@given(events=EVENTS, data=st.data())
async def test_a_preview_says_what_the_import_does(events: list[tuple[str, int]], data: st.DataObject):
    moments = snapshots(events)
    collected = await Collected.new()
    for source in data.draw(st.lists(st.sampled_from(moments), max_size=2)):
        await collected.take(export(source))
    if data.draw(st.booleans()):
        await collected.run(data.draw(st.sampled_from(moments)))
    files = export(data.draw(st.sampled_from(moments)))
    before = await collected.live()
    preview = await collected.take(files, preview=True)
    assert await collected.live() == before
    assert await collected.store.runs.batch(preview["receipt"]["batch_id"]) is None
    real = await collected.take(files)
    for name in ("counts", "event_time", "gaps", "artifact", "summary", "completeness"):
        assert preview["receipt"][name] == real["receipt"][name]


@pytest.mark.requirement("PR-2.6")
async def test_an_import_keeps_no_run_from_reading_the_same_itself():
    """What happened after an export only the source can tell: the ledger still wants everything."""
    source = Source()
    for _ in range(3):
        source.happen("post", 0)
    collected = await Collected.new()
    await collected.take(export(source))
    [state] = await collected.store.ledger.partitions(collected.row.id, "messages")
    assert state.imported
    assert not state.covered
    source.happen("edit", 0)
    source.happen("delete", 1)
    assert (await collected.run(source))["status"] == "complete"
    assert len(await collected.live()) == 2
    [state] = await collected.store.ledger.partitions(collected.row.id, "messages")
    assert state.covered[0].since is None


@pytest.mark.requirement("PR-1.1", "PR-1.4")
async def test_a_conversation_only_a_file_has_named_is_never_called_missing():
    source = Source()
    source.happen("post", 0)
    files = export(source)
    files["channels.json"].append({"id": "C2BBBBBBB", "name": "elsewhere", "created": START})
    files[f"elsewhere/{_day(source.now)}.json"] = [
        {"type": "message", "user": "U1", "text": "x", "ts": f"{source.now}.000100"}
    ]
    collected = await Collected.new()
    await collected.take(files)
    assert len(await collected.store.ledger.partitions(collected.row.id, "messages")) == 2
    result = await collected.run(source)
    assert (result["status"], result["diagnostics"]) == ("complete", [])
    assert result["receipt"]["completeness"]["claim"] == "complete"


@pytest.mark.requirement("RS-3")
async def test_a_run_whose_clock_was_years_ahead_does_not_outdo_a_newer_file():
    """A reaction has no time of its own: only when the file was made says that it is newer."""
    source = Source()
    source.happen("post", 0)
    collected = await Collected.new()
    await collected.run(source, ahead=3 * 365 * DAY)
    source.happen("react", 0)
    await collected.take(export(source))
    [data] = (await collected.live()).values()
    assert [one["name"] for one in data["reactions"]] == ["wave"]


async def test_what_a_run_has_looked_for_since_comes_in_as_deleted():
    """The content is kept; the receipt says what became of it."""
    source = Source()
    for _ in range(3):
        source.happen("post", 0)
    files = export(source)
    source.happen("delete", 1)
    collected = await Collected.new()
    await collected.run(source)
    result = await collected.take(files)
    assert len(await collected.live()) == 2
    assert result["receipt"]["counts"]["deleted"] == 1
    assert "1 known to be deleted at the source" in result["receipt"]["summary"]
    page = await collected.store.records.page(collected.row.id, "messages", RecordQuery(deleted=True))
    assert [one.data is not None for one in page.records] == [True, True, True]


async def test_words_that_come_after_their_deletion_are_kept_under_it():
    """And the receipt does not say that they were known."""
    source = Source()
    source.happen("post", 0)
    source.happen("edit", 0)
    with_words = export(source)
    source.happen("bury", 0)
    collected = await Collected.new()
    await collected.take(export(source))
    result = await collected.take(with_words)
    [(deleted, data)] = (await collected.all()).values()
    assert deleted
    assert data["text"].startswith("edited")
    assert result["receipt"]["counts"]["updated"] == 1
    assert not result["receipt"]["summary"].startswith("Nothing new")
    again = await collected.take({**with_words, "more.json": []})
    assert again["receipt"]["counts"]["accepted"] == 0
    assert await collected.live() == {}
