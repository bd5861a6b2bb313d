"""The store looked over, in stores that are really broken (ours)."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT
from polyhost.engine.clock import Clock
from polyhost.engine.doctor._store import LONG_LOG_BYTES, check_leases, check_store
from polyhost.engine.doctor.finding import Finding, Grade
from polyhost.store.opening import open_store


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


@pytest.fixture
async def stored(home: Path) -> Path:
    """A home with a store and a connection in it."""
    store = await open_store(home)
    await store.connections.create(
        name="slack", source="slack", nature="live", options={}, account={}, at="2026-11-01T00:00:00.000Z"
    )
    await store.close()
    return home


def change(home: Path, statement: str) -> None:
    with sqlite3.connect(home / "store.db") as db:
        db.execute(statement)
    db.close()


def test_no_store_yet_is_well(home):
    assert only(check_store(home)).grade is Grade.OK
    assert check_leases(home, now=Clock().moment()) == []


async def test_a_sound_store_is_well_and_not_changed(stored):
    before = (stored / "store.db").read_bytes()
    assert only(check_store(stored)).grade is Grade.OK
    assert only(check_leases(stored, now=Clock().moment())).found == "nothing is being collected"
    assert (stored / "store.db").read_bytes() == before


async def test_a_damaged_page_fails_with_the_way_to_save_what_is_left(stored):
    path = stored / "store.db"
    content = bytearray(path.read_bytes())
    content[8192 * 2 :] = b"\xa5" * (len(content) - 8192 * 2)
    path.write_bytes(content)
    finding = only(check_store(stored))
    assert finding.grade is Grade.FAILED
    assert ".recover" in finding.instruction


def test_a_file_that_is_no_database_fails(home):
    home.mkdir()
    (home / "store.db").write_text("this is not a store" * 100)
    assert only(check_store(home)).grade is Grade.FAILED


async def test_rows_that_belong_to_nothing_fail(stored):
    change(stored, "INSERT INTO leases VALUES (99, 't', 1, 'h', NULL, 'r', 0, NULL, 0)")
    finding = only(check_store(stored))
    assert (finding.grade, finding.found) == (Grade.FAILED, "1 rows belong to nothing that is there")


async def test_a_store_of_a_newer_polyhost_fails(stored):
    change(stored, "PRAGMA user_version = 999")
    finding = only(check_store(stored))
    assert (finding.grade, finding.instruction) == (Grade.FAILED, "Upgrade polyhost.")


async def test_another_programs_database_fails(stored):
    change(stored, "PRAGMA application_id = 1")
    assert only(check_store(stored)).grade is Grade.FAILED


async def test_a_store_of_an_older_polyhost_is_well_and_is_said_to_be_brought_up(stored):
    change(stored, "PRAGMA user_version = 0")
    finding = only(check_store(stored))
    assert finding.grade is Grade.OK
    assert "which the next command brings to" in finding.found


async def test_a_log_that_has_grown_long_is_a_warning(stored):
    with (stored / "store.db-wal").open("wb") as log:
        log.truncate(LONG_LOG_BYTES + 1)
    assert only(check_store(stored)).grade is Grade.WARNING


TAKE = """
import asyncio, os, sys
from pathlib import Path
from polyhost.engine.clock import Clock
from polyhost.store.base import LeaseHolder
from polyhost.store.opening import open_store

async def take():
    store = await open_store(Path(sys.argv[1]))
    row = await store.connections.get("slack")
    now = Clock().moment()
    holder = LeaseHolder(token="t", pid=os.getpid(), host="here", run_id="run_1", expires=now.later(60))
    assert await store.runs.acquire_lease(row.id, holder, now=now) is None
    print("taken", flush=True)
    sys.stdin.read()

asyncio.run(take())
"""


@pytest.fixture
def collector(stored):
    """Another process that collects."""
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE, str(stored)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT / "host"), "PATH": ""},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"taken\n"
        yield process
        process.kill()


async def test_who_collects_is_named_and_who_died_over_it_too(stored, collector):
    living = only(check_leases(stored, now=Clock().moment()))
    assert (living.grade, living.about) == (Grade.OK, "slack")
    collector.kill()
    collector.wait()
    dead = only(check_leases(stored, now=Clock().moment()))
    assert (dead.grade, dead.about) == (Grade.WARNING, "slack")
    assert dead.instruction.endswith("polyhost run slack")
