"""What the test's child processes do. One line out says where they are; one line in says go on.

child.py open HOME NAME       wait, then open the store and make a connection
child.py lease HOME TOKEN     open, wait, take the lease, say who has it, hold it until told to end
child.py write HOME           write group after group, saying each number once its write has returned
child.py stop-at-commit HOME RECORDS   write one group, stop with everything written but the commit
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from polyhost.ledger.state import PartitionState, Range
from polyhost.store.base import SavePartitions, WriteOp, WriteRecords
from polyhost.store.sqlite.store import SqliteStore
from store.making import MOMENT, connect, holder, record

GROUP = 40
"""Records of one write."""


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def wait() -> None:
    sys.stdin.readline()


def group(number: int, size: int = GROUP) -> Sequence[WriteOp]:
    """Records, and a ledger entry that claims them: one transaction."""
    records = [record(f"{number}-{index}", text="x" * 900, position=f"{number:06}") for index in range(size)]
    return [
        WriteRecords(records),
        SavePartitions([PartitionState(stream="messages", key="C1", covered=(Range(None, f"{number:06}"),))]),
    ]


async def open_store(home: Path, name: str) -> None:
    say("ready")
    wait()
    store = await SqliteStore.open(home)
    await connect(store, name)
    await store.close()
    say("done")


async def lease(home: Path, token: str) -> None:
    store = await SqliteStore.open(home)
    connection = (await store.connections.all())[0]
    say("ready")
    wait()
    other = await store.runs.acquire_lease(connection.id, holder(token, pid=os.getpid()), now=MOMENT)
    say(token if other is None else other.token)
    wait()
    await store.close()


async def write(home: Path) -> None:
    store = await SqliteStore.open(home)
    connection = (await store.connections.all())[0]
    number = 0
    while True:
        number += 1
        await store.write(connection.id, "bat_1", group(number))
        say(number)


async def stop_at_commit(home: Path, size: str) -> None:
    store = await SqliteStore.open(home)
    connection = (await store.connections.all())[0]

    def stop(statement: str) -> None:
        if statement == "COMMIT":
            say("committing")
            wait()

    # SQLite calls back before it carries a statement out: there is no other way to stop exactly here.
    store.threads._writer.set_trace_callback(stop)
    await store.write(connection.id, "bat_1", group(1, int(size)))


if __name__ == "__main__":
    actions = {"open": open_store, "lease": lease, "write": write, "stop-at-commit": stop_at_commit}
    asyncio.run(actions[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:]))
