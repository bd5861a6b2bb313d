"""A command's --json and the API's answer are one value, over one store, for every operation that has both."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from api.serving import Client
from checkout import ROOT
from polyhost.operations.catalog import operations
from web.situations import SITUATIONS

READ: dict[str, tuple[list[str], str]] = {
    "connections": (["connections"], "/v1/connections"),
    "status": (["status", "{name}"], "/v1/connections/{name}/health"),
    "coverage": (["coverage", "{name}"], "/v1/connections/{name}/coverage"),
    "runs": (["runs", "{name}", "--limit", "3"], "/v1/connections/{name}/runs?limit=3"),
    "exceptions": (["exceptions", "{name}"], "/v1/connections/{name}/exceptions"),
    "hosts": (["hosts", "{name}"], "/v1/connections/{name}/hosts"),
    "batches": (["batches", "{name}"], "/v1/connections/{name}/batches"),
    "records": (
        ["records", "{name}", "messages", "--newest"],
        "/v1/connections/{name}/streams/messages/records?newest=true",
    ),
    "files": (["files", "{name}", "--limit", "3"], "/v1/connections/{name}/files?limit=3"),
    "read": (["read", "{name}"], "/v1/connections/{name}/read"),
    "counts": (["counts", "{name}", "messages"], "/v1/connections/{name}/streams/messages/counts"),
    "schedule show": (["schedule", "show", "{name}"], "/v1/connections/{name}/schedule"),
    "search": (["search", "words", "--wait", "0"], "/v1/search?text=words&wait=0"),
    "polyfill list": (["polyfill", "list"], "/v1/sources"),
    "config explain": (["config", "explain"], "/v1/config"),
}
"""Operations that only read, as they are typed and as they are asked for over HTTP."""
ELSEWHERE = {
    "record": "needs a record's key: test_a_record_and_its_group_are_the_same",
    "thread": "needs a record's key: test_a_record_and_its_group_are_the_same",
    "receipt": "needs a batch: test_a_receipt_is_the_same",
    "run": "changes the store: tests/api/test_runs.py",
    "import": "changes the store: tests/api/test_uploads.py",
    "cancel": "changes the store: tests/api/test_runs.py",
    "pause": "changes a run: tests/api/test_runs.py",
    "resume": "changes a run: tests/api/test_runs.py",
    "partitions retire": "changes the store: one handler, and tests/api/test_guards.py",
    "partitions restore": "changes the store: one handler, and tests/api/test_guards.py",
    "schedule set": "changes the store: one handler, and tests/api/test_guards.py",
    "schedule pause": "changes the store: one handler, and tests/api/test_guards.py",
    "schedule resume": "changes the store: one handler, and tests/api/test_guards.py",
    "notify test": "sends something: one handler",
    "disconnect": "changes the store: one handler, and tests/api/test_guards.py",
    "sign-ins list": "asks the server itself: tests/server/test_links.py",
    "sign-ins end": "asks the server itself: tests/server/test_links.py",
    "sign-ins end-all": "asks the server itself: tests/server/test_links.py",
    "rename": "changes the store: one handler, and tests/api/test_guards.py",
}


async def typed(home: Path, asked: list[list[str]]) -> list[Any]:
    """What the command prints for each, in a process of its own."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "web.command_line",
        str(home),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'host'}:{ROOT / 'tests'}"},
    )
    out, err = await child.communicate("".join(json.dumps(one) + "\n" for one in asked).encode())
    assert child.returncode == 0, err.decode()
    return [json.loads(line) for line in out.splitlines()]


def test_every_operation_with_both_sides_is_compared():
    both = {operation.name for operation in operations() if operation.command and operation.routes}
    assert both == READ.keys() | ELSEWHERE.keys()


def differing(one: Any, other: Any, at: str = "") -> list[str]:
    """Where two values differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [path for key in one for path in differing(one[key], other[key], f"{at}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        of = f"{at}" if at == ".conditions" else None
        return [path for number, (a, b) in pairs for path in differing(a, b, "" if of else f"{at}[{number}]")]
    return [] if one == other else [f"{at}: {one!r} / {other!r}"[:300]]


def same(command: Any, answer: Any) -> bool:
    """A refusal is a refusal on both sides, for the same reason by its code."""
    if "error" in command and set(command) == {"error"}:
        return command["error"]["code"] == answer["code"]
    return all(path.startswith(_NOW) for path in differing(command, answer))


_NOW = (".axes.schedule.evidence.next_due", ".next_due", ".message")
"""What says the moment of asking, where a run is due: the two are asked one after the other."""


@pytest.mark.requirement("CH-3.1", "CH-3.2", "CH-3.3")
async def test_command_and_api_answer_the_same_in_every_situation(client: Client, situations: Path):
    cases = [
        ([word.format(name=name) for word in words], path.format(name=quote(name)))
        for words, path in READ.values()
        for name in _names(words, path)
    ]
    printed = await typed(situations, [words for words, _ in cases])
    for (words, path), command in zip(cases, printed, strict=True):
        answer = (await client("GET", path)).value
        assert same(command, answer), (words, path, differing(command, answer))


def _names(words: list[str], path: str) -> list[str]:
    """What is judged is compared in every situation; what is only listed, in some."""
    if "{name}" not in path:
        return ["-"]
    return list(SITUATIONS) if words[0] in {"status", "coverage"} else ["good", "imported", "paused"]


async def test_a_record_and_its_group_are_the_same(client: Client, situations: Path):
    place = "/v1/connections/good/streams/messages"
    key = (await client.get(f"{place}/records?limit=1"))["records"][0]["key"]
    printed = await typed(
        situations, [["record", "good", "messages", key, "--versions"], ["thread", "good", "messages", key]]
    )
    assert printed[0] == await client.get(f"{place}/record?versions=true&key={quote(key, safe='')}")
    assert printed[1] == await client.get(f"{place}/thread?key={quote(key, safe='')}")


async def test_a_receipt_is_the_same(client: Client, situations: Path):
    run = (await client.get("/v1/connections/good/runs"))["runs"][0]["run_id"]
    assert await typed(situations, [["receipt", run]]) == [await client.get(f"/v1/batches/{run}/receipt")]
