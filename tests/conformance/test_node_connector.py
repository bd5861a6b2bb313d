"""A connector written in another language from the protocol's text alone, run as it is (profile: the whole of it).

Here its messages are read as they come, with no engine in between.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from polyhost.connectors.base import Batch, ConnectorExited
from polyhost.connectors.stdio import StdioConnector
from polyhost.protocol.manifest import load_manifest
from polyhost.protocol.messages import Done, Interaction, Progress, parse_message

FOLDER = Path(__file__).parent / "node"
MANIFEST = load_manifest(json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8")))
ALL_STREAMS = [{"name": stream.name} for stream in MANIFEST.streams]


class NoCalls:
    async def windows(self, stream: str, partition: str):
        raise AssertionError

    async def groups(self, stream: str, partition: str, ids):
        raise AssertionError

    async def unpaused(self) -> None:
        pass


def start(streams: list[dict[str, Any]] | None = None, state: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "START",
        "run_id": "run_1",
        "collection_mode": "incremental" if state else "full_refresh",
        "scope": {"streams": streams or ALL_STREAMS},
        "state": state,
        "bindings": {"network": {}},
    }


async def collect(
    *arguments: str, streams=None, state=None, answer: dict[str, Any] | None = None, cancel_at: str = "-"
) -> tuple[list[dict[str, Any]], ConnectorExited]:
    """Run it to its end as the engine would: answer, cancel, acknowledge, finish."""
    assert MANIFEST.stdio is not None
    heard: list[dict[str, Any]] = []
    async with StdioConnector([*MANIFEST.stdio.command, *arguments], FOLDER).open(NoCalls()) as session:
        await session.send(start(streams, state))
        async for event in session.events():
            if isinstance(event, ConnectorExited):
                return heard, event
            assert isinstance(event, Batch)
            for raw in event.messages:
                assert isinstance(raw, dict)
                heard.append(raw)
                message = parse_message(raw)
                if isinstance(message, Interaction):
                    assert answer is not None
                    await session.send({"type": "INTERACTION_RESPONSE", "request_id": message.request_id, **answer})
                if isinstance(message, Progress) and message.message == cancel_at:
                    await session.terminate()
            await session.acknowledge(event)
            if isinstance(parse_message(heard[-1]), Done):
                return heard, await session.finish()
    raise AssertionError("no end")


def records(messages: list[dict[str, Any]], stream: str) -> dict[str, Any]:
    chosen = [message for message in messages if message["type"] == "RECORD" and message["stream"] == stream]
    return {json.dumps(message["key"]).strip('"'): message["data"] for message in chosen}


def cursors(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {message["stream"]: message["cursor"] for message in messages if message["type"] == "STATE"}


pytestmark = [pytest.mark.requirement("PR-4.6"), pytest.mark.usefixtures("node_on_path")]


async def test_a_first_run_hands_over_everything_and_ends_well():
    messages, exited = await collect()
    assert messages[-1] == {"type": "DONE", "status": "succeeded", "records_emitted": 7}
    assert exited == ConnectorExited(0)
    assert records(messages, "notes")["n2"]["text"] == "two\u2028lines, \u0085 and \u2029 more"
    assert [message["key"] for message in messages if message.get("stream") == "stickers"][1] == [
        "n2",
        'quote " and \\',
    ]


async def test_a_second_run_gets_its_own_cursor_back_untouched_and_brings_only_what_is_new():
    first, _ = await collect()
    second, exited = await collect("--day", "2", streams=[{"name": "notes"}], state=cursors(first))
    assert (second[-1]["status"], exited.status) == ("succeeded", 0)
    assert set(records(second, "notes")) == {"n4", "n1", "n3"}


async def test_a_cursor_that_was_touched_would_be_noticed():
    """Otherwise the test above would prove nothing."""
    first, _ = await collect()
    state = cursors(first)
    state["notes"]["body"]["nested"].reverse()
    second, exited = await collect("--day", "2", state=state)
    assert (second[-1]["error"]["code"], exited.status) == ("cursor_damaged", 1)


async def test_a_deletion_is_a_tombstone_without_data():
    messages, _ = await collect("--day", "2")
    tombstones = [message for message in messages if message.get("op") == "delete"]
    assert [(message["key"], message["data"]) for message in tombstones] == [("n3", None)]


@pytest.mark.requirement("PR-4.4")
async def test_an_interaction_is_answered_and_the_run_goes_on():
    messages, exited = await collect("--behaviour", "ask", answer={"status": "success", "data": {"code": "424242"}})
    assert [message["type"] for message in messages].count("INTERACTION") == 1
    assert (messages[-1]["status"], exited.status) == ("succeeded", 0)
    assert len(records(messages, "notes")) == 3


@pytest.mark.requirement("PR-4.4")
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"status": "timeout"}, "code_missing"),
        ({"status": "cancelled"}, "code_missing"),
        ({"status": "success", "data": {"code": "0"}}, "code_wrong"),
    ],
)
async def test_an_interaction_that_is_not_answered_fails_with_what_would_help(answer, code):
    messages, exited = await collect("--behaviour", "ask", answer=answer)
    done = parse_message(messages[-1])
    assert isinstance(done, Done)
    assert done.error is not None
    assert (done.error.code, exited.status) == (code, 1)


@pytest.mark.requirement("PR-4.7")
async def test_a_certified_failure_of_one_stream_leaves_the_others_collected():
    messages, exited = await collect("--behaviour", "fail-notes")
    skipped = [message for message in messages if message["type"] == "SKIP_RESULT"]
    assert [(message["stream"], message["reason"]) for message in skipped] == [("notes", "stream_collection_failed")]
    assert messages[-1]["error"]["code"] == "stream_collection_failed"
    assert set(cursors(messages)) == {"folders"}
    assert len(records(messages, "stickers")) == 2
    assert exited.status == 1


async def test_a_cancelled_run_ends_without_a_cursor():
    messages, exited = await collect("--behaviour", "wait", cancel_at="waiting")
    assert exited.status == 1
    assert "notes" not in cursors(messages)
    assert records(messages, "notes")


async def test_a_crash_is_told_with_its_status():
    messages, exited = await collect("--behaviour", "crash")
    assert exited.status == 70
    assert records(messages, "notes")


@pytest.mark.requirement("PR-3.1")
async def test_resources_time_range_and_fields_reach_it_and_are_kept():
    scope = [
        {"name": "folders", "resources": ["home"]},
        {
            "name": "notes",
            "resources": ["home", "n1"],
            "time_range": {"since": "2026-01-01T08:00:00Z", "until": "2026-01-02T08:00:00Z"},
            "fields": ["id", "created_at"],
        },
    ]
    messages, _ = await collect(streams=scope)
    assert records(messages, "folders") == {"home": {"id": "home", "name": "Zuhause 🏡"}}
    assert records(messages, "notes") == {"n1": {"id": "n1", "created_at": "2026-01-01T08:00:00Z"}}


async def test_it_can_be_made_to_stray():
    """For the engine to reject: a note whose folder was not asked for."""
    messages, _ = await collect("--behaviour", "stray", streams=[{"name": "notes", "resources": ["work"]}])
    assert records(messages, "notes")["n9"]["folder_id"] == "attic"
