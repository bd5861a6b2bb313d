"""Parting from a connection, keeping or deleting its data; and giving it another name (ours)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from e2e.command import CommandLine
from e2e.owner import NAME, Owner
from polyhost.engine.run.lease import hold_lease
from polyhost.engine.sessions.saved import load_session, profile_folder, session_saved_at
from polyhost.errors import RefusedError
from polyhost.operations.connections import (
    ConnectionsRequest,
    DisconnectRequest,
    RenameRequest,
    connections,
    disconnect,
    rename,
)
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.receipts import BatchesRequest, ReceiptRequest, batches, receipt
from polyhost.operations.records import RecordsRequest, records
from polyhost.operations.runs import RunDetailsRequest, RunRequest, RunsRequest, run, run_details, runs
from polyhost.operations.status import StatusRequest, status


async def health(owner: Owner) -> dict[str, Any]:
    return (await status(owner.context(), StatusRequest(name=NAME))).value


async def leave(owner: Owner, context: Context | None = None, **how: bool) -> Result:
    return await disconnect(context or owner.context(), DisconnectRequest(name=NAME, **how))


def in_the_files(owner: Owner, text: str) -> bool:
    return any(text.encode() in file.read_bytes() for file in owner.home.glob("store.db*"))


async def refusal(attempt: Any) -> str:
    with pytest.raises(RefusedError) as refused:
        await attempt
    return refused.value.code


async def test_a_disconnected_connection_keeps_its_data_and_nothing_is_asked_of_its_owner(owner: Owner):
    before = await owner.records("messages")
    profile_folder(owner.home, NAME).mkdir(parents=True)
    left = await leave(owner, keep_data=True)
    assert left.value["data"] == "kept"
    assert await owner.records("messages") == before
    assert session_saved_at(owner.home, NAME) is None
    assert not profile_folder(owner.home, NAME).exists()
    shown = await health(owner)
    assert (shown["verdict"], shown["needs_you"], shown["axes"]["credentials"]["status"]) == ("idle", 0, "disconnected")
    (row,) = (await connections(owner.context(), ConnectionsRequest())).value["connections"]
    assert row["disconnected_at"] is not None
    assert await refusal(owner.run()) == "disconnected"


async def test_disconnected_twice_it_is_so_since_the_first_time(owner: Owner):
    await leave(owner, keep_data=True)
    since = (await health(owner))["axes"]["credentials"]["since"]
    owner.clock.passed += timedelta(days=1)
    await leave(owner, keep_data=True)
    assert (await health(owner))["axes"]["credentials"]["since"] == since


async def test_connected_again_it_goes_on_where_it_was(owner: Owner):
    await leave(owner, keep_data=True)
    await owner.connect(renew=True)
    ran = await owner.run()
    assert (ran.status, ran.counts("messages")) == ("complete", (0, 0, 0))
    assert (await health(owner))["verdict"] == "healthy"


async def test_deleted_it_is_gone_with_everything(owner: Owner):
    text = next(found for record in await owner.records("messages") if len(found := record["data"]["text"]) > 20)
    assert in_the_files(owner, text)
    left = await leave(owner, delete_data=True)
    assert not in_the_files(owner, text)
    assert left.value["data"] == "deleted"
    assert left.value["records"] > 0
    assert (await connections(owner.context(), ConnectionsRequest())).value["connections"] == []
    assert session_saved_at(owner.home, NAME) is None


async def test_nothing_happens_where_nobody_says_what_is_to_become_of_the_data(owner: Owner):
    assert await refusal(leave(owner)) == "answer_needed"
    assert await refusal(leave(owner, keep_data=True, delete_data=True)) == "bad_request"
    assert load_session(owner.home, NAME) is not None


@pytest.mark.parametrize(("answer", "data"), [("keep", "kept"), ("delete", "deleted"), ("cancel", None)])
async def test_at_a_terminal_the_owner_is_asked(owner: Owner, answer: str, data: str | None):
    asked: list[str] = []

    async def choose(question: str, answers: Mapping[str, str]) -> str:
        asked.append(question)
        assert answer in answers
        return answer

    context = owner.context()
    context.choose = choose
    if data is None:
        assert await refusal(leave(owner, context)) == "answer_needed"
        assert load_session(owner.home, NAME) is not None
    else:
        assert (await leave(owner, context)).value["data"] == data
    assert "records" in asked[0]


@pytest.mark.parametrize("how", ["disconnect", "rename"])
async def test_a_connection_that_is_being_collected_is_left_alone(owner: Owner, how: str):
    async with owner.context().store() as store:
        row = await store.connections.get(NAME)
        assert row is not None
        async with hold_lease(store, row, "run_1", owner.clock):
            attempt = (
                leave(owner, delete_data=True)
                if how == "disconnect"
                else rename(owner.context(), RenameRequest(name=NAME, to="work"))
            )
            assert await refusal(attempt) == "run_in_progress"
    assert load_session(owner.home, NAME) is not None
    assert await owner.records("messages")


async def test_a_renamed_connection_has_everything_it_had(owner: Owner):
    before, session = await owner.records("messages"), load_session(owner.home, NAME)
    profile_folder(owner.home, NAME).mkdir(parents=True)
    (profile_folder(owner.home, NAME) / "kept").touch()
    renamed = await rename(owner.context(), RenameRequest(name=NAME, to="work"))
    assert renamed.value == {"connection": "work", "was": NAME, "notes": []}
    asked = RecordsRequest(name="work", stream="messages", limit=0)
    assert (await records(owner.context(), asked)).value["records"] == before
    assert load_session(owner.home, "work") == session
    assert session_saved_at(owner.home, NAME) is None
    assert (profile_folder(owner.home, "work") / "kept").exists()
    ran = await run(owner.context(), RunRequest(name="work", map_host=tuple(owner.slack.map_host), insecure_tls=True))
    assert ran.value["status"] == "complete"
    told = (await batches(owner.context(), BatchesRequest(name="work"))).value["batches"]
    assert [one["connection"] for one in told] == ["work"] * len(told)
    oldest = (await receipt(owner.context(), ReceiptRequest(batch=told[-1]["batch_id"]))).value
    assert oldest == told[-1]
    rows = (await runs(owner.context(), RunsRequest(name="work"))).value["runs"]
    detailed = (await run_details(owner.context(), RunDetailsRequest(run=rows[-1]["run_id"]))).value
    assert (detailed["connection"], detailed["receipt"]) == ("work", oldest)
    assert await refusal(owner.records("messages")) == "unknown_connection"


async def test_a_name_that_is_taken_or_none_is_refused_and_nothing_changes(owner: Owner):
    assert await refusal(rename(owner.context(), RenameRequest(name=NAME, to=NAME))) == "name_taken"
    assert await refusal(rename(owner.context(), RenameRequest(name=NAME, to="../x"))) == "bad_name"
    assert load_session(owner.home, NAME) is not None


async def test_a_session_that_cannot_be_opened_does_not_keep_its_connection_from_its_new_name(owner: Owner):
    (sealed,) = (owner.home / "sessions").glob("*.sealed")
    sealed.write_bytes(b"broken")
    renamed = await rename(owner.context(), RenameRequest(name=NAME, to="work"))
    assert "--name work --renew" in renamed.value["notes"][0]
    assert not sealed.exists()


async def test_away_from_a_terminal_the_command_refuses_with_the_flags_to_give(
    command: CommandLine, home, collected_home, owner: Owner
):
    ended = await command("disconnect", NAME)
    assert ended.exit_code == 2
    assert "--keep-data or --delete-data" in ended.complaint
    ended = await command("disconnect", NAME, "--keep-data")
    assert (ended.exit_code, "kept" in ended.stdout) == (0, True)
