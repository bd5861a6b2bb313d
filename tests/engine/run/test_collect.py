"""A run's order and its ends, over both stores: what is durable, what commits, what ends a connector (PR-4)."""

import json
from collections.abc import AsyncGenerator

import pytest

from engine.rig import Rig, hang, says
from playbooks import certified, done, looked, manifest, record, skip, state, stream
from polyhost.connectors.scripted import FLUSH, RESTART, Said, ScriptHost
from polyhost.engine.events import ConnectorRestarted, ProgressReported, RunFinished
from polyhost.engine.run import lease
from polyhost.errors import RefusedError
from polyhost.protocol.diagnostics import RunStatus
from polyhost.store.base import SaveCheckpoints

TWO = manifest(stream("folders"), stream("notes", required=False))
CHILDREN = manifest(
    stream("parents"),
    stream("children", parent_streams=["parents"], coverage_strategy="parent_detail_accounting", required=False),
    stream("other", required=False),
)


@pytest.mark.requirement("PR-4.2")
async def test_a_cursor_commits_after_every_record_and_each_batch_is_acknowledged_once_it_is_durable(rig: Rig):
    await rig.connected(TWO)
    result = await rig.run(
        says(
            record("folders", "f1"), FLUSH, state("folders", 1), record("notes", "n1"), FLUSH, state("notes", {"a": 1})
        )
    )
    assert result["status"] == "complete"
    assert [entry for entry in rig.log if entry[0] != "acknowledged"] == [
        ("stored", "f1"),
        ("stored", "n1"),
        ("cursors", {"folders": 1, "notes": {"a": 1}}),
    ]
    assert rig.log.index(("stored", "f1")) < rig.log.index(("acknowledged", 1))
    assert rig.log.index(("stored", "n1")) < rig.log.index(("acknowledged", 2))


@pytest.mark.requirement("PR-4.2")
async def test_a_batch_that_is_not_durable_is_not_acknowledged(rig: Rig):
    await rig.connected(TWO)
    rig.store.fails = lambda _: ("stored", "n1") in rig.log

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield record("notes", "n1")
        yield FLUSH
        await rig.log.has("acknowledged", 1)
        yield record("notes", "n2")
        yield FLUSH
        await hang()

    result = await rig.run(script)
    assert (result["status"], result["error"]["code"]) == ("failed", "disk_full")
    assert ("acknowledged", 2) not in rig.log
    assert await rig.keys("notes") == ["n1"]


@pytest.mark.requirement("PR-4.2")
async def test_the_next_run_is_given_the_cursor_that_was_kept_and_a_full_run_is_not(rig: Rig):
    await rig.connected(TWO)
    cursor = {"z": 1, "deep": [None, 1.5, {"ключ": "", "a": {}}], "a": 1.0}
    await rig.run(says(state("notes", cursor)))
    assert rig.starts[0]["state"] is None
    await rig.run(says(state("notes", cursor)))
    assert json.dumps(rig.starts[0]["state"]["notes"]) == json.dumps(cursor)  # to the order of its keys
    await rig.run(says(), full=True)
    assert (rig.starts[0]["state"], rig.starts[0]["collection_mode"]) == (None, "full_refresh")


@pytest.mark.requirement("PR-4.2")
@pytest.mark.parametrize("end", [done(1, "failed"), done(1, "failed", code="source_down"), done(1, "cancelled")])
async def test_a_run_that_failed_keeps_records_and_moves_no_cursor(rig: Rig, end):
    await rig.connected(TWO)
    result = await rig.run(says(record("notes", "n1"), state("notes"), end))
    assert result["status"] == "failed"
    assert await rig.keys("notes") == ["n1"]
    assert await rig.cursors() == {}


async def test_a_connector_that_says_cancelled_has_failed_on_every_surface(rig: Rig):
    """As if its owner had pressed Ctrl-C: nobody would look."""
    await rig.connected(TWO)
    result = await rig.run(says(record("notes", "n1"), done(1, "cancelled")))
    assert RunStatus(result["status"]).exit_code == 1
    assert (result["error"]["code"], result["receipt"]["status"]) == ("cancelled_by_connector", "failed")
    assert rig.codes(result) == [("stream_failed", None)]
    assert (await rig.store.runs.get(result["run_id"])).status == "failed"


@pytest.mark.requirement("PR-4.2", "PR-4.7")
async def test_a_certified_failure_commits_exactly_the_eligible_cursors(rig: Rig):
    """`children` is silent about `parents`, so that cursor may not move either."""
    await rig.connected(CHILDREN)
    result = await rig.run(
        says(
            record("parents", "p1"),
            state("parents", 1),
            record("other", "o1"),
            state("other", 2),
            skip("children"),
            certified(2),
        )
    )
    assert (result["status"], result["error"]["code"]) == ("failed", "stream_collection_failed")
    assert await rig.cursors() == {"other": 2}
    assert result["withheld"] == {"parents": "stream_failed"}
    assert (await rig.keys("parents"), await rig.keys("other")) == (["p1"], ["o1"])


