"""Evidence as runs leave it behind, over both stores: gathered, projected, and true to what happened."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.rig import Rig, hang, message, says
from playbooks import MESSAGES, ask, coverage, done, inventory, manifest, manifest_json
from polyhost.connectors.base import ConnectorSession, HostCalls
from polyhost.connectors.scripted import FLUSH, Said, ScriptedConnector, ScriptHost
from polyhost.coverage.health import Health, project
from polyhost.coverage.signals import Axis
from polyhost.coverage.verdict import Verdict
from polyhost.engine.events import OwnerAsked
from polyhost.engine.health import evidence as gathering
from polyhost.engine.health.connection_history import ConnectionHistory
from polyhost.engine.health.evidence import gather
from polyhost.engine.sessions.saved import save_session
from polyhost.ledger import retire
from polyhost.store.base import SavePartitions

PAGE = {
    "polyfill": {"script": "polyfill.js", "page": "https://test.example/", "hosts": ["test.example"]},
    "capabilities": {"refresh_policy": {"maximum_staleness_seconds": 86_400}},
}
DAY = 86_400
GOOD = says(inventory("messages", "C1"), message("m1", "C1", "1.0"), coverage("messages", "C1", None, "1.0"))
SIGNED_OUT = says(done(0, "failed", message="signed out", retryable=False, code="signed_out"))


async def asking(host: ScriptHost) -> AsyncGenerator[Said]:
    yield ask(timeout_seconds=60)
    yield FLUSH
    await host.answer()
    yield inventory("messages", "C1")
    yield coverage("messages", "C1", None, "1.0")
    yield done(0)


@pytest.fixture
async def collected(rig: Rig, home: Path) -> Rig:
    """A connection of a source with pages and a session, not run yet."""
    folder = home / "polyfills" / "test"
    folder.mkdir(parents=True)
    (folder / "polyfill.js").write_text("", encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest_json(MESSAGES, **PAGE)), encoding="utf-8")
    save_session(home, "work", {"cookies": [], "origins": []})
    return await rig.connected(manifest(MESSAGES))


async def health(rig: Rig, home: Path) -> Health:
    """As `status` shows it at the rig's time."""
    return project(await gather(ConnectionHistory(rig.store, rig.connection, home)), rig.clock.iso())  # type: ignore[arg-type]


async def test_a_connection_without_a_run_is_unknown_and_says_how_to_begin(collected: Rig, home: Path):
    found = await health(collected, home)
    assert (found.verdict, [action.command for action in found.suggestions]) == (Verdict.UNKNOWN, ["polyhost run work"])


async def test_a_question_is_known_while_it_is_open_and_no_longer(collected: Rig, home: Path):
    """Also to a process that only reads the store."""
    during: list[Health] = []

    async def answer(asked: OwnerAsked) -> tuple[str, object]:
        during.append(await health(collected, home))
        return "success", {"code": "123456"}

    await collected.run(asking, answer=answer)
    [asked] = during
    assert asked.verdict is Verdict.ATTENTION
    assert [action.reason for action in asked.next_actions] == ["question_open"]
    assert asked.running is not None
    assert asked.running["asked_since"] is not None
    after = await health(collected, home)
    assert (after.running, after.needs_you) == (None, 0)


async def test_a_run_that_asks_before_it_can_read_anything_is_a_run(collected: Rig, home: Path):
    """As one does whose saved session has expired."""
    during: list[Health] = []

    class Asks(ScriptedConnector):
        @asynccontextmanager
        async def open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
            async with calls.asking():
                during.append(await health(collected, home))
            async with super().open(calls) as session:
                yield session

    await collected.run(GOOD, made=Asks)
    assert [found.verdict for found in during] == [Verdict.ATTENTION]
    assert (await health(collected, home)).verdict is Verdict.HEALTHY


