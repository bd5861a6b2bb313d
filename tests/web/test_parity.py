"""One projection, three surfaces: the command line, the owner API and the dashboard say the same, field by field."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from checkout import ROOT
from web.read_back import Seen, shown_moment
from web.serving import Served, Visit
from web.situations import SITUATIONS

ASKED = ("status", "coverage", "runs", "batches")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def said(situations: Path) -> Mapping[tuple[str, ...], Any]:
    """What the command prints, by its arguments."""
    asked = [["status"]] + [[word, name] for word in ASKED for name in SITUATIONS]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "web.command_line",
        str(situations),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'host'}:{ROOT / 'tests'}"},
    )
    out, _ = await child.communicate("".join(json.dumps(one) + "\n" for one in asked).encode())
    assert child.returncode == 0
    return {tuple(one): json.loads(line) for one, line in zip(asked, out.splitlines(), strict=True)}


def test_there_are_enough_situations():
    assert len(SITUATIONS) >= 30


ADDRESSES = {"status": "health", "coverage": "coverage", "runs": "runs", "batches": "batches"}


@pytest.mark.requirement("CH-3.1", "CH-3.2", "CH-3.3")
async def test_the_owner_api_answers_what_the_command_prints(served: Served, said: Mapping[tuple[str, ...], Any]):
    differing: list[tuple[str, ...]] = []
    for arguments, printed in said.items():
        word, *name = arguments
        answered = await served.api(f"/v1/connections/{name[0]}/{ADDRESSES[word]}" if name else "/v1/health")
        if "error" in printed:
            assert answered["code"] == printed["error"]["code"]
        elif answered != printed:
            differing.append(arguments)
    assert differing == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visit(served: Served) -> AsyncGenerator[Visit]:
    """One browser page that goes from address to address."""
    async with served.visit("/") as one:
        yield one


def _plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.requirement("CH-3.1", "CH-3.2", "CH-3.3")
async def test_the_page_of_all_connections_says_what_the_command_says(visit: Visit, said: Mapping[Any, Any]):
    expected = said["status",]
    seen = await visit.go("/")
    assert seen.state == expected
    for health in expected["connections"]:
        name = health["connection"]
        assert seen.values("verdict", connection=name) == [health["verdict"]]
        assert seen.texts("verdict", connection=name) == [health["verdict"]]
        assert seen.texts("summary", connection=name) == [health["summary"]]
        assert seen.texts("covered_through", connection=name) == [shown_moment(health["covered_through"])]
        running = health["running"]
        assert seen.values("running", connection=name) == ([] if running is None else [running["run_id"]])
    needed = [action for health in expected["connections"] for action in health["next_actions"]]
    assert seen.texts("command", row="next_action") == [action["command"] for action in needed]
    assert seen.texts("message", row="next_action") == [_plain(action["message"]) for action in needed]
    assert len(needed) == sum(health["needs_you"] for health in expected["connections"]) > 0
    assert seen.values("needs_you") == [str(len(needed))]


@pytest.mark.requirement("CH-3.1", "CH-3.2", "CH-3.3", "CH-1.1")
@pytest.mark.parametrize("name", SITUATIONS)
async def test_a_connection_is_the_same_on_every_surface(visit: Visit, said: Mapping[Any, Any], name: str):
    health, coverage = said["status", name], said["coverage", name]
    seen = await visit.go(f"/connections/{name}")
    assert seen.state["health"] == health
    assert seen.state["coverage"] == (None if "error" in coverage else coverage)
    assert seen.state["runs"]["runs"] == said["runs", name]["runs"][:5]
    assert seen.texts("verdict", connection=name) == [health["verdict"]]
    assert seen.texts("summary", connection=name) == [health["summary"]]
    assert seen.texts("covered_through", connection=name) == [shown_moment(health["covered_through"])]
    _axes_are_shown(seen, health)
    for stream, known in health["streams"].items():
        assert seen.values("records", stream=stream) == [str(known["records"])]
        assert seen.texts("deleted", stream=stream) == [f"{known['deleted']:,}"]
        assert seen.texts("covered_through", stream=stream) == [shown_moment(known["covered_through"])]
    for row, actions in (("next_action", health["next_actions"]), ("suggestion", health["suggestions"])):
        for part in ("message", "sentence", "command"):
            assert seen.texts(part, row=row) == [_plain(action[part]) for action in actions]


def _axes_are_shown(seen: Seen, health: Mapping[str, Any]) -> None:
    assert seen.named("axis") == list(health["axes"])
    for axis, view in health["axes"].items():
        assert seen.values("status", axis=axis) == [view["status"]]
        assert seen.texts("status", axis=axis) == [view["status"].replace("needs_owner", "needs you")]
        assert seen.texts("since", axis=axis) == [shown_moment(view["since"])]
        told = [_plain(found["message"]) for found in health["conditions"] if found["axis"] == axis]
        assert sorted(seen.texts("message", axis=axis)) == sorted(told)
        assert seen.named("evidence", axis=axis) == list(view["evidence"])


@pytest.mark.requirement("CH-3.1", "CH-3.2")
@pytest.mark.parametrize("name", SITUATIONS)
async def test_coverage_is_the_same_as_picture_and_as_table(visit: Visit, said: Mapping[Any, Any], name: str):
    expected = said["coverage", name]
    seen = await visit.go(f"/connections/{name}/coverage")
    if "error" in expected:  # its source is gone: every surface says so
        assert seen.texts("reason")[0].lower().startswith(expected["error"]["reason"].lower())
        return
    assert seen.state["coverage"] == expected
    told = [one["looks"]["explain"] for one in expected["streams"].values() if one["looks"]]
    assert sorted(seen.texts("looks")) == sorted(filter(None, told))
    standing = [one["key"] for stream in expected["streams"].values() for one in stream["exceptions"]]
    assert seen.texts("exception") == standing
    for stream in expected["streams"].values():
        for partition in stream["partitions"] or ():
            key = partition["key"]
            assert seen.texts("extent", partition=key) == [partition["extent"]]
            assert seen.texts("explain", partition=key) == [partition["explain"]]
            assert seen.texts("covered_through", partition=key) == [shown_moment(partition["covered_through"])]
            assert seen.texts("looked_at", partition=key) == [shown_moment(partition["looked_at"])]
            assert len(seen.texts("hidden", partition=key)) == len(partition["hidden"])
            assert seen.texts("successor", partition=key) == list(filter(None, [partition["successor"]]))
            assert seen.texts("predecessors", partition=key) == list(
                filter(None, [", ".join(partition["predecessors"])])
            )
            for kind, spans in (
                ("hole", "holes"),
                ("covered", "covered"),
                ("gained", "gained"),
                ("limited", "limited"),
            ):
                assert seen.drawn(kind, key) == len(partition["spans"][spans])


RECEIPTS = ("good", "imported-twice", "media-missing", "vanished", "failed", "blocking-gap", "thread-unreadable")


@pytest.mark.requirement("CH-3.1", "CH-3.2", "CH-2.6")
@pytest.mark.parametrize("name", RECEIPTS)
async def test_receipts_are_the_same(visit: Visit, said: Mapping[Any, Any], name: str):
    batches = said["batches", name]
    seen = await visit.go(f"/connections/{name}/receipts")
    assert seen.state["batches"] == batches
    assert seen.texts("summary") == [one["summary"] for one in batches["batches"]]
    newest = batches["batches"][0]
    seen = await visit.go(f"/receipts/{newest['batch_id']}")
    assert seen.state == newest
    assert seen.counts() == {word: f"{count:,}" for word, count in newest["counts"].items()}
    assert seen.texts("exception") == [one["key"] for one in newest["exceptions"]]
    assert seen.values("claim") == [newest["completeness"]["claim"]]
    assert seen.texts("summary") == [newest["summary"]]
    assert seen.named("gap") == list(dict.fromkeys(gap["code"] for gap in newest["gaps"]))


async def test_the_settings_page_says_what_its_operations_say(visit: Visit, served: Served):
    seen = await visit.go("/settings")
    paths = {"config": "config", "connections": "connections", "schedules": "schedules", "sources": "sources"}
    browsers = seen.state.pop("sign_ins")["sign_ins"]  # each page that is opened uses one of them
    assert seen.named("key", row="sign-in") == [one["id"] for one in browsers]
    assert {one["id"] for one in browsers} == {one["id"] for one in (await served.api("/v1/sign-ins"))["sign_ins"]}
    assert seen.state == {name: await served.api(f"/v1/{path}") for name, path in paths.items()}
    settings = seen.state["config"]["settings"]
    assert seen.named("key", row="setting") == [one["key"] for one in settings]
    assert seen.texts("origin", row="setting") == [one["origin"] for one in settings]
    assert seen.texts("file") == [seen.state["config"]["file"]]
    for one in seen.state["schedules"]["connections"]:
        assert seen.texts("schedule", connection=one["connection"]) == [_plain(one["message"])]
    watching = {one["name"]: one["watches"] for one in seen.state["connections"]["connections"] if one["watches"]}
    assert {name: seen.texts("watches", connection=name) for name in watching} == {
        name: [folder] for name, folder in watching.items()
    }
    assert watching
