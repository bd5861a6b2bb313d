"""What every kind of connector promises at the seam of connectors/base.py, whatever it is made of (ours).

One small language of steps is spoken by a child process, by a script in memory and by a polyfill in a real browser.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Route

from background import background
from polyhost.connectors.base import Batch, Connector, ConnectorExited, ConnectorSession
from polyhost.connectors.page import PageConnector, PagePolyfill
from polyhost.connectors.scripted import FLUSH, ScriptedConnector, ScriptHost
from polyhost.connectors.stdio import StdioConnector

CREDIT = 12
MOST_MESSAGES = 200
"""In one batch, whichever connector it is of."""
STUCK_SECONDS = 0.3
"""How long something that must not happen gets to happen."""
EMITTED_AT = "2026-01-01T00:00:00Z"
SCOPE = {"streams": [{"name": "notes", "resources": ["a", "ü\u2028"], "time_range": {"since": "2026-01-01T00:00:00Z"}}]}
START = {
    "type": "START",
    "run_id": "run_1",
    "collection_mode": "incremental",
    "scope": SCOPE,
    "state": {"notes": {"deep": [None, 1.5, {"ключ": "\u2028"}], "big": "9" * 100_000}},
    "bindings": {"network": {}},
}

ECHO = {"do": "echo"}
ASK = {"do": "ask"}


def records(count: int) -> dict[str, Any]:
    return {"do": "records", "count": count}


# ---------------------------------------------------------------- the same steps, three times

CHILD = """
import json, sys
def say(**message): sys.stdout.write(json.dumps(message) + "\\n"); sys.stdout.flush()
start, emitted = json.loads(sys.stdin.readline()), 0
for step in json.loads(sys.argv[1]):
    if step["do"] == "echo":
        say(type="PROGRESS", message=json.dumps(start["scope"]))
        say(type="STATE", stream="notes", cursor=start["state"]["notes"])
    elif step["do"] == "ask":
        say(type="INTERACTION", request_id="1", kind="otp", message="code")
        answer = json.loads(sys.stdin.readline())
        say(type="STATE", stream="notes", cursor=[answer["status"], answer.get("data")])
    else:
        for n in range(step["count"]):
            emitted += 1
            say(type="RECORD", stream="notes", key=str(n), data={"id": str(n)}, emitted_at="2026-01-01T00:00:00Z")