async def test_a_cancel_does_not_undo_that_the_owner_was_found_signed_out(collected: Rig, home: Path):
    """The session ends in the middle; the owner is asked, and cancels instead."""

    class SignedOut(ScriptedConnector):
        @asynccontextmanager
        async def open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
            async with super().open(calls) as session:
                session.traffic.signed_out = True
                yield session

    async def cancelled(host: ScriptHost) -> AsyncGenerator[Said]:
        del host
        yield inventory("messages", "C1")
        collected.cancelled.set()
        await hang()

    await collected.run(GOOD)
    result = await collected.run(cancelled, made=SignedOut)
    assert result["status"] == "cancelled"
    assert ("signed_out", None) in collected.codes(result)
    found = await health(collected, home)
    assert (found.axes[Axis.COLLECTION]["status"], found.axes[Axis.CREDENTIALS]["status"]) == (
        "interrupted",
        "needs_owner",
    )
    assert found.verdict is Verdict.ATTENTION


async def test_a_good_run_makes_a_healthy_connection_which_goes_stale(collected: Rig, home: Path):
    await collected.run(GOOD)
    found = await health(collected, home)
    assert found.verdict is Verdict.HEALTHY
    assert found.axes[Axis.COVERAGE]["status"] == "complete"
    assert found.streams["messages"]["records"] == 1
    [partition] = found.streams["messages"]["reach"]
    assert partition == {"key": "C1", "extent": "complete", "covered_through": found.covered_through}
    collected.clock.seconds += DAY
    assert (await health(collected, home)).verdict is Verdict.IDLE


@pytest.mark.requirement("PR-1.7")
async def test_a_vanished_partition_needs_the_owner_until_it_is_retired(collected: Rig, home: Path):
    await collected.run(GOOD)
    await collected.run(says(inventory("messages", "C2"), coverage("messages", "C2", None, "1.0")))
    found = await health(collected, home)
    assert [action.command for action in found.next_actions] == ["polyhost partitions retire work messages C1"]
    assert found.verdict is Verdict.ATTENTION
    gone = retire.retire((await collected.partitions())["C1"], "C1", reason="gone", at=collected.clock.iso())
    await collected.store.write(collected.connection.id, None, [SavePartitions([gone])])
    assert (await health(collected, home)).verdict is Verdict.HEALTHY


async def test_being_signed_out_is_remembered_however_many_runs_fail_after_it(
    collected: Rig, home: Path, monkeypatch: pytest.MonkeyPatch
):
    """Looking back goes on past its first bound until a contact is found: no number of failures heals."""
    monkeypatch.setattr(gathering, "ATTEMPTS", 1)
    collected.clock.seconds = 4_000_000_000.0  # after the session was saved
    await collected.run(GOOD)
    await collected.run(SIGNED_OUT)
    for _ in range(3):
        await collected.run(says(done(0, "failed", message="no", retryable=True, code="site_down")))
    found = await health(collected, home)
    assert found.axes[Axis.CREDENTIALS]["status"] == "needs_owner"
    await collected.run(GOOD)
    assert (await health(collected, home)).axes[Axis.CREDENTIALS]["status"] == "ok"


async def test_a_recovery_hint_decides_who_can_mend_a_failure(collected: Rig, home: Path):
    error = {"message": "no", "retryable": False, "code": "site_changed", "recovery_hint": "update_selector"}
    await collected.run(says(done(0, "failed", **error)))
    found = await health(collected, home)
    assert (found.verdict, found.needs_you) == (Verdict.FAILED, 0)
    assert "failed_for_good" in [condition.rule.reason for condition in found.conditions]


async def test_a_source_that_cannot_be_read_is_evidence_and_no_error(collected: Rig, home: Path):
    await collected.run(GOOD)
    (home / "polyfills" / "test" / "manifest.json").write_text("{", encoding="utf-8")
    found = await health(collected, home)
    assert (found.verdict, found.axes[Axis.RUNTIME]["status"]) == (Verdict.FAILED, "failing")


async def test_without_a_saved_session_the_owner_has_to_sign_in(collected: Rig, home: Path):
    (home / "sessions" / "work.sealed").unlink()
    found = await health(collected, home)
    assert found.verdict is Verdict.ATTENTION
    assert [action.reason for action in found.next_actions] == ["no_session"]
