"""What a run would ask for, before it asks: `run --dry-run`, and the plan that another tool's state leads to.

Provenance: PR-2.3, PR-2.5, PR-1.1; the must-shows of the ledger (state of another tool, dry runs).
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from e2e.command import CommandLine
from e2e.owner import NAME, Owner
from e2e.truth import difference
from fakes.slack import FakeSlack, script
from fakes.slack.script import play

BETWEEN = "1789000000.000000"  # in the middle of what was said in Lantern Bay
LATER = "1792000000.000000"
Windows = set[tuple[str, str | None, str | None]]


async def planned(command: CommandLine, *words: str) -> dict[str, Windows]:
    """The dry run's windows, by partition."""
    ended = await command("run", NAME, "--dry-run", "--json", *words)
    assert (ended.exit_code, ended.value["dry_run"]) == (0, True)
    found: dict[str, Windows] = {}
    for row in ended.value["plan"]:
        found.setdefault(row["partition"], set()).add((row["purpose"], row["since"], row["until"]))
    return found


def split_at(floor: str | None) -> Windows:
    """Nothing is stored yet: what is later comes first, then all before it."""
    if floor is None:
        return {("backfill", None, None)}
    return {("new", floor, None), ("backfill", None, floor)}


def history(slack: FakeSlack) -> Counter[str]:
    """Requests for messages, by conversation."""
    methods = {"conversations.history", "conversations.replies"}
    return Counter(seen.params["channel"] for seen in slack.requests() if seen.method in methods)


@pytest.mark.requirement("PR-2.3", "PR-2.5", "PR-1.1")
@pytest.mark.parametrize(
    ("kept", "floors"),
    [
        pytest.param(
            {"last_ts": BETWEEN, "observed_channel_ids": ["kitchen", "harbour"]},
            {"kitchen": BETWEEN, "harbour": BETWEEN},
            id="a global cursor, for the channels that were observed",
        ),
        pytest.param(
            {
                "last_ts": LATER,
                "channel_last_ts": {"harbour": BETWEEN},
                "observed_channel_ids": ["kitchen", "harbour", "CGONE"],
            },
            {"kitchen": None, "harbour": BETWEEN, "CGONE": None},
            id="a cursor for each channel, and one without its own",
        ),
    ],
)
async def test_another_tools_state_splits_the_first_reading_and_proves_nothing(
    kept: dict[str, Any], floors: dict[str, str | None], slack: FakeSlack, home: Path, command: CommandLine
) -> None:
    def id_of(name: str) -> str:
        return name if name == "CGONE" else slack.world.conversation(name).id

    kept["observed_channel_ids"] = [id_of(name) for name in kept["observed_channel_ids"]]
    if "channel_last_ts" in kept:
        kept["channel_last_ts"] = {id_of(name): cursor for name, cursor in kept["channel_last_ts"].items()}
    path = command.folder / "state.json"
    path.write_text(json.dumps(kept), encoding="utf-8")
    session = slack.write_storage_state(command.folder / "session.json")
    words = ("--storage-state", str(session), "--legacy-state", str(path), *command.mapped(slack))
    connected = await command("connect", "slack", "--name", NAME, *words)
    assert connected.exit_code == 0
    assert f"Took over {len(floors)} partitions" in connected.stdout

    assert await planned(command) == {id_of(name): split_at(floor) for name, floor in floors.items()}
    owner = Owner(slack, home)
    assert {view["extent"] for view in (await owner.partitions()).values()} == {"untouched"}

    kitchen = id_of("kitchen")
    part = await owner.run(resource=(f"messages={kitchen}",), stream=("messages",))
    assert part.codes <= {"out_of_scope_record"}  # the deletion of a message that was never stored
    assert (await owner.partitions())[id_of("harbour")]["extent"] == "untouched"

    whole = await owner.run()
    assert whole.codes == ({"partition_missing"} if "CGONE" in floors else set())
    assert await difference(owner) == {}
    assert {view["extent"] for view in (await owner.partitions()).values()} <= {"complete", "missing"}


@pytest.mark.requirement("PR-2.3")
@pytest.mark.parametrize(
    "kept",
    [
        pytest.param({}, id="empty"),
        pytest.param({"cursor": LATER}, id="an unknown field"),
        pytest.param({"last_ts": 1792000000}, id="a number that has lost its digits"),
        pytest.param({"last_ts": "yesterday"}, id="no cursor"),
        pytest.param({"channel_last_ts": [["C1", LATER]]}, id="cursors in a list"),
        pytest.param({"channel_last_ts": {"C1": None}}, id="a cursor that is none"),
        pytest.param({"observed_channel_ids": {"C1": True}}, id="ids in an object"),
        pytest.param({"observed_channel_ids": [""]}, id="an empty id"),
        pytest.param({"observed_channel_ids": ["C" * 256]}, id="an id that is too long"),
        pytest.param({"channel_last_ts": {"C1": "1794460000000"}}, id="milliseconds"),
        pytest.param("2026-11-22", id="a date"),
        pytest.param(True, id="a truth"),
        pytest.param(None, id="nothing"),
    ],
)
async def test_a_state_of_another_shape_is_refused_before_there_is_a_home(kept: object, command: CommandLine) -> None:
    path, session = command.folder / "state.json", command.folder / "session.json"
    path.write_text(json.dumps(kept), encoding="utf-8")
    session.write_text('{"origins": [{"origin": "https://x.example"}]}', encoding="utf-8")
    ended = await command("connect", "slack", "--storage-state", str(session), "--legacy-state", str(path))
    assert ended.exit_code == 2
    assert "legacy state" in ended.complaint
    assert "Traceback" not in ended.stderr
    assert not command.home.exists()


async def test_a_dry_run_writes_nothing_asks_nobody_and_foretells_what_the_run_requests(
    owner: Owner, command: CommandLine
) -> None:
    """Nothing is new but in one room: everywhere else the run asks exactly what was planned."""
    slack = owner.slack
    harbour = slack.world.conversation("harbour").id
    play(slack.world, [script.Post("harbour", "otto", "Fog.")])
    files = {path: path.read_bytes() for path in sorted(owner.home.rglob("*")) if path.is_file()}
    slack.log.clear()
    ended = await command("run", NAME, "--dry-run", "--json")
    assert slack.log.seen == []
    assert slack.log.pages == []
    assert {path: path.read_bytes() for path in sorted(owner.home.rglob("*")) if path.is_file()} == files

    rows = ended.value["plan"]
    assert {row["purpose"] for row in rows} == {"new", "refresh"}
    foretold = Counter({row["partition"]: row["requests"] for row in rows if row["purpose"] == "refresh"})
    assert ended.value["requests"] == foretold.total()
    await owner.run()
    asked = history(slack)
    assert asked[harbour] >= foretold[harbour]
    del asked[harbour], foretold[harbour]
    assert asked == foretold


@pytest.mark.requirement("PR-3.1", "PR-3.2")
async def test_a_dry_run_keeps_to_the_scope(owner: Owner, command: CommandLine) -> None:
    kitchen = owner.slack.world.conversation("kitchen").id
    assert (await planned(command, "--resource", f"messages={kitchen}")).keys() == {kitchen}
    refused = await command("run", NAME, "--dry-run", "--resource", "mesages=C1")
    assert (refused.exit_code, "messages" in refused.complaint) == (2, True)


async def test_a_full_dry_run_foretells_everything_once_more(owner: Owner, command: CommandLine) -> None:
    plans = await planned(command, "--full")
    assert plans == {key: {("refresh", None, None)} for key in await owner.partitions()}
