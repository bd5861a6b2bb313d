"""Time, silence, memory and processes, whichever way a connector runs (RS-1.7)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.rig import Rig
from playbooks import done, manifest, record, state, stream
from polyhost.bounds import DEFAULT_BOUNDS, RunBounds
from polyhost.connectors.base import Traffic
from polyhost.connectors.process_tree import Usage
from polyhost.connectors.scripted import FLUSH, Said, ScriptHost
from polyhost.connectors.stdio import StdioConnector
from polyhost.engine.run.watchdog import Watchdog
from store.conftest import make_home, store

__all__ = ["make_home", "store"]

pytestmark = pytest.mark.requirement("RS-1.7")

MIB = 1024 * 1024
NOTES = manifest(stream("notes"))
MINUTE = 60.0


@pytest.fixture
async def rig(store: Any) -> Rig:
    return await Rig(store).connected(NOTES)


def watchdog(bounds: RunBounds = DEFAULT_BOUNDS, waiting: bool = False) -> tuple[Watchdog, Traffic]:
    session = SimpleNamespace(traffic=Traffic())
    return Watchdog(bounds, session, is_waiting=lambda: waiting), session.traffic  # type: ignore[arg-type]


def code(dog: Watchdog) -> str | None:
    return None if dog.exceeded is None else str(dog.exceeded.code)


def test_a_connector_that_says_nothing_is_ended_and_one_that_does_is_not():
    dog, traffic = watchdog()
    for _ in range(60):
        dog.passed(MINUTE)
    assert code(dog) is None
    traffic.signs += 1
    dog.passed(MINUTE)
    assert code(dog) is None
    for _ in range(60):
        dog.passed(MINUTE)
    assert code(dog) == "connector_silent"


def test_a_run_that_goes_on_for_ever_is_ended_however_lively_it_is():
    dog, _ = watchdog()
    for _ in range(24 * 60):
        dog.heard()
        dog.passed(MINUTE)
    assert code(dog) is None
    dog.heard()
    dog.passed(MINUTE)
    assert code(dog) == "run_too_long"


def test_while_the_run_waits_for_its_owner_nothing_is_counted():
    dog, _ = watchdog(waiting=True)
    for _ in range(3 * 24 * 60):
        dog.passed(MINUTE)
    assert code(dog) is None


def test_while_the_host_owes_an_answer_the_connector_is_not_called_silent():
    dog, traffic = watchdog()
    traffic.held = 1
    for _ in range(3 * 60):
        dog.passed(MINUTE)
    assert code(dog) is None


def test_a_machine_that_slept_has_not_waited():
    dog, _ = watchdog()
    dog.passed(7 * 24 * 3600.0)
    assert code(dog) is None


def test_what_its_processes_hold_is_bounded():
    dog, _ = watchdog()
    dog.measured(Usage(200, 4096 * MIB))
    assert code(dog) is None
    dog.measured(Usage(1, 4096 * MIB + 1))
    assert code(dog) == "too_much_memory"
    dog, _ = watchdog()
    dog.measured(Usage(201, 0))
    assert code(dog) == "too_many_processes"


async def silent(host: ScriptHost) -> AsyncGenerator[Said]:
    yield record("notes", "n1")
    yield FLUSH
    await asyncio.Event().wait()


async def test_what_a_silent_connector_said_before_is_kept_and_the_next_run_goes_on(rig: Rig):
    result = await rig.run(silent, bounds=replace(DEFAULT_BOUNDS, silence_minutes=0.01))
    assert (result["status"], result["error"]["code"]) == ("failed", "connector_silent")
    found = [(one["code"], one["severity"]) for one in result["diagnostics"]]
    assert ("bound_reached", "error") in found
    assert ("connector_crashed", "error") not in found, "the host ended it: it did not end by itself"
    assert await rig.keys("notes") == ["n1"]

    async def well(host: ScriptHost) -> AsyncGenerator[Said]:
        yield state("notes")
        yield done(0)

    assert (await rig.run(well))["status"] == "complete"


# the same of a process

SAID = """import json, sys, time, subprocess
def say(**message):
    print(json.dumps(message), flush=True)
start = json.loads(sys.stdin.readline())
say(type="RECORD", stream="notes", key="n1", data={"id": "n1"}, emitted_at="2026-01-31T09:30:00.000Z")
%s
say(type="DONE", status="succeeded", records_emitted=1)
"""
FOREVER = "while True: time.sleep(1)"
CASES = {
    "silence": (FOREVER, {"silence_minutes": 0.01}, "connector_silent"),
    "time": ('while True: say(type="PROGRESS", message="on"); time.sleep(0.05)', {"run_minutes": 0.02}, "run_too_long"),
    "memory": (f"held = bytearray(b'x') * (600 * 1024 * 1024)\n{FOREVER}", {"memory_mb": 256}, "too_much_memory"),
    "processes": (
        f"all = [subprocess.Popen(['sleep', '60']) for _ in range(12)]\n{FOREVER}",
        {"processes": 10},
        "too_many_processes",
    ),
    "message": ("say(type='PROGRESS', message='x' * 2_000_000)", {"message_mb": 1}, "message_too_large"),
    "none": ("held = bytearray(b'x') * (20 * 1024 * 1024)", {"memory_mb": 256, "processes": 10, "message_mb": 1}, None),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_process_is_held_to_the_same_bounds(rig: Rig, tmp_path: Path, case: str):
    does, narrow, expected = CASES[case]
    (tmp_path / "connector.py").write_text(SAID % does, encoding="utf-8")
    bounds = replace(DEFAULT_BOUNDS, **narrow)
    connector = StdioConnector([sys.executable, "connector.py"], tmp_path, bounds=bounds)
    result = await rig.run(silent, other=connector, bounds=bounds)
    assert (result.get("error") or {}).get("code") == expected, result
    assert result["status"] == ("complete" if expected is None else "failed")
    assert await rig.keys("notes") == ["n1"], "what was read is kept"