@pytest.mark.requirement("PR-4.7")
async def test_an_optional_stream_that_fails_leaves_the_others_records_and_cursors(rig: Rig):
    await rig.connected(TWO)
    result = await rig.run(
        says(record("folders", "f1"), state("folders", 7), record("notes", "n1"), state("notes", 8), skip("notes"))
    )
    assert result["status"] == "complete_with_gaps"
    assert ("stream_failed", "notes") in rig.codes(result)
    assert (await rig.keys("folders"), await rig.keys("notes")) == (["f1"], ["n1"])
    assert await rig.cursors() == {"folders": 7}


@pytest.mark.requirement("PR-4.7")
async def test_a_required_stream_that_fails_fails_the_run_whatever_the_connector_calls_it(rig: Rig):
    await rig.connected(TWO)
    result = await rig.run(says(state("notes", 8), state("folders", 7), skip("folders")))
    assert result["status"] == "failed"
    assert await rig.cursors() == {"notes": 8}


@pytest.mark.requirement("PR-4.1", "PR-4.5")
async def test_a_message_after_done_fails_the_run_and_moves_no_cursor(rig: Rig):
    await rig.connected(TWO)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield record("notes", "n1")
        yield state("notes")
        yield done(1)
        yield record("notes", "n2")

    result = await rig.run(script)
    assert (result["status"], result["error"]["code"]) == ("failed", "protocol_violation")
    assert (await rig.keys("notes"), await rig.cursors()) == (["n1"], {})


@pytest.mark.requirement("PR-4.5")
async def test_what_a_wrong_message_said_is_neither_stored_nor_told(rig: Rig):
    secret = "xoxc-171717"
    await rig.connected(TWO)
    result = await rig.run(says(record("notes", "n1"), {"type": secret, "text": secret}))
    assert result["error"]["code"] == "protocol_violation"
    run = await rig.store.runs.get(result["run_id"])
    batch = await rig.store.runs.batch(run.batch_id)
    assert secret not in repr((result, run, batch, rig.events))
    assert await rig.keys("notes") == ["n1"]


@pytest.mark.requirement("PR-4.2", "PR-2.6")
async def test_a_connector_that_dies_leaves_its_records_and_no_cursor(rig: Rig):
    await rig.connected(TWO)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield record("notes", "n1")
        yield state("notes")

    result = await rig.run(script)
    assert (result["status"], result["error"]["code"]) == ("failed", "connector_crashed")
    assert (await rig.keys("notes"), await rig.cursors()) == (["n1"], {})


@pytest.mark.requirement("PR-4.2")
async def test_a_cancel_keeps_every_record_that_was_handed_over_and_moves_no_cursor(rig: Rig):
    """Batches are still waiting for the writer when the owner cancels."""
    await rig.connected(TWO)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        for number in range(3):
            yield record("notes", f"n{number}")
            yield FLUSH
        yield state("notes")
        yield {"type": "PROGRESS", "message": "now"}
        yield FLUSH
        await hang()

    def cancel_on_progress(event) -> None:
        if isinstance(event, ProgressReported):
            rig.cancelled.set()

    rig.events = _Calls(cancel_on_progress)
    result = await rig.run(script)
    assert result["status"] == "cancelled"
    assert await rig.keys("notes") == ["n0", "n1", "n2"]
    assert await rig.cursors() == {}
    assert (await rig.store.runs.get(result["run_id"])).status == "cancelled"


@pytest.mark.requirement("PR-4.2")
async def test_a_cancel_outranks_a_done_that_waits_for_its_records(rig: Rig):
    await rig.connected(TWO)
    rig.store.fails = lambda _: rig.cancelled.set() or False  # the owner cancels while the last batch is written
    result = await rig.run(says(record("notes", "n1"), state("notes")))
    assert (result["status"], await rig.cursors()) == ("cancelled", {})


@pytest.mark.requirement("PR-4.2")
async def test_a_cancel_before_the_connector_said_anything_ends_the_run(rig: Rig):
    await rig.connected(TWO)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        rig.cancelled.set()
        await hang()
        yield done()

    assert (await rig.run(script))["status"] == "cancelled"


@pytest.mark.parametrize("failing", [1, 2, 3])
@pytest.mark.requirement("PR-4.2", "PR-2.6")
async def test_a_store_that_fails_in_the_middle_fails_the_run_and_the_next_one_finishes_it(rig: Rig, failing: int):
    await rig.connected(TWO)
    writes = 0

    def fails(ops) -> bool:
        nonlocal writes
        writes += 1
        return writes == failing

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        for number in range(2):
            yield record("notes", f"n{number}")
            yield FLUSH
            await rig.log.has("acknowledged", number + 1)
        yield state("notes", 5)
        yield looked("folders")
        yield done(2)

    rig.store.fails = fails
    result = await rig.run(script)
    assert (result["status"], result["error"]["code"]) == ("failed", "disk_full")
    assert await rig.keys("notes") == [f"n{number}" for number in range(min(failing - 1, 2))]
    assert await rig.cursors() == {}
    assert (await rig.run(script))["status"] == "complete"
    assert (await rig.keys("notes"), await rig.cursors()) == (["n0", "n1"], {"notes": 5})


