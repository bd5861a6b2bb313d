"""Several processes and one store, and processes killed at any instant: the store opens and tells the truth.

The children say over a pipe where they are and wait to be told: nothing here sleeps or depends on speed.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from polyhost.store.base import Store
from polyhost.store.sqlite.opening import STORE_FILE
from polyhost.store.sqlite.store import SqliteStore
from store import child
from store.making import MOMENT, connect, connect_and_open, holder


class Child:
    """One child process, spoken to by lines."""

    def __init__(self, *arguments: str | Path) -> None:
        roots = [Path(child.__file__).parents[1], Path(child.__file__).parents[2] / "host"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, roots)), "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, child.__file__, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> list[str]:
        """SIGKILL; the lines it had said by then."""
        self.process.kill()
        return self._rest().split()

    def _rest(self) -> str:
        """Through the same reader that `hear` uses: it may have read ahead, and `communicate` would not know."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if self.process.stdout.closed:
            return ""
        said = self.process.stdout.read()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        return said


@contextmanager
def children(*commands: tuple[str | Path, ...]) -> Iterator[list[Child]]:
    started = [Child(*command) for command in commands]
    try:
        yield started
    finally:
        for each in started:
            each.kill()


def integrity(home: Path) -> str:
    with closing(sqlite3.connect(home / STORE_FILE)) as db:
        return db.execute("PRAGMA integrity_check").fetchone()[0]


async def make_connection(home: Path) -> None:
    store = await SqliteStore.open(home)
    await connect_and_open(store)
    await store.close()


async def groups_in(store: Store) -> dict[int, int]:
    """How many records of each write are there."""
    found: dict[int, int] = {}
    for stored in await store.records.changes(1, after=0, limit=1_000_000):
        number = int(stored.key.partition("-")[0])
        found[number] = found.get(number, 0) + 1
    return found


@pytest.mark.parametrize("acknowledged", [0, 1, 7, 60])
async def test_a_killed_writer_loses_nothing_it_was_told_is_written(make_home: Callable[[], Path], acknowledged: int):
    home = make_home()
    await make_connection(home)
    with children(("write", home)) as (writer,):
        heard = [writer.hear() for _ in range(acknowledged)]
        heard += writer.kill()  # at once, while it goes on writing
    last = int(heard[-1]) if heard else 0
    store = await SqliteStore.open(home)
    found = await groups_in(store)
    states = await store.ledger.partitions(1)
    counts = await store.records.count(1)
    changes = await store.records.changes(1, after=0, limit=1_000_000)
    await store.close()
    assert integrity(home) == "ok"
    assert sorted(found) in (list(range(1, last + 1)), list(range(1, last + 2)))
    assert set(found.values()) <= {child.GROUP}
    assert [state.covered[0].until for state in states] == [f"{len(found):06}"] * bool(found)
    assert counts.get("messages", (0, 0)) == (len(changes), 0)
    assert [stored.sequence for stored in changes] == list(range(1, len(changes) + 1))


@pytest.mark.parametrize("size", [1, 30_000], ids=["small", "larger than the cache"])
async def test_a_writer_killed_before_its_commit_leaves_nothing_of_the_write(make_home: Callable[[], Path], size: int):
    """The larger write has gone into the log in part already."""
    home = make_home()
    await make_connection(home)
    with children(("stop-at-commit", home, str(size))) as (writer,):
        assert writer.hear() == "committing"
    store = await SqliteStore.open(home)
    assert await groups_in(store) == {}
    assert await store.ledger.partitions(1) == []
    await store.close()
    assert integrity(home) == "ok"


async def test_of_processes_racing_for_a_lease_one_has_it_and_all_agree_which(make_home: Callable[[], Path]):
    home = make_home()
    await make_connection(home)
    tokens = ["first", "second", "third"]
    with children(*[("lease", home, token) for token in tokens]) as racers:
        assert [racer.hear() for racer in racers] == ["ready"] * len(tokens)
        for racer in racers:
            racer.tell()
        answers = {racer.hear() for racer in racers}
        assert len(answers) == 1
        assert answers < set(tokens)


async def test_the_lease_of_a_killed_process_is_taken_over_before_it_expires(make_home: Callable[[], Path]):
    home = make_home()
    await make_connection(home)
    store = await SqliteStore.open(home)
    with children(("lease", home, "theirs")) as (other,):
        other.hear()
        other.tell()
        assert other.hear() == "theirs"
        mine = holder("mine", pid=os.getpid())
        refused = await store.runs.acquire_lease(1, mine, now=MOMENT)
        assert refused is not None
        assert (refused.token, refused.pid) == ("theirs", other.process.pid)
        other.kill()
        assert await store.runs.acquire_lease(1, mine, now=MOMENT) is None
    await store.close()


async def test_processes_that_open_a_new_home_at_once_all_get_the_same_store(tmp_path: Path):
    """Who comes second waits for who makes the schema, and finds it made."""
    home = tmp_path / "new" / "home"
    names = ["a", "b", "c"]
    with children(*[("open", home, name) for name in names]) as openers:
        assert [opener.hear() for opener in openers] == ["ready"] * len(names)
        for opener in openers:
            opener.tell()
        assert [opener.hear() for opener in openers] == ["done"] * len(names)
    store = await SqliteStore.open(home)
    assert [row.name for row in await store.connections.all()] == names
    await store.close()


async def test_two_open_stores_see_each_others_writes(make_home: Callable[[], Path]):
    home = make_home()
    first, second = await SqliteStore.open(home), await SqliteStore.open(home)
    await connect(first, "one")
    await connect(second, "two")
    assert [row.name for row in await first.connections.all()] == ["one", "two"]
    await first.close()
    assert [row.name for row in await second.connections.all()] == ["one", "two"]
    await second.close()
