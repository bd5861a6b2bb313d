"""The schema: what the migrations make, what schema.py says, what docs/store.md shows, and how it is used."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from polyhost.ledger.state import PartitionState
from polyhost.store import schema
from polyhost.store.base import RecordQuery, SavePartitions, WriteRecords
from polyhost.store.sqlite.opening import SCHEMA_VERSION, STORE_FILE
from polyhost.store.sqlite.store import SqliteStore
from store.making import BEFORE_ORDER, connect, connect_and_open, record, run_rows, walk


def test_the_migrations_make_exactly_the_schema_that_is_written_down(make_home: Callable[[], Path]):
    engine = create_engine(f"sqlite:///{make_home() / STORE_FILE}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
        made = dict(connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'view'").fetchall())
    engine.dispose()
    assert {name: sql.split(" AS\n", 1)[1].strip() for name, sql in made.items()} == {
        name: query for name, (_, query) in schema.VIEWS.items()
    }


def test_every_index_of_the_schema_is_made(make_home: Callable[[], Path]):
    """Alembic compares indices by name and columns but passes over uniqueness in SQLite."""
    with closing(sqlite3.connect(make_home() / STORE_FILE)) as db:
        for table in schema.metadata.tables.values():
            made = {row[1]: bool(row[2]) for row in db.execute(f"PRAGMA index_list({table.name})") if row[3] == "c"}
            assert made == {str(index.name): index.unique for index in table.indexes}


def test_the_newest_migration_is_the_schema_version():
    config = Config()
    config.set_main_option("script_location", "polyhost.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [f"{SCHEMA_VERSION:04}"]


@pytest.mark.requirement("RS-3")
async def test_runs_of_an_earlier_version_are_numbered_in_the_order_in_which_they_were_written(
    make_home: Callable[[], Path],
):
    """Their clocks may have been wrong already."""
    home = make_home()
    store = await SqliteStore.open(home)
    row = await connect(store)
    for number, at in enumerate(["2026-11-22T00:00:00Z", "2028-11-22T00:00:00Z", "2026-11-23T00:00:00Z"], start=1):
        run, batch = run_rows(row, number, at)
        await store.runs.open(run, batch)
        if number != 3:
            await store.runs.close(replace(run, status="complete", finished_at=at), replace(batch, finished_at=at))
    await store.close()
    with closing(sqlite3.connect(home / STORE_FILE)) as db:
        db.executescript(BEFORE_ORDER)
        db.executescript("UPDATE alembic_version SET version_num = '0003'; PRAGMA user_version = 3")
    store = await SqliteStore.open(home)
    newest = await store.runs.newest(row.id)
    following = await store.runs.next_number()
    await store.close()
    assert [run.id for run in newest] == ["run_3", "run_2", "run_1"]
    numbers = [number for run in reversed(newest) for number in (run.number, run.finished_number) if number]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 5
    assert following > numbers[-1]


def test_the_documentation_shows_the_schema(root: Path):
    """Made by `python -m polyhost.store.schema`: put its output into the page when this fails."""
    assert schema.reference() in (root / "docs" / "store.md").read_text(encoding="utf-8")


def test_the_queries_in_the_documentation_work(root: Path, make_home: Callable[[], Path]):
    page = (root / "docs" / "store.md").read_text(encoding="utf-8")
    queries = [block.split("```")[0] for block in page.split("```sql\n")[1:]]
    assert queries
    with closing(sqlite3.connect(make_home() / STORE_FILE)) as db:
        for query in queries:
            assert db.execute(query).description


async def test_owners_can_query_content_as_json_and_names_in_place_of_numbers(make_home: Callable[[], Path]):
    home = make_home()
    store = await SqliteStore.open(home)
    connection = await connect_and_open(store)
    state = PartitionState(stream="messages", key="C1", label="general")
    await store.write(connection.id, "bat_1", [WriteRecords([record("a", text="grüße")]), SavePartitions([state])])
    await store.close()
    with closing(sqlite3.connect(home / STORE_FILE)) as db:
        shown = "SELECT connection, stream, key, batch, json_extract(data, '$.text') FROM all_records"
        assert db.execute(shown).fetchall() == [("work", "messages", "a", "bat_1", "grüße")]
        assert db.execute("SELECT typeof(data) FROM records").fetchall() == [("text",)]
        shown = "SELECT connection, stream, partition, label, status FROM all_partitions"
        assert db.execute(shown).fetchall() == [("work", "messages", "C1", "general", "present")]


async def test_no_statement_of_a_write_or_a_read_scans_or_sorts_the_records(sqlite_store: SqliteStore):
    """With a million records, one that does is the difference between milliseconds and seconds."""
    connection = await connect_and_open(sqlite_store)
    statements: list[str] = []
    await sqlite_store.connections.all()  # so that there is a reading connection
    for db in (sqlite_store.threads._writer, *sqlite_store.threads._idle_readers.queue):
        db.set_trace_callback(statements.append)
    for text in ("first", "second"):
        await sqlite_store.write(
            connection.id, "bat_1", [WriteRecords([record("a", text=text), record("b")]), walk("a")]
        )
    for partition in ("C1", None):
        page = await sqlite_store.records.page(
            connection.id, "messages", RecordQuery(partition=partition, limit=1, deleted=True)
        )
        choice = {"partition": partition, "after": page.next, "since": "0", "until": "9", "heads": True}
        for newest in (False, True):
            await sqlite_store.records.page(connection.id, "messages", RecordQuery(newest=newest, **choice))
    await sqlite_store.records.page(connection.id, "messages", RecordQuery(partition="C1", position="1", newest=True))
    await sqlite_store.records.count_partitions(connection.id, "messages", ["C1"])
    await sqlite_store.records.versions(connection.id, "messages", "a")
    await sqlite_store.records.changes(connection.id, after=0, limit=10)
    await sqlite_store.records.content(connection.id, "messages", ["a", "b"])
    await sqlite_store.records.groups(connection.id, "messages", "C1", ["1"])
    await sqlite_store.records.lookback(connection.id, "messages", "C1", heads=3, before="9")
    plans: dict[str, list[str]] = {}
    with closing(sqlite3.connect(sqlite_store.threads.path)) as db:
        for statement in statements:
            if " records" in statement:
                plans[statement] = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    bad = {
        statement: step
        for statement, steps in plans.items()
        for step in steps
        if step.startswith(("SCAN records", "SCAN earlier")) or "USE TEMP B-TREE FOR ORDER BY" in step
    }
    assert len(plans) > 10
    assert not bad


def test_opening_a_store_of_today_imports_neither_sqlalchemy_nor_alembic(make_home: Callable[[], Path], root: Path):
    """Together they take longer to import than `polyhost status` may take in all."""
    program = (
        "import asyncio, pathlib, sys\n"
        "from polyhost.store.opening import open_store\n"
        "async def main():\n"
        "    store = await open_store(pathlib.Path(sys.argv[1]))\n"
        "    await store.connections.all()\n"
        "    await store.close()\n"
        "asyncio.run(main())\n"
        "assert not {'sqlalchemy', 'alembic'} & set(sys.modules)\n"
    )
    environment = {"PYTHONPATH": str(root / "host")}
    subprocess.run([sys.executable, "-c", program, str(make_home())], env=environment, check=True)


@pytest.mark.parametrize("table", schema.metadata.tables)
def test_every_table_says_what_it_is_for(table: str):
    assert schema.metadata.tables[table].comment
