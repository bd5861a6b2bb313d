"""What a polyfill's script asks of its host: anything is answered or refused, and ends nothing else (RS-1.6; ours)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrary import anything, bent
from engine.rig import StillClock
from playbooks import AT, MESSAGES, manifest
from polyhost.browser.fence import Fence
from polyhost.browser.governor import Gate, Governor
from polyhost.connectors.base import HostCalls, Traffic
from polyhost.connectors.page_calls import MAX_GROUPS, WRONG_CALL, PageCalls
from polyhost.engine.run.ledger import RunLedger
from polyhost.engine.run.partition_rules import partition_rules
from polyhost.errors import RunFailedError
from polyhost.ledger.state import PartitionState, Range
from polyhost.protocol.scope_request import resolve_request
from polyhost.store.base import SavePartitions
from polyhost.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("RS-1.6")

CHATS = manifest(MESSAGES)
READ = PartitionState(stream="messages", key="C1", covered=(Range(None, "5.0"),), first_seen=AT, last_seen=AT)
VALID: dict[str, dict[str, Any]] = {
    "permit": {"endpoint": "history", "host": "site.test", "outcomes": [["history", 200]]},
    "retry": {"endpoint": "history", "status": 503, "attempt": 1, "retry_after": "1"},
    "fenced": {"hosts": ["elsewhere.test"]},
    "windows": {"stream": "messages", "partition": "C1"},
    "groups": {"stream": "messages", "partition": "C1", "ids": ["1.0", "2.0"]},
    "exceptions": {"stream": "messages", "partition": "C1"},
    "discovered": {"hosts": [{"host": "https://files.site.test", "why": "files"}]},
    "fileHeaders": {"host": "site.test", "headers": {"Authorization": "Bearer b"}},
    "refused": {"method": "emit"},
}


async def _unslept(_seconds: float) -> None:
    """Nobody waits in a test."""


async def _ledger() -> RunLedger:
    store = MemoryStore()
    row = await store.connections.create(name="work", source="test", nature="live", options={}, account={}, at=AT)
    await store.write(row.id, None, [SavePartitions([READ])])
    scope = resolve_request(CHATS, {})
    return await RunLedger.load(store, row.id, partition_rules(CHATS, scope), scope, StillClock(), full=False)


class Held(HostCalls):
    """The ledger's answers, and nobody pauses."""

    def __init__(self, ledger: RunLedger) -> None:
        self._ledger = ledger

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        return await self._ledger.windows(stream, partition)

    async def groups(self, stream: str, partition: str, ids: Any) -> dict[str, dict[str, Any]]:
        return await self._ledger.groups(stream, partition, ids)

    async def due_exceptions(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
        return await self._ledger.due_exceptions(stream, partition)

    async def unpaused(self) -> None:
        pass


async def calls(traffic: Traffic | None = None) -> PageCalls:
    traffic = traffic or Traffic()
    governor = Governor()
    governor.begin_run(traffic)
    gate = Gate(governor, clock=lambda: 1_795_000_000.0, sleep=_unslept, pace=False)
    fence = Fence(["site.test"], traffic.blocked, spawn=lambda work: work.close())  # there is no page to answer
    return PageCalls(Held(await _ledger()), gate, fence, traffic, site="https://site.test")


@pytest.mark.parametrize("method", VALID)
async def test_what_the_sdk_sends_is_answered(method: str) -> None:
    answer = await (await calls()).answer(method, VALID[method])
    assert set(answer) == {"result"}


@given(method=st.sampled_from([*VALID, "eval", ""]), data=st.data())
async def test_anything_is_answered_or_refused_and_what_is_wrong_is_counted(method: str, data: st.DataObject) -> None:
    given_params = data.draw(bent(VALID[method]) if method in VALID else st.dictionaries(st.text(), anything))
    traffic = Traffic()
    answer = await (await calls(traffic)).answer(method, given_params)
    assert set(answer) in ({"result"}, {"refusal", "code"})
    wrong = answer.get("code") == WRONG_CALL
    counted = sum(traffic.refused.values())
    assert counted == (wrong or method == "refused")


@pytest.mark.parametrize(
    ("method", "params", "named"),
    [
        ("groups", {"stream": "messages", "partition": "C1", "ids": ["1.0", None]}, "host.groups: ids.1"),
        ("groups", {"stream": "messages", "partition": None, "ids": []}, "host.groups: partition"),
        ("groups", {"stream": "messages", "partition": "C1", "ids": ["1.0"] * (MAX_GROUPS + 1)}, "host.groups: ids"),
        ("windows", {"stream": 5, "partition": "C1"}, "host.windows: stream"),
        ("permit", {"endpoint": "x", "host": "site.test", "outcomes": [["x"]]}, "host.permit: outcomes.0"),
        ("retry", {"endpoint": "x", "status": True, "attempt": 1, "retry_after": None}, "host.retry: status"),
        ("retry", {"endpoint": "x", "status": 500, "attempt": 1, "retry_after": 5}, "host.retry: retry_after"),
    ],
)
async def test_a_wrong_argument_is_named_and_what_stood_there_is_not(
    method: str, params: dict[str, Any], named: str
) -> None:
    traffic = Traffic()
    answer = await (await calls(traffic)).answer(method, params)
    assert answer["refusal"].startswith(named)
    assert traffic.refused == {method: 1}


async def test_a_question_with_a_group_that_is_no_position_is_refused_whole() -> None:
    """An answer that leaves one out would read as if nothing were stored of it."""
    params = {"stream": "messages", "partition": "C1", "ids": ["soon", "1.0"]}
    answer = await (await calls()).answer("groups", params)
    assert answer["refusal"].startswith("host.groups: ids holds what is no position in the order decimal")
    assert "soon" not in answer["refusal"]


async def test_a_refusal_that_is_no_fault_of_the_script_is_not_counted_as_one() -> None:
    traffic = Traffic()
    params = {"endpoint": "x", "host": "elsewhere.test", "outcomes": []}
    assert (await (await calls(traffic)).answer("permit", params))["code"] == "refused"
    assert traffic.refused == {}


async def test_a_pause_longer_than_a_run_may_take_is_told_instead_of_waited_for() -> None:
    governor = Governor()
    governor.outcome("x", 429, 1_795_000_000.0, retry_after=7200.0)
    gate = Gate(governor, clock=lambda: 1_795_000_000.0, sleep=_unslept)
    with pytest.raises(RunFailedError, match="120 minutes") as refused:
        await gate.permit("x")
    assert refused.value.code == "rate_limited"