@pytest.mark.requirement("PR-4.2")
async def test_cursors_that_cannot_be_saved_are_named_and_none_of_them_moved(rig: Rig):
    await rig.connected(TWO)
    rig.store.fails = lambda ops: any(isinstance(op, SaveCheckpoints) for op in ops)
    result = await rig.run(says(record("notes", "n1"), state("notes"), state("folders")))
    assert result["error"]["code"] == "disk_full"
    assert all(name in result["error"]["reason"] for name in ("notes", "folders"))
    assert (await rig.keys("notes"), await rig.cursors()) == (["n1"], {})


@pytest.mark.requirement("PR-4.2")
async def test_a_lost_lease_ends_the_run_and_what_was_stored_stays(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.03)
    await rig.connected(TWO)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield record("notes", "n1")
        yield FLUSH
        await rig.log.has("acknowledged", 1)
        rig.store.lease_is_ours = False
        await hang()

    result = await rig.run(script)
    assert (result["status"], result["error"]["code"]) == ("failed", "lease_lost")
    assert (await rig.keys("notes"), await rig.cursors()) == (["n1"], {})


async def test_a_connection_is_collected_by_one_run_at_a_time(rig: Rig):
    await rig.connected(TWO)
    refused: list[str] = []

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        try:
            await Rig.run(other, says())
        except RefusedError as error:
            refused.append(error.code)
        yield looked("folders")
        yield looked("notes")
        yield done()

    other = Rig(rig.store.inner)
    other.manifest, other.connection = rig.manifest, rig.connection
    assert (await rig.run(script))["status"] == "complete"
    assert refused == ["run_in_progress"]


@pytest.mark.requirement("PR-4.3")
async def test_a_required_binding_that_is_lacking_is_refused_and_nothing_is_written(rig: Rig):
    needs = {"bindings": {"browser": {"required": True}, "network": {"required": False}}}
    await rig.connected(manifest(stream("notes"), runtime_requirements=needs))
    with pytest.raises(RefusedError) as refused:
        await rig.run(says())
    assert (refused.value.code, refused.value.binding) == ("binding_missing", "browser")  # type: ignore[attr-defined]
    assert rig.starts == []
    assert await rig.store.runs.newest(rig.connection.id) == []


@pytest.mark.requirement("PR-4.3")
async def test_a_connector_is_given_the_bindings_it_declared_and_no_other(rig: Rig):
    needs = {"bindings": {"network": {"required": False}, "filesystem": {"required": False}}}
    await rig.connected(manifest(stream("notes"), runtime_requirements=needs))
    await rig.run(says(), bindings={"network": {}, "loopback_listen": {}})
    assert rig.starts[0]["bindings"] == {"network": {}}


@pytest.mark.requirement("PR-4.1")
async def test_a_restarted_connector_gets_start_again_with_its_cursor_and_its_count(rig: Rig):
    await rig.connected(TWO)
    await rig.run(says(state("notes", 3)))

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        if "resume" not in host.start:
            yield record("notes", "n1")
            yield FLUSH
            yield record("notes", "lost")
            yield RESTART
        yield record("notes", "n2")
        yield state("notes", 4)
        yield looked("folders")
        yield done(host.start["resume"]["records_emitted"] + 1)

    result = await rig.run(script)
    assert result["status"] == "complete"
    first, second = rig.starts
    assert (first["state"], second["state"]) == ({"notes": 3}, {"notes": 3})
    assert second["resume"] == {"records_emitted": 1}
    assert first["run_id"] == second["run_id"]
    assert await rig.keys("notes") == ["n1", "n2"]
    assert await rig.cursors() == {"notes": 4}
    assert any(isinstance(event, ConnectorRestarted) for event in rig.events)


async def test_the_result_that_is_told_is_the_one_that_is_stored(rig: Rig):
    await rig.connected(TWO)
    result = await rig.run(says(record("notes", "n1"), looked("folders")))
    told = [event.result for event in rig.events if isinstance(event, RunFinished)]
    run = await rig.store.runs.get(result["run_id"])
    assert told == [result]
    assert (run.result, run.status) == (result, "complete")


class _Calls(list):
    """A list of events that calls someone for each."""

    def __init__(self, call) -> None:
        super().__init__()
        self._call = call

    def append(self, event) -> None:
        super().append(event)
        self._call(event)
