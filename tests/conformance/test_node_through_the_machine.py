"""The Node connector and the run machine, and the smallest host possible between them: a dict for a store (profile)."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from polyhost.connectors.base import Batch, ConnectorExited, ConnectorSession, Malformed
from polyhost.connectors.stdio import StdioConnector
from polyhost.protocol.bindings import match_bindings
from polyhost.protocol.commands import (
    AskOwner,
    Command,
    CommitCheckpoints,
    EndRun,
    FinishConnector,
    PersistRecords,
    Report,
    ReportProgress,
    RunOutcome,
    SendToConnector,
    TerminateConnector,
)
from polyhost.protocol.machine import RunMachine
from polyhost.protocol.manifest import load_manifest
from polyhost.protocol.messages import MalformedLine
from polyhost.protocol.scope_request import ABSENT, resolve_scope
from polyhost.protocol.validation import build_validators

FOLDER = Path(__file__).parent / "node"
MANIFEST = load_manifest(json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8")))

pytestmark = [pytest.mark.requirement("PR-4.6"), pytest.mark.usefixtures("node_on_path")]


class NoCalls:
    async def windows(self, stream: str, partition: str):
        raise AssertionError

    async def groups(self, stream: str, partition: str, ids):
        raise AssertionError

    async def unpaused(self) -> None:
        pass


@dataclass
class Host:
    """A store of dicts, an owner with one answer, and the machine's commands carried out in order."""

    answer: tuple[str, Any] = ("timeout", None)
    cancel_at: str | None = None
    records: dict[tuple[str, str], Any] = field(default_factory=dict)
    checkpoints: dict[str, Any] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)

    async def run(self, *arguments: str, resources: Any = ABSENT, streams: Any = ABSENT) -> RunOutcome:
        assert MANIFEST.stdio is not None
        connector = StdioConnector([*MANIFEST.stdio.command, *arguments], FOLDER)
        scope = resolve_scope(MANIFEST, resources=resources, streams=streams)
        self.codes.clear()
        self.machine = RunMachine(
            manifest=MANIFEST,
            scope=scope,
            run_id="run_1",
            mode="incremental" if self.checkpoints else "full_refresh",
            bindings=match_bindings(MANIFEST, connector.bindings),
            state=dict(self.checkpoints) or None,
            validators=build_validators(MANIFEST),
        )
        async with connector.open(NoCalls()) as session:
            await self.carry_out(self.machine.begin(), session)
            async for event in session.events():
                if isinstance(event, ConnectorExited):
                    await self.carry_out(self.machine.connector_exited(event.status, event.detail), session)
                    break
                assert isinstance(event, Batch)
                for message in event.messages:
                    assert not isinstance(message, Malformed)
                    await self.carry_out(self.machine.receive(message, now=0.0), session)
                await self.carry_out(self.machine.flush(), session)
                await session.acknowledge(event)
        assert self.machine.outcome is not None
        return self.machine.outcome

    async def carry_out(self, commands: list[Command], session: ConnectorSession) -> None:
        for command in commands:
            match command:
                case SendToConnector(message):
                    await session.send(message)
                case FinishConnector():
                    await session.finish()
                case TerminateConnector():
                    await session.terminate()
                case CommitCheckpoints(cursors):
                    self.checkpoints |= cursors
                case Report(diagnostic):
                    self.codes.append(str(diagnostic.code))
                case _:
                    await self.carry_out(self.reply(command), session)

    def reply(self, command: Command) -> list[Command]:
        """What the machine says to what this host makes of a command."""
        match command:
            case PersistRecords(sequence):
                self.persist(command)
                return self.machine.persisted(sequence)
            case AskOwner(request_id=request_id):
                return self.machine.interaction_answered(request_id, *self.answer)
            case ReportProgress(message=message):
                return self.machine.owner_cancelled() if message == self.cancel_at else []
            case EndRun():
                return []
            case _:
                raise AssertionError(command)

    def persist(self, batch: PersistRecords) -> None:
        for record in batch.records:
            if record.op == "delete":
                self.records.pop((record.stream, record.key), None)
            else:
                self.records[record.stream, record.key] = record.data
        for record in batch.undecided:
            if self.machine.decide(record, self.records.get((record.stream, record.key))):
                self.records.pop((record.stream, record.key), None)

    def keys(self, stream: str) -> set[str]:
        return {key for name, key in self.records if name == stream}


async def test_two_runs_end_with_the_source_as_it_is():
    """The second gets its opaque cursor back untouched, edits one note, adds one, deletes one."""
    host = Host()
    first = await host.run()
    assert (first.status, first.records_emitted, host.codes) == ("succeeded", 7, [])
    assert host.keys("notes") == {"n1", "n2", "n3"}
    second = await host.run("--day", "2")
    assert second.status == "succeeded"
    assert host.keys("notes") == {"n1", "n2", "n4"}
    assert host.records["notes", "n1"]["text"] == "first, edited"
    assert ("stickers", '["n2","quote \\" and \\\\"]') in host.records


@pytest.mark.requirement("PR-4.4")
async def test_an_answer_lets_it_go_on_and_none_fails_it():
    answered = Host(answer=("success", {"code": "424242"}))
    assert (await answered.run("--behaviour", "ask")).status == "succeeded"
    unanswered = Host()
    outcome = await unanswered.run("--behaviour", "ask")
    assert (outcome.status, unanswered.checkpoints) == ("failed", {})


@pytest.mark.requirement("PR-4.2", "PR-4.7")
async def test_a_certified_failure_commits_what_did_not_fail():
    host = Host()
    outcome = await host.run("--behaviour", "fail-notes")
    assert (outcome.status, outcome.certified, outcome.failed_streams) == ("failed", True, ("notes",))
    assert set(host.checkpoints) == {"folders"}
    assert host.keys("stickers")


@pytest.mark.requirement("PR-4.2")
async def test_a_cancel_keeps_what_was_read_and_commits_nothing():
    host = Host(cancel_at="waiting")
    outcome = await host.run("--behaviour", "wait")
    assert (outcome.status, host.checkpoints) == ("cancelled", {})
    assert host.keys("notes") == {"n1"}


@pytest.mark.requirement("PR-4.2")
async def test_a_crash_keeps_what_was_read_and_commits_nothing():
    host = Host()
    outcome = await host.run("--behaviour", "crash")
    assert (outcome.status, host.checkpoints) == ("failed", {})
    assert host.keys("notes") == {"n1"}
    assert host.codes == ["connector_crashed"]


@pytest.mark.requirement("PR-3.3", "PR-3.5")
async def test_a_stray_record_is_turned_away_and_the_run_goes_on():
    host = Host()
    outcome = await host.run("--behaviour", "stray", resources={"notes": ["work"]})
    assert (outcome.status, host.codes) == ("succeeded", ["out_of_scope_record"])
    assert host.keys("notes") == {"n1", "n3"}


@pytest.mark.requirement("PR-3.5")
async def test_a_tombstone_in_a_scoped_run_is_judged_by_what_is_stored():
    """It has no folder of its own (trap 4): the stored note says whether it was asked for."""
    inside = Host()
    await inside.run()
    await inside.run("--day", "2", resources={"notes": ["work"]})
    assert "n3" not in inside.keys("notes")
    outside = Host()
    await outside.run()
    await outside.run("--day", "2", resources={"notes": ["home"]})
    assert "n3" in outside.keys("notes")


def test_the_two_ways_to_say_a_bad_line_agree():
    """The seam's and the protocol's; whoever stands between copies one into the other."""
    assert MalformedLine.__dataclass_fields__.keys() == Malformed.__dataclass_fields__.keys()
