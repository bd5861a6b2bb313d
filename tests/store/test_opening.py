"""Opening a store, and what an owner is told where that cannot be. Errors are told apart by code, never by text."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from background import background
from polyhost.errors import PolyhostError, RefusedError, RunFailedError
from polyhost.searching.search_rules import SearchRules, StreamRules
from polyhost.store.base import RecordQuery, WriteRecords
from polyhost.store.opening import open_store
from polyhost.store.sqlite import failures
from polyhost.store.sqlite.opening import SCHEMA_VERSION, STORE_FILE
from polyhost.store.sqlite.store import SqliteStore
from store.making import connect, connect_and_open, deletion, record


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def set_mode(path: Path, to: int) -> None:
    path.chmod(to)


async def refusal(home: Path) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        await SqliteStore.open(home, busy_seconds=0.01)
    assert refused.value.reason
    assert refused.value.instruction
    return refused.value


async def test_a_home_is_made_for_its_owner_alone(home: Path):
    store = await open_store(home / "deeper")
    await connect(store)
    assert mode(home / "deeper") == 0o700
    names = {path.name for path in (home / "deeper").iterdir()}
    assert names == {STORE_FILE, f"{STORE_FILE}-wal", f"{STORE_FILE}-shm"}
    assert {mode(path) for path in (home / "deeper").iterdir()} == {0o600}
    await store.close()
    assert [path.name for path in (home / "deeper").iterdir()] == [STORE_FILE]


async def test_a_home_that_others_can_read_is_closed_to_them_with_its_file(tmp_path: Path):
    set_mode(tmp_path, 0o755)
    await (await open_store(tmp_path)).close()
    set_mode(tmp_path, 0o755)
    set_mode(tmp_path / STORE_FILE, 0o644)
    await (await open_store(tmp_path)).close()
    assert (mode(tmp_path), mode(tmp_path / STORE_FILE)) == (0o700, 0o600)


async def test_an_empty_file_becomes_a_store(tmp_path: Path):
    """A process killed between making the file and filling it leaves one."""
    (tmp_path / STORE_FILE).touch()
    store = await open_store(tmp_path)
    await connect(store)
    assert len(await store.connections.all()) == 1
    await store.close()


async def test_what_was_stored_is_there_after_opening_again(make_home: Callable[[], Path]):
    home = make_home()
    store = await SqliteStore.open(home)
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a")])])
    await store.close()
    store = await SqliteStore.open(home)
    assert await store.connections.get("work") == connection
    assert await store.records.count(connection.id) == {"messages": (1, 0)}
    await store.close()


async def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    assert (await refusal(tmp_path / "file")).code == "home_unwritable"
    assert (await refusal(tmp_path / "file" / "below")).code == "home_unwritable"
    (tmp_path / "home" / STORE_FILE).mkdir(parents=True)
    assert (await refusal(tmp_path / "home")).code == "home_unwritable"


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to have a header " * 40, b"SQLite format 3\0"]
)
async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes):
    path = tmp_path / STORE_FILE
    path.write_bytes(content)
    assert (await refusal(tmp_path)).code == "store_corrupt"
    assert path.read_bytes() == content


async def test_a_damaged_page_is_reported_when_it_is_read(make_home: Callable[[], Path]):
    home = make_home()
    store = await SqliteStore.open(home)
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record(str(number)) for number in range(2000)])])
    await store.close()
    path = home / STORE_FILE
    content = bytearray(path.read_bytes())
    records = len(content) // 2  # behind what opening a store reads
    content[records:] = b"\xff" * (len(content) - records)
    path.write_bytes(content)
    store = await SqliteStore.open(home)
    with pytest.raises(RunFailedError) as failed:
        await store.records.changes(connection.id, after=0, limit=10_000)
    assert failed.value.code == "store_corrupt"
    await store.close()


async def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / STORE_FILE)) as db:
        db.execute("CREATE TABLE theirs (a)")
    before = (tmp_path / STORE_FILE).read_bytes()
    assert (await refusal(tmp_path)).code == "store_foreign"
    assert (tmp_path / STORE_FILE).read_bytes() == before


async def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(make_home: Callable[[], Path]):
    home = make_home()
    with closing(sqlite3.connect(home / STORE_FILE)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    refused = await refusal(home)
    assert refused.code == "store_too_new"
    assert str(SCHEMA_VERSION + 1) in refused.reason


async def test_an_upgrade_waits_for_a_program_that_holds_the_file_but_not_for_ever(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / STORE_FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert (await refusal(tmp_path)).code == "store_locked"


async def test_an_upgrade_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from polyhost.store.migrations import upgrade  # noqa: PLC0415  alembic is slow to import

    def broken(config: object, revision: str) -> None:
        working(config, revision)
        raise sqlite3.OperationalError("the power went")

    working = upgrade.command.upgrade
    monkeypatch.setattr(upgrade.command, "upgrade", broken)
    assert (await refusal(tmp_path)).code == "store_failed"
    with closing(sqlite3.connect(tmp_path / STORE_FILE)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
        assert db.execute("PRAGMA user_version").fetchone() == (0,)
    monkeypatch.undo()
    await (await open_store(tmp_path)).close()


async def test_a_write_that_waited_too_long_for_another_program_says_so(make_home: Callable[[], Path]):
    home = make_home()
    store = await SqliteStore.open(home, busy_seconds=0.01)
    with closing(sqlite3.connect(home / STORE_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RunFailedError) as failed:
            await connect(store)
        assert failed.value.code == "store_locked"
        assert failed.value.instruction
        other.execute("ROLLBACK")
    await connect(store)
    await store.close()


async def test_reads_do_not_wait_for_a_write_and_do_not_see_it_half_done(make_home: Callable[[], Path]):
    home = make_home()
    store = await SqliteStore.open(home)
    await connect(store, "before")
    with closing(sqlite3.connect(home / STORE_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE connections SET name = 'half done'")
        async with background(connect(store, "after")) as waiting:
            assert [row.name for row in await store.connections.all()] == ["before"]
            assert not waiting.done()
            other.execute("ROLLBACK")
            await waiting
    assert [row.name for row in await store.connections.all()] == ["after", "before"]
    await store.close()


async def test_closing_waits_for_the_write_under_way(make_home: Callable[[], Path]):
    home = make_home()
    store = await SqliteStore.open(home)
    with closing(sqlite3.connect(home / STORE_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(connect(store))
            await store.connections.all()  # by now the write has been handed over
            tasks.create_task(store.close())
            other.execute("ROLLBACK")
    store = await SqliteStore.open(home)
    assert await store.connections.get("work") is not None
    await store.close()


async def test_a_full_disk_is_said_and_the_write_is_wholly_absent(sqlite_store: SqliteStore):
    connection = await connect_and_open(sqlite_store)
    # SQLite answers a limit on the file's pages just as it does a full disk.
    limit = "PRAGMA max_page_count = {}".format(*sqlite_store.threads._writer.execute("PRAGMA page_count").fetchone())
    sqlite_store.threads._writer.execute(limit)
    with pytest.raises(RunFailedError) as failed:
        await sqlite_store.write(
            connection.id, "bat_1", [WriteRecords([record(str(number)) for number in range(2000)])]
        )
    assert failed.value.code == "disk_full"
    assert await sqlite_store.records.count(connection.id) == {}


async def test_a_value_the_store_cannot_hold_is_said_and_nothing_of_the_write_stays(sqlite_store: SqliteStore):
    connection = await connect_and_open(sqlite_store)
    with pytest.raises(RunFailedError) as failed:
        await sqlite_store.write(
            connection.id, "bat_1", [WriteRecords([record("a")]), WriteRecords([record("b", position="\ud800")])]
        )
    assert failed.value.code == "store_value"
    assert await sqlite_store.records.count(connection.id) == {}
    await sqlite_store.write(connection.id, "bat_1", [WriteRecords([record("a")])])
    assert [change.sequence for change in await sqlite_store.records.changes(connection.id, after=0, limit=9)] == [1]


@pytest.mark.parametrize("context", [failures.opening, failures.using])
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (sqlite3.SQLITE_FULL, "disk_full"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "store_locked"),
        (sqlite3.SQLITE_CORRUPT_INDEX, "store_corrupt"),
        (sqlite3.SQLITE_NOTADB, "store_corrupt"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "home_unwritable"),
        (sqlite3.SQLITE_CANTOPEN, "home_unwritable"),
        (sqlite3.SQLITE_IOERR_FSYNC, "store_failed"),
        (sqlite3.SQLITE_MISUSE, "store_failed"),
    ],
)
def test_every_failure_of_sqlite_has_a_reason_and_an_instruction(context: Callable, number: int, code: str):
    failure = sqlite3.OperationalError("the driver's own words")
    failure.sqlite_errorcode = number
    with pytest.raises(PolyhostError) as failed, context(Path("/home/of/store.db")):
        raise failure
    assert failed.value.code == code
    assert "/home/of/store.db" in failed.value.reason
    assert failed.value.instruction


@pytest.mark.parametrize("indexed", [False, True], ids=["not searched", "searched"])
async def test_what_was_deleted_is_nowhere_in_the_file_and_what_stays_is_whole(
    sqlite_store: SqliteStore, indexed: bool
):
    """Short texts and long ones, edited and buried ones, between those of a connection that stays."""
    gone = await connect_and_open(sqlite_store, "gone", 1)
    stays = await connect_and_open(sqlite_store, "stays", 2)
    for round_ in range(3):
        for start in range(0, 300, 50):
            numbers = range(start, start + 50)
            for row, batch, word in ((gone, "bat_1", "lighthouse"), (stays, "bat_2", "harbour")):
                texts = {n: f"{word}{n} {round_} " * (n % 7 * 60 + 1) for n in numbers}
                written = [record(f"{n:05}", text=text, position=str(n)) for n, text in texts.items()]
                await sqlite_store.write(row.id, batch, [WriteRecords(written)])
    await sqlite_store.write(gone.id, "bat_1", [WriteRecords([deletion(f"{n:05}") for n in range(0, 300, 3)])])
    if indexed:
        rules = SearchRules({"messages": StreamRules(("text",))})
        for row in (gone, stays):
            while await sqlite_store.search.index(row.id, rules, limit=1_000):
                pass
        await sqlite_store.search.index(
            gone.id, SearchRules({}), limit=1_000
        )  # the pages of the old index are free now
    before = await sqlite_store.records.page(stays.id, "messages", RecordQuery(limit=1_000))
    await sqlite_store.connections.delete(gone.id)
    await sqlite_store.forget_deleted()
    files = sqlite_store.threads.path.parent.glob(f"{STORE_FILE}*")
    assert [file.name for file in files if b"lighthouse" in file.read_bytes()] == []
    assert await sqlite_store.records.page(stays.id, "messages", RecordQuery(limit=1_000)) == before
