"""Homes of earlier versions, as their owners have them: today's program opens, reads, searches, exports and runs them.

Provenance: ours; fixtures/homes/README.md says what is in one. A home is never changed to make this pass.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from checkout import ROOT
from e2e.command import CommandLine
from fakes.slack import FakeSlack, play, scenarios

HOMES = ROOT / "fixtures" / "homes"
VERSIONS = sorted(path.name for path in HOMES.iterdir() if path.is_dir())
LAMP_ROOM = "C0LAMPRO0013"
"""Vanished between the two runs of the connection `bay`."""
OF_THIS_MACHINE = ("browser", "disk", "clock")
TO_READ_IN = ("jsonl", "csv", "sqlite", "markdown", "html")


@dataclass(frozen=True, slots=True)
class Stored:
    """A copy of one of the homes, and what its own version has said of it."""

    version: str
    command: CommandLine
    facts: tuple[dict[str, Any], ...]

    def told(self, kind: str) -> Iterator[tuple[Any, dict[str, Any]]]:
        """What is named, and what was said of it."""
        return ((fact[kind], {**fact}) for fact in self.facts if kind in fact)

    def records(self) -> dict[tuple[str, ...], dict[str, Any]]:
        return {tuple(named): _without(fact, "record") for named, fact in self.told("record")}

    async def value(self, *words: str, exit_code: int = 0) -> Any:
        done = await self.command(*words, "--json")
        assert done.exit_code == exit_code, done.stderr
        return done.value

    async def exported(self, name: str, folder: Path) -> dict[tuple[str, ...], dict[str, Any]]:
        """Every record of a connection, tombstones too, as the export has them."""
        await self.value("export", name, "--format", "jsonl", "--deleted", "--to", str(folder / name))
        lines = [line for file in (folder / name).glob("*.jsonl") for line in file.read_bytes().splitlines()]
        return {(name, one["stream"], one["key"]): _told_of(one) for one in map(json.loads, lines)}

    async def exported_all(self, folder: Path) -> dict[tuple[str, ...], dict[str, Any]]:
        names = {named[0] for named in self.records()}
        return {named: told for name in names for named, told in (await self.exported(name, folder)).items()}


def _told_of(record: Mapping[str, Any]) -> dict[str, Any]:
    canonical = json.dumps(record["data"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    facts = {fact: record[fact] for fact in ("partition", "version", "deleted")}
    return {**facts, "digest": hashlib.sha256(canonical.encode()).hexdigest()[:16]}


def _without(fact: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fact.items() if key != name}


@pytest.fixture(params=VERSIONS)
def stored(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Stored:
    """With the modes an owner's home has; git keeps none."""
    version: str = request.param
    shutil.copytree(HOMES / version / "home", home)
    for path in (home, *home.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    lines = (HOMES / version / "contents.jsonl").read_text(encoding="utf-8").splitlines()
    return Stored(version, CommandLine(home=home, folder=tmp_path), tuple(json.loads(line) for line in lines))


def test_there_is_a_home_of_the_first_version():
    assert "0.1.0" in VERSIONS


async def test_every_record_is_exported_as_it_was(stored: Stored, tmp_path: Path):
    before = stored.records()
    assert {fact["deleted"] for fact in before.values()} == {True, False}
    assert max(fact["version"] for fact in before.values()) > 1
    assert await stored.exported_all(tmp_path) == before


async def test_what_was_covered_is_covered_and_what_was_missing_is_missing(stored: Stored):
    told = {tuple(named): _without(fact, "ranges_of") for named, fact in stored.told("ranges_of")}
    now = {}
    for name in {named[0] for named in told}:
        for stream, of in (await stored.value("coverage", name))["streams"].items():
            now |= {(name, stream, view["key"]): view for view in of["partitions"] or ()}
    assert {named: {fact: view[fact] for fact in told[named]} for named, view in now.items()} == told
    assert {facts["status"] for facts in told.values()} == {"present", "missing"}


async def test_searches_find_what_they_found(stored: Stored):
    for text, fact in stored.told("search"):
        hits = (await stored.value("search", text))["hits"]
        found = sorted([hit["connection"], hit["stream"], hit["key"]] for hit in hits)
        assert found == fact["hits"] != []


@pytest.mark.parametrize("form", TO_READ_IN)
async def test_every_format_holds_all_of_it(stored: Stored, form: str, tmp_path: Path):
    told = await stored.value("export", "bay", "--format", form, "--versions", "--to", str(tmp_path / "out"))
    known = {named: fact for named, fact in stored.records().items() if named[0] == "bay" and not fact["deleted"]}
    assert sum(stream["records"] for stream in told["streams"].values()) == len(known)
    earlier = sum(fact["version"] - 1 for fact in known.values())
    assert sum(stream["versions"] for stream in told["streams"].values()) == earlier > 0


async def test_schedules_and_settings_hold(stored: Stored):
    schedule = await stored.value("schedule", "show", "bay")
    assert (schedule["mode"], schedule["every_seconds"]) == ("automatic", 6 * 3600)
    assert (schedule["quiet_hours"], schedule["time_zone"]) == ("22:00-07:00", "Europe/Berlin")
    settings = (await stored.value("config", "explain"))["settings"]
    from_file = {setting["key"]: setting["value"] for setting in settings if setting["origin"] == "file"}
    assert from_file == {
        "run.allow_gaps": False,
        "schedule.quiet_hours": "23:00-06:00",
        "schedule.time_zone": "Europe/Berlin",
    }


async def test_a_doctor_finds_nothing_wrong(stored: Stored):
    findings = (await stored.value("doctor"))["findings"]
    assert [found for found in findings if found["grade"] != "ok" and found["check"] not in OF_THIS_MACHINE] == []


async def test_the_same_file_again_brings_nothing(stored: Stored, tmp_path: Path):
    (chat,) = (HOMES / stored.version).glob("*.txt")
    counts = (await stored.value("import", "rowing", str(chat), exit_code=3))["receipt"]["counts"]
    assert (counts["accepted"], counts["updated"], counts["duplicate"]) == (0, 0, 6)
    assert await stored.exported_all(tmp_path) == stored.records()


@pytest.mark.requirement("PR-1.7", "PR-2.1")
async def test_the_demo_goes_on_from_what_was_read_then(stored: Stored, tmp_path: Path):
    """A second day is replayed: what was read before is not read again, and what vanished is noticed."""
    second = ROOT / "fixtures" / "slack" / "second"
    ran = await stored.value("run", "slack", "--replay", str(second), exit_code=3)
    assert [(one["code"], one["partitions"]) for one in ran["diagnostics"]] == [("partition_missing", [LAMP_ROOM])]
    before = {named for named in stored.records() if named[0] == "slack"}
    now = await stored.exported("slack", tmp_path)
    assert before < {*now}
    assert len(now) - len(before) == sum(counted["new"] for counted in ran["streams"].values())


async def test_a_run_goes_on_with_the_sealed_session(stored: Stored):
    world = scenarios.small()
    play(world, scenarios.second())
    async with FakeSlack(world) as slack:
        ran = await stored.value("run", "bay", *CommandLine.mapped(slack), exit_code=3)
        assert slack.violations == []
    assert [(one["code"], one["partitions"]) for one in ran["diagnostics"]] == [("partition_missing", [LAMP_ROOM])]
    assert {(counted["new"], counted["deleted"]) for counted in ran["streams"].values()} == {(0, 0)}