say(type="DONE", status="succeeded", records_emitted=emitted)
sys.stdin.read()
"""

POLYFILL = """
polyfill(async (host) => {
  for (const step of STEPS) {
    if (step.do === "echo") {
      await host.progress(JSON.stringify(host.start.scope));
      await host.state("notes", host.start.state.notes);
    } else if (step.do === "ask") {
      const answer = await host.ask({ kind: "otp", message: "code" });
      await host.state("notes", [answer.status, answer.data ?? null]);
    } else {
      for (let n = 0; n < step.count; n += 1) {
        await host.emit({ stream: "notes", key: `${n}`, data: { id: `${n}` }, emitted_at: "2026-01-01T00:00:00Z" });
      }
    }
  }
});
"""


def stdio(steps: list[dict[str, Any]], folder: Path) -> Connector:
    return StdioConnector([sys.executable, "-I", "-S", "-c", CHILD, json.dumps(steps)], folder)


def scripted(steps: list[dict[str, Any]], _folder: Path) -> Connector:
    async def script(host: ScriptHost) -> AsyncGenerator[Any]:
        emitted = 0
        for step in steps:
            if step["do"] == "echo":
                yield {"type": "PROGRESS", "message": json.dumps(host.start["scope"])}
                yield {"type": "STATE", "stream": "notes", "cursor": host.start["state"]["notes"]}
            elif step["do"] == "ask":
                yield {"type": "INTERACTION", "request_id": "1", "kind": "otp", "message": "code"}
                yield FLUSH
                answer = await host.answer()
                yield {"type": "STATE", "stream": "notes", "cursor": [answer["status"], answer.get("data")]}
            else:
                for n in range(step["count"]):
                    emitted += 1
                    data = {"id": str(n)}
                    yield {"type": "RECORD", "stream": "notes", "key": str(n), "data": data, "emitted_at": EMITTED_AT}
        yield {"type": "DONE", "status": "succeeded", "records_emitted": emitted}

    return ScriptedConnector(script)


def page(steps: list[dict[str, Any]], _folder: Path) -> Connector:
    async def empty(route: Route) -> None:
        await route.fulfill(content_type="text/html", body="<!doctype html><title>notes</title>")

    async def prepare(context: BrowserContext) -> None:
        await context.route("**/*", empty)

    script = f"const STEPS = {json.dumps(steps)};{POLYFILL}"
    polyfill = PagePolyfill(page="https://notes.test/", hosts=("notes.test",), script=script)
    return PageConnector(polyfill, prepare=prepare, pace=False)


Make = Callable[[list[dict[str, Any]], Path], Connector]


@pytest.fixture(params=[stdio, scripted, page], ids=lambda kind: kind.__name__)
def opened(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[..., contextlib.AbstractAsyncContextManager[ConnectorSession]]:
    """Open a connector of each kind that takes these steps; START is sent."""
    make: Make = request.param

    @contextlib.asynccontextmanager
    async def open_one(*steps: dict[str, Any]) -> AsyncIterator[ConnectorSession]:
        async with make(list(steps), tmp_path).open(NoCalls()) as session:
            await session.send(START)
            yield session

    return open_one


class NoCalls:
    async def windows(self, stream: str, partition: str):
        raise AssertionError

    async def groups(self, stream: str, partition: str, ids):
        raise AssertionError

    async def unpaused(self) -> None:
        pass


async def batches_until(session: ConnectorSession, kind: str) -> list[Batch]:
    """Batches, each acknowledged, up to the one with the first message of this type."""
    taken = []
    async for event in session.events():
        assert isinstance(event, Batch), event
        taken.append(event)
        await session.acknowledge(event)
        if any(message["type"] == kind for message in event.messages if isinstance(message, dict)):
            return taken
    raise AssertionError(kind)


def messages(batches: list[Batch]) -> list[Any]:
    return [message for batch in batches for message in batch.messages]


# ---------------------------------------------------------------- the promises


@pytest.mark.requirement("PR-3.1", "PR-4.1")
async def test_start_arrives_unchanged(opened):
    async with opened(ECHO) as session:
        heard = messages(await batches_until(session, "DONE"))
    assert json.loads(heard[0]["message"]) == SCOPE
    assert heard[1]["cursor"] == START["state"]["notes"]


@pytest.mark.requirement("PR-4.1")
async def test_messages_come_in_order_and_done_is_last(opened):
    async with opened(records(1234), ECHO, records(3)) as session:
        heard = messages(await batches_until(session, "DONE"))
    keys = [message["key"] for message in heard if message["type"] == "RECORD"]
    assert keys == [str(n) for n in [*range(1234), *range(3)]]
    assert [message["type"] for message in heard[1234:]] == ["PROGRESS", "STATE", *["RECORD"] * 3, "DONE"]
    assert heard[-1]["records_emitted"] == 1237


async def test_batches_are_numbered_and_bounded(opened):
    async with opened(records(450)) as session:
        taken = await batches_until(session, "DONE")
    assert [batch.number for batch in taken] == list(range(1, len(taken) + 1))
    assert max(len(batch.messages) for batch in taken) <= MOST_MESSAGES
    assert min(batch.size for batch in taken) > 0


async def test_a_connector_that_outruns_its_host_has_to_wait(opened):
    """No more than a small window is out unacknowledged; each acknowledgement lets one more through."""
    async with opened(records(3000)) as session:
        events = session.events()
        held = [await anext(events) for _ in range(CREDIT)]
        async with background(anext(events)) as following:
            await asyncio.wait({following}, timeout=STUCK_SECONDS)
            assert not following.done()
            await session.acknowledge(held[0])
            assert (await following).number == CREDIT + 1


@pytest.mark.requirement("PR-4.4")
async def test_a_question_comes_at_once_and_its_answer_arrives(opened):
    """It must not wait for a batch to fill: nothing follows it until it is answered."""
    async with opened(records(2), ASK) as session:
        question = messages(await batches_until(session, "INTERACTION"))[-1]
        data = {"code": "424242", "nested": ["ü", None]}
        await session.send(
            {"type": "INTERACTION_RESPONSE", "request_id": question["request_id"], "status": "success", "data": data}
        )
        heard = messages(await batches_until(session, "DONE"))
    assert heard[0]["cursor"] == ["success", data]


async def test_an_answer_may_say_that_there_is_none(opened):
    async with opened(ASK) as session:
        question = messages(await batches_until(session, "INTERACTION"))[-1]
        await session.send({"type": "INTERACTION_RESPONSE", "request_id": question["request_id"], "status": "timeout"})
        heard = messages(await batches_until(session, "DONE"))
    assert heard[0]["cursor"] == ["timeout", None]


async def test_finish_ends_it_well_and_the_events_end_with_that_exit(opened):
    async with opened(records(1)) as session:
        await batches_until(session, "DONE")
        exited = await session.finish()
        assert exited.status in (0, None)
        assert (exited.detail, exited.unread) == ("", 0)
        assert [event async for event in session.events()] == [exited]
        await session.terminate()


async def test_terminate_ends_it_in_the_middle_and_may_come_twice(opened):
    async with opened(records(5000)) as session:
        await batches_until(session, "RECORD")
        await session.terminate()
        await session.terminate()
        rest = [event async for event in session.events()]
    assert [type(event) for event in rest if not isinstance(event, Batch)] == [ConnectorExited]
    assert isinstance(rest[-1], ConnectorExited)
    assert rest[-1].detail


async def test_who_waits_for_events_is_told_when_another_ends_it(opened):
    """The owner cancels from another task than the one that reads."""
    async with opened(ASK) as session:
        await batches_until(session, "INTERACTION")
        async with background(anext(session.events())) as reading:
            await asyncio.sleep(0)
            await session.terminate()
            assert isinstance(await reading, ConnectorExited)


async def test_an_error_of_the_host_leaves_as_it_is(opened):
    """Not wrapped, not swallowed; the connector is ended on the way out."""

    class HostError(Exception):
        pass

    async def fail() -> None:
        async with opened(ASK) as session:
            await batches_until(session, "INTERACTION")
            raise HostError

    with pytest.raises(HostError):
        await fail()


async def test_a_new_session_has_cost_nothing_yet(opened):
    async with opened() as session:
        assert (session.traffic.requests, session.traffic.rate_limited, session.traffic.blocked) == (0, 0, {})


@pytest.mark.parametrize("make", [stdio, scripted, page])
def test_what_is_offered_can_be_said_in_start(make, tmp_path):
    offered = make([], tmp_path).bindings
    assert json.loads(json.dumps(dict(offered))) == dict(offered)
    assert "polyhost/partitions" in offered
