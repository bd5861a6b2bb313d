"""The scripted connector's own abilities; what it shares with the others is in test_contract.py (ours)."""

from collections.abc import AsyncGenerator
from typing import Any

from fakes.page_runs import QuietCalls, start_message
from polyhost.connectors.base import Batch, ConnectorExited, Malformed, Restarted
from polyhost.connectors.scripted import FLUSH, RESTART, Said, ScriptedConnector, ScriptHost

DONE = {"type": "DONE", "status": "succeeded", "records_emitted": 0}


async def run(connector: ScriptedConnector) -> list[Any]:
    events: list[Any] = []
    async with connector.open(QuietCalls()) as session:
        await session.send(start_message())
        async for event in session.events():
            events.append(event)
            match event:
                case Batch():
                    await session.acknowledge(event)
                    if event.messages[-1] == DONE:
                        await session.finish()
                case Restarted():
                    await session.send(start_message(resume={"records_emitted": 1}))
                case ConnectorExited():
                    pass
    return events


async def test_a_restart_loses_the_unfinished_batch_and_asks_for_start_again() -> None:
    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        if "resume" not in host.start:
            yield {"type": "PROGRESS", "message": "kept"}
            yield FLUSH
            yield {"type": "PROGRESS", "message": "lost"}
            yield RESTART
        yield DONE

    connector = ScriptedConnector(script)
    kept, restarted, done, exited = await run(connector)
    assert kept.messages == [{"type": "PROGRESS", "message": "kept"}]
    assert restarted == Restarted("scripted", 1)
    assert (done.number, done.messages) == (2, [DONE])
    assert exited == ConnectorExited(status=0)
    assert ["resume" in start for start in connector.starts] == [False, True]


async def test_a_script_may_say_what_no_polite_connector_would() -> None:
    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield Malformed(1, 7, "digest", "not JSON")
        yield DONE
        yield {"type": "PROGRESS", "message": "after DONE"}

    events = await run(ScriptedConnector(script, batch=1))
    assert [event.messages for event in events[:2]] == [[Malformed(1, 7, "digest", "not JSON")], [DONE]]


async def test_returning_without_done_is_an_exit() -> None:
    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield {"type": "PROGRESS", "message": "x"}

    events = await run(ScriptedConnector(script))
    assert isinstance(events[0], Batch)
    assert events[1] == ConnectorExited(status=1, detail="the script returned without DONE")


async def test_a_script_asks_the_same_questions_as_a_polyfill() -> None:
    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        windows = await host.windows("m", "C1")
        yield {"type": "STATE", "stream": "m", "cursor": [windows[0]["purpose"], await host.groups("m", "C1", ["ab"])]}
        yield DONE

    (batch, _) = await run(ScriptedConnector(script))
    assert batch.messages[0]["cursor"] == ["new", {"ab": {"count": 2, "latest": None}}]
