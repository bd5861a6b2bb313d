"""A host in miniature: the real page connector and the real ledger functions over a store in memory.

It does what the engine does for a polyfill: answers `windows` and `groups`, validates and applies messages in order,
settles at the end. Small enough that a test can be sure whose mistake it sees.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fakes.slack import FakeSlack, usual_port
from fakes.slack.world import Workspace
from polyhost.browser.launch import BrowserOptions
from polyhost.browser.reused_browser import ReusedBrowser
from polyhost.connectors.base import Batch, ConnectorExited, Restarted
from polyhost.connectors.loading import load_connector_folder
from polyhost.connectors.page import PageConnector
from polyhost.engine.run._walks import Walks
from polyhost.engine.sources.connectors import page_polyfill
from polyhost.ledger import observe, plan, ranges, settle, snapshot
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.digest import encode
from polyhost.ledger.partition_rule import partition_rule
from polyhost.ledger.plan import LookbackFacts, RefreshPlan
from polyhost.ledger.position import Located, locate
from polyhost.ledger.settle import Settlement
from polyhost.ledger.state import PartitionState, Range
from polyhost.protocol.commands import CommitInventory, InventoryEntry
from polyhost.protocol.keys import canonical_key, key_of
from polyhost.protocol.manifest import load_manifest
from polyhost.protocol.validation import build_validators

FOLDER = Path(__file__).parents[3] / "polyfills" / "slack"
MANIFEST = load_manifest(json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8")))
VALIDATORS = build_validators(MANIFEST)
RULE = partition_rule("messages", MANIFEST.by_name["messages"].partition)
START_OF_TIME = datetime(2026, 11, 22, tzinfo=UTC)
EVERYTHING = ("workspace", "users", "channels", "messages")


@dataclass(slots=True)
class Row:
    """A stored record. `place` is set for messages only."""

    data: dict[str, Any]
    digest: bytes
    place: Located | None
    deleted: bool = False


@dataclass(slots=True)
class Home:
    """What outlives a run."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    states: dict[str, PartitionState] = field(default_factory=dict)
    cursors: dict[str, Any] = field(default_factory=dict)
    now: datetime = START_OF_TIME

    def live(self, stream: str) -> dict[str, dict[str, Any]]:
        """Records of a stream that are not deleted, by canonical key."""
        return {key: row.data for (name, key), row in self.rows.items() if name == stream and not row.deleted}


@dataclass(slots=True)
class Report:
    """What one run came to."""

    done: dict[str, Any] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)
    skips: list[dict[str, Any]] = field(default_factory=list)
    exceptions: list[dict[str, Any]] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    inventories: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    settled: Settlement | None = None
    requests: Counter[str] = field(default_factory=Counter)

    @property
    def status(self) -> str:
        return self.done.get("status", "none")

    @property
    def code(self) -> str | None:
        return self.done.get("error", {}).get("code")

    def missing(self) -> list[str]:
        """Keys of partitions that were called missing."""
        found = self.settled.diagnostics if self.settled else ()
        return [key for one in found if one.code == "partition_missing" for key in one.partitions or ()]

    def codes(self) -> set[str]:
        return {str(one.code) for one in (self.settled.diagnostics if self.settled else ())}


