"""Files handed over beside records, by the real command: shown as every other file, and whole when it is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from checkout import ROOT
from handing_over import source
from media_artifacts import digest, kept, leftovers
from operations.shelf import AT
from polyhost.operations.context import Context

pytestmark = pytest.mark.requirement("SL-2")

COUNT = 5
CONTENTS = {f"c{n}": json.dumps({"said": "x" * n * 300_000}).encode() for n in range(COUNT)}
SCRIPT = f"""
for n in range({COUNT}):
    data = json.dumps({{"said": "x" * n * 300_000}}).encode()
    if n % 2:
        blob(f"c{{n}}", data); record(f"c{{n}}", data)
    else:
        record(f"c{{n}}", data); blob(f"c{{n}}", data)
"""


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    source(home / "polyfills" / "talks", SCRIPT)
    async with Context(home=home).store() as store:
        await store.connections.create(name="talks", source="talks", nature="live", options={}, account={}, at=AT)
    return home


def command(home: Path, *words: str, dying: tuple[str, int] | None = None) -> tuple[int, dict[str, Any]]:
    """The real command: its exit status, and its value. `dying`: the function that it is killed before, and which
    call."""
    script = ["-m", "polyhost"] if dying is None else ["-m", "e2e.dying", dying[0], str(dying[1])]
    path = os.pathsep.join(str(ROOT / part) for part in ("host", "tests"))
    asked = [sys.executable, *script, "--home", str(home), *words, "--json"]
    done = subprocess.run(asked, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=False)
    return done.returncode, json.loads(done.stdout or b"{}")


def test_they_are_shown_exported_and_looked_after_as_every_other_file(home: Path, tmp_path: Path):
    status, ran = command(home, "run", "talks")
    assert (status, ran["receipt"]["files"]["taken"], ran["receipt"]["gaps"]) == (0, COUNT, []), ran
    _, listed = command(home, "files", "talks")
    assert {one["digest"] for one in listed["files"]} == {digest(data) for data in CONTENTS.values()}
    assert {one["type"] for one in listed["files"]} == {"application/json"}
    assert command(home, "files", "talks", "--missing")[1]["files"] == []
    _, told = command(home, "records", "talks", "chats")
    named = {one["key"]: one["files"] for one in told["records"]}
    assert {key: [file["digest"] for file in files] for key, files in named.items()} == {
        key: [digest(data)] for key, data in CONTENTS.items()
    }
    _, covered = command(home, "coverage", "talks")
    assert [stream["files"]["here"] for stream in covered["streams"].values()] == [COUNT]
    out = tmp_path / "out"
    command(home, "files", "talks", "--to", str(out))
    assert {path.read_bytes() for path in out.rglob("*") if path.is_file()} == set(CONTENTS.values())
    exported = tmp_path / "pages"
    command(home, "export", "talks", "--format", "html", "--files", "--to", str(exported))
    brought = {path.read_bytes() for path in exported.rglob("*") if path.is_file()}
    assert set(CONTENTS.values()) <= brought
    (home / "files" / digest(CONTENTS["c1"])[:2] / digest(CONTENTS["c1"])).unlink()
    _, looked = command(home, "doctor")
    assert "talks" in json.dumps(looked)
    _, again = command(home, "run", "talks")
    assert (again["receipt"]["files"]["taken"], again["receipt"]["files"]["known"]["here"]) == (1, COUNT)


async def cursors(home: Path) -> Mapping[str, Any]:
    async with Context(home=home).store() as store:
        connection = await store.connections.get("talks")
        assert connection is not None
        return await store.ledger.checkpoints(connection.id)


STEPS = (
    ("polyhost.files.spool:Spool.copy", 4),
    ("polyhost.files.partial:Partial.write", 3),
    ("polyhost.files.partial:Partial.keep", 2),
    ("polyhost.files.contents:Contents._place", 2),
    ("polyhost.store.sqlite.files:SqliteFiles.save", 1),
    ("polyhost.files.spool:Spool.drop", 5),
)


@pytest.mark.parametrize(("step", "number"), STEPS)
async def test_a_killed_run_leaves_no_half_file_and_the_next_has_all(home: Path, step: str, number: int):
    assert command(home, "run", "talks", dying=(step, number))[0] == -9
    assert all(name == digest(content) for name, content in kept(home).items())
    assert await cursors(home) == {}, "none moved before all that lies below it was taken"
    status, ran = command(home, "run", "talks")
    assert (status, ran["receipt"]["gaps"], ran["receipt"]["files"]["known"]["here"]) == (0, [], COUNT), ran
    assert kept(home) == {digest(content): content for content in CONTENTS.values()}
    assert list((home / "files" / "spool").iterdir()) == [], "nor what the killed one was handed"
    assert leftovers(home) == []