class Run:
    """One run: applies what the polyfill says, answers what it asks."""

    def __init__(self, home: Home, scope: Sequence[dict[str, Any]], *, full: bool) -> None:
        self.home, self.scope, self.full = home, {entry["name"]: entry for entry in scope}, full
        resources = self.scope.get("messages", {}).get("resources")
        self.scope_keys = None if resources is None else frozenset(resources)
        self.report = Report()
        self.walks = Walks()
        self.walked: dict[str, ranges.Ranges] = {}
        self.inventory: observe.InventoryResult | None = None
        self.staged: dict[str, Any] = {}
        self.taken = 0
        self.plans = {} if full else self._plan()

    # what a polyfill asks

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        assert stream == "messages"
        state = self._state(partition)
        refresh = self.plans.get(partition)
        along = self._facts(partition, None) if refresh is None and state.covered else None
        heads = [row.place for row in self._messages(partition) if row.place.is_head]
        newest = max(heads, key=lambda place: place.key).cursor if heads else None
        wanted = plan.windows(state, RULE, refresh, lookback=along, full=self.full, newest=newest)
        return [asdict(window) for window in wanted]

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        wanted = {sort_key(group, RULE.order): group for group in ids}
        members: dict[str, list[str]] = {}
        for row in self._messages(partition):
            if row.place.key in wanted and not row.place.is_head:
                members.setdefault(wanted[row.place.key], []).append(row.place.cursor)
        return {group: {"count": len(found), "latest": max(found)} for group, found in members.items()}

    async def due_exceptions(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
        """This host keeps none: what becomes of them is the engine's, and tested with it."""
        return []

    async def unpaused(self) -> None:
        pass

    # what it says

    def take_batch(self, batch: Batch, up_to: int | None = None) -> bool:
        """False when the run is cut off: that many messages were taken, however they came in batches."""
        for message in batch.messages:
            if self.taken == up_to:
                return False
            assert isinstance(message, dict)
            self.take(message)
            self.taken += 1
        return True

    def take(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "RECORD":
                self._record(message)
            case "STATE":
                self.staged[message["stream"]] = message["cursor"]
            case "PARTITION_INVENTORY":
                self._inventory(message)
            case "PARTITION_COVERAGE":
                self._coverage(message)
            case "SKIP_RESULT":
                self.report.skips.append(dict(message))
            case "EXCEPTION":
                self.report.exceptions.append(dict(message))
            case "DONE":
                self._done(message)
            case other:
                assert other == "PROGRESS"

    def _record(self, message: Mapping[str, Any]) -> None:
        stream, data = message["stream"], message["data"]
        self.report.mended += message.get("mended", ())
        declared = MANIFEST.by_name[stream]
        assert stream in self.scope
        key = canonical_key(message["key"], len(declared.primary_key))
        assert key == key_of(data, declared.primary_key)
        assert (fault := VALIDATORS[stream](data)) is None, f"{stream}: {fault}"
        allowed = self.scope[stream].get("resources")
        assert allowed is None or key in allowed or data.get("channel_id") in allowed
        place = None
        if stream == "messages":
            place = locate(data, RULE)
            assert isinstance(place, Located)
            self.walks.saw(stream, place.partition, key, place.key)
        digest = encode(data, frozenset(declared.volatile_fields)).digest
        self._store(stream, key, Row(data, digest, place), message.get("op", "upsert"))

    def _store(self, stream: str, key: str, row: Row, op: str) -> None:
        before = self.home.rows.get((stream, key))
        if op == "delete":
            row.deleted = True
            if before is not None and before.deleted:
                return
            self.report.changes["deleted" if before else "never_seen"] += 1
        elif before is None or before.deleted:
            self.report.changes["new"] += 1
        else:
            self.report.changes["unchanged" if before.digest == row.digest else "updated"] += 1
        self.home.rows[stream, key] = row

    def _inventory(self, message: Mapping[str, Any]) -> None:
        assert message["stream"] == "messages"
        self.report.inventories.append(dict(message))
        listed = message["partitions"]
        entries = tuple(InventoryEntry(one["key"], one.get("label"), one.get("status")) for one in listed)
        taken = CommitInventory("messages", entries, message["complete"])
        self.inventory = observe.gather_inventory(self.inventory, taken)
        self._keep(observe.observe_inventory(self.home.states, taken, self._at, scope_keys=self.scope_keys))

    def _coverage(self, message: Mapping[str, Any]) -> None:
        self.report.coverage.append(dict(message))
        partition, since, until = message["partition"], message["since"], message["until"]
        limited = message.get("limited_before")
        seen = self.walks.seen("messages", partition)
        piece = observe.proven(since, until, limited, RULE.order)
        walked = self.walked.get(partition, ())
        if piece is not None and seen is not None:
            for fresh in ranges.without(piece, walked, RULE.order):
                self._bury(partition, fresh, seen, {sort_key(group, RULE.order) for group in message["groups"]})
        state = observe.observe_coverage(
            self._state(partition),
            since=since,
            until=until,
            limited_before=limited,
            rule=RULE,
            at=self._at,
            walked=walked,
            refresh=self.plans.get(partition),
        )
        if piece is not None:
            self.walked[partition] = ranges.add(walked, piece, RULE.order)
            for whole in self.walked[partition]:
                low, high = ranges.floor_key(whole.since, RULE.order), sort_key(whole.until, RULE.order)
                self.walks.account("messages", partition, low, high)
        self._keep([state])

    def _bury(self, partition: str, piece: Range, seen: frozenset[str], groups: set[str]) -> None:
        """What a proven range lacks is gone: heads always, members if their thread was read or its head is gone."""
        low = "" if piece.since is None else sort_key(piece.since, RULE.order)
        high = sort_key(piece.until, RULE.order)
        unseen = [row for (_, key), row in self._keyed(partition) if key not in seen]
        inside = [row for row in unseen if low <= row.place.key <= high]
        gone = {row.place.key for row in inside if row.place.is_head}
        for row in inside:
            if not row.deleted and (row.place.is_head or row.place.key in groups | gone):
                row.deleted = True
                self.report.changes["deleted"] += 1

    def _done(self, message: Mapping[str, Any]) -> None:
        self.report.done = dict(message)
        if message["status"] == "succeeded":
            self.home.cursors |= self.staged
        if "messages" in self.scope:
            self.report.settled = settle.settle(
                states=self.home.states, inventory=self.inventory, rule=RULE, at=self._at, scope_keys=self.scope_keys
            )
            self._keep(self.report.settled.changed)

    # the ledger

    @property
    def _at(self) -> str:
        return self.home.now.isoformat()

    def _state(self, partition: str) -> PartitionState:
        return self.home.states.get(partition) or observe.first_seen("messages", partition, self._at)

    def _keep(self, states: Sequence[PartitionState]) -> None:
        self.home.states.update((state.key, state) for state in states)

    def _keyed(self, partition: str) -> list[tuple[tuple[str, str], Row]]:
        rows = self.home.rows.items()
        return [(key, row) for key, row in rows if row.place is not None and row.place.partition == partition]

    def _messages(self, partition: str) -> list[Row]:
        return [row for _, row in self._keyed(partition) if not row.deleted]

    def _facts(self, partition: str, below: str | None) -> LookbackFacts:
        live = self._messages(partition)
        floor = None if below is None else sort_key(below, RULE.order)
        heads = sorted((row.place for row in live if row.place.is_head), key=lambda place: place.key, reverse=True)
        taken = [place for place in heads if floor is None or place.key <= floor][: RULE.refresh.lookback_records]
        since = taken[-1] if len(taken) == RULE.refresh.lookback_records else None
        threads = {row.place.key for row in live if not row.place.is_head}
        return LookbackFacts(since.cursor if since else None, sum(1 for place in taken if place.key in threads))

    def _plan(self) -> dict[str, RefreshPlan]:
        states = self.home.states.items()
        mine = {key: state for key, state in states if self.scope_keys is None or key in self.scope_keys}
        asked = plan.probes(mine.values(), RULE, now_iso=self._at)
        facts = {key: self._facts(key, None) for key in asked.lookback}
        sweep = {key: self._facts(key, below) for key, below in asked.sweep.items()}
        return plan.plan_refresh(mine, facts, RULE, now_iso=self._at, sweep_facts=sweep)

    def start(self) -> dict[str, Any]:
        state = {name: cursor for name, cursor in self.home.cursors.items() if name in self.scope}
        if "messages" in self.scope:
            kept = {"cursor": state["messages"]} if "messages" in state else {}
            state["messages"] = snapshot.start_state(self.home.states, RULE, scope_keys=self.scope_keys) | kept
        return {
            "type": "START",
            "run_id": "run_test",
            "collection_mode": "full_refresh" if self.full else "incremental",
            "scope": {"streams": list(self.scope.values())},
            "state": state,
            "bindings": {},
        }


BROWSER = ReusedBrowser()
"""One for all tests, as long as they are served on one port; conftest.py closes it."""


def fake_slack(*worlds: Workspace, **more: Any) -> FakeSlack:
    """A fake where the kept browser finds it."""
    return FakeSlack(*worlds, port=usual_port(), **more)


def connector(slack: FakeSlack, storage_state: Mapping[str, Any] | None = None) -> PageConnector:
    """The polyfill as its manifest declares it, pointed at the fake workspace."""
    mapped = dict(pair.split("=") for pair in slack.map_host)
    options = BrowserOptions(map_hosts=mapped, insecure_tls=True)
    polyfill = page_polyfill(load_connector_folder(FOLDER), options)
    state = slack.storage_state() if storage_state is None else storage_state
    return PageConnector(polyfill, browser=options, storage_state=state, pace=False, launcher=BROWSER.launcher)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a run is asked for. `stop_after`: cut it off after so many messages, as a crash would, with everything
    before it durable. `later`: how much time has passed since the last run."""

    streams: Sequence[str] = EVERYTHING
    resources: Mapping[str, list[str]] = field(default_factory=dict)
    time_range: Mapping[str, str] | None = None
    full: bool = False
    stop_after: int | None = None
    later: timedelta = timedelta(minutes=10)
    storage_state: Mapping[str, Any] | None = None

    def scope(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = [{"name": name} for name in self.streams]
        for entry in entries:
            if entry["name"] in self.resources:
                entry["resources"] = self.resources[entry["name"]]
            if self.time_range and entry["name"] == "messages":
                entry["time_range"] = dict(self.time_range)
        return entries


async def collect(slack: FakeSlack, home: Home, **options: Any) -> Report:
    """One run in a real browser; options are those of `Request`."""
    asked = Request(**options)
    home.now += asked.later
    run = Run(home, asked.scope(), full=asked.full)
    slack.log.clear()
    async with connector(slack, asked.storage_state).open(run) as session:
        await session.send(run.start())
        async for event in session.events():
            assert not isinstance(event, ConnectorExited), event.detail
            if isinstance(event, Restarted):
                await session.send(run.start())
                continue
            if not run.take_batch(event, asked.stop_after):
                break
            await session.acknowledge(event)
            if run.report.done:
                await session.finish()
                break
    run.report.requests = Counter(seen.method for seen in slack.log.seen)
    return run.report
