"""Files that a process hands over beside its records, in runs to their ends (SL-2)."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.rig import Rig
from handing_over import CHATS, chats_json, command
from media_artifacts import kept, kept_digests, leftovers
from playbooks import manifest
from polyhost.connectors.stdio import StdioConnector
from polyhost.engine.files import blobs as blobs_module
from polyhost.engine.files.blobs import BlobStep
from polyhost.engine.files.rubbish import take_out_rubbish
from polyhost.engine.files.wanted import FilesWanted
from polyhost.errors import ErrorCode, RefusedError
from polyhost.files.contents import Contents
from polyhost.files.spool import Spool
from polyhost.ledger.files import FileFacts
from polyhost.protocol.manifest import load_manifest
from polyhost.protocol.record_files import file_rules
from polyhost.store.base import FileQuery
from polyhost.store.memory import MemoryStore
from store.conftest import make_home, store

__all__ = ["make_home", "store"]

pytestmark = pytest.mark.requirement("SL-2")

ONE, TWO = b'{"a": 1}', b'{"b": [1, 2]}'
TALKS = load_manifest(chats_json())
SAID = "ONE, TWO = b'{\"a\": 1}', b'{\"b\": [1, 2]}'\n"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Handing:
    """One home, one connection, and what its runs leave there."""

    def __init__(self, rig: Rig, home: Path) -> None:
        self.rig = rig
        self.home = home

    async def run(self, script: str, *, wanted: FilesWanted | None = None, **options: Any) -> dict[str, Any]:
        spool = Spool(self.home)
        step = BlobStep(
            store=self.rig.store,  # type: ignore[arg-type]  # it is one, by delegation
            connection_id=self.rig.connection.id,
            clock=self.rig.clock,
            contents=Contents(self.home),
            spool=spool,
            rules=file_rules(self.rig.manifest),
            wanted=wanted or FilesWanted(),
            watch=self.rig.events.append,
        )
        process = StdioConnector(command(SAID + script), self.home.parent, spool=spool.folder)
        result = await self.rig.run(None, other=process, blobs=step, **options)  # type: ignore[arg-type]
        assert leftovers(self.home) == [], "no half file"
        assert list((self.home / "files" / "spool").iterdir()) == [], "and nothing of the spool"
        kept_digests(self.home)
        return result

    async def facts(self) -> dict[str, FileFacts]:
        """By the key of a record that holds each."""
        page = await self.rig.store.files.find(self.rig.connection.id, FileQuery(limit=500))
        held = await self.rig.store.files.records(self.rig.connection.id, [row.id for row in page.files])
        return {one.key: one.file.facts for records in held.values() for one in records}

    async def states(self) -> dict[str, tuple[str, str | None]]:
        return {key: (facts.state, facts.reason) for key, facts in (await self.facts()).items()}


def pair(number: int) -> str:
    """A file, and the record that names it."""
    return f'blob("c{number}", b"[{number}]"); record("c{number}", b"[{number}]")'


@pytest.fixture
async def in_each(store: Any, tmp_path: Path) -> Handing:
    """In a store of each kind."""
    return Handing(await Rig(store).connected(TALKS), tmp_path / "home")


@pytest.fixture
async def handing(tmp_path: Path) -> Handing:
    return Handing(await Rig(MemoryStore()).connected(TALKS), tmp_path / "home")


def gaps(result: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    return [
        (one["severity"], one["message"], one.get("count"))
        for one in result["diagnostics"]
        if one["code"] == "media_missing"
    ]


HERE = ("here", None)


@pytest.mark.parametrize(
    "script",
    [
        'blob("c1", ONE); record("c1", ONE)',
        'record("c1", ONE); blob("c1", ONE)',
        'blob("c1", ONE); [record(f"n{n}") for n in range(350)]; record("c1", ONE)',
        'record("c1", ONE); [record(f"n{n}") for n in range(350)]; blob("c1", ONE)',
    ],
    ids=["before", "after", "long before", "long after"],
)
async def test_a_file_is_of_the_record_that_names_it_in_whichever_order_they_come(in_each: Handing, script: str):
    result = await in_each.run(script)
    assert result["status"] == "complete", result
    facts = (await in_each.facts())["c1"]
    assert (facts.state, facts.type, facts.content and facts.content.digest) == ("here", "application/json", sha(ONE))
    assert kept(in_each.home) == {sha(ONE): ONE}
    assert result["receipt"]["files"]["taken"] == 1
    assert (result["receipt"]["files"]["bytes"], result["receipt"]["files"]["known"]["here"]) == (len(ONE), 1)


async def test_a_record_of_an_earlier_run_gets_its_file_and_its_gap_closes(in_each: Handing):
    first = await in_each.run('record("c1", ONE); record("c2", TWO); blob("c2", TWO)')
    assert first["status"] == "complete_with_gaps"
    assert gaps(first) == [("gap", "Files could not be fetched (not sent: 1).", 1)]
    assert await in_each.states() == {"c1": ("to_come", "not_sent"), "c2": HERE}
    again = await in_each.run('blob("c1", ONE); record("c2", TWO)')
    assert (again["status"], gaps(again)) == ("complete", [])
    assert await in_each.states() == {"c1": HERE, "c2": HERE}


async def test_what_is_here_is_not_taken_again(handing: Handing):
    await handing.run('blob("c1", ONE); record("c1", ONE)')
    again = await handing.run('blob("c1", ONE); record("c1", ONE)')
    assert (again["status"], again["receipt"]["files"]["taken"], again["receipt"]["files"]["known"]["here"]) == (
        "complete",
        0,
        1,
    )


async def test_two_records_may_name_one_file(handing: Handing):
    result = await handing.run('blob("c1", ONE); record("c1", ONE); blob("c2", ONE); record("c2", ONE)')
    assert (result["status"], result["receipt"]["files"]["taken"]) == ("complete", 1)
    assert await handing.states() == {"c1": HERE, "c2": HERE}


async def test_a_record_that_names_another_lets_go_of_the_first(in_each: Handing):
    await in_each.run('blob("c1", ONE); record("c1", ONE)')
    await in_each.run('blob("c1", TWO); record("c1", TWO)')
    assert await in_each.states() == {"c1": HERE}
    await take_out_rubbish(in_each.rig.store, in_each.home)  # type: ignore[arg-type]
    assert kept(in_each.home) == {sha(TWO): TWO}


SECRET = b"of the owner, and of no connector"
READ = 'SECRET = open("secret", "rb").read()'
HOSTILE: dict[str, tuple[str, tuple[str, str | None]]] = {
    "digest": ('tell("c1", ONE); put("c1.json", b\'{"a": 2}\'); record("c1", ONE)', ("refused", "wrong_digest")),
    "short": ('put("c1.json", ONE[:-1]); tell("c1", ONE); record("c1", ONE)', ("refused", "wrong_size")),
    "long": ('put("c1.json", ONE + b" "); tell("c1", ONE); record("c1", ONE)', ("refused", "wrong_size")),
    "other size": ('blob("c1", ONE); record("c1", ONE, size_bytes=9)', ("refused", "wrong_size")),
    "nothing": ('tell("c1", ONE); record("c1", ONE)', ("to_come", "not_sent")),
    "folder": ('os.mkdir(spool + "/c1.json"); tell("c1", ONE); record("c1", ONE)', ("to_come", "not_sent")),
    "pipe": ('os.mkfifo(spool + "/c1.json"); tell("c1", ONE); record("c1", ONE)', ("to_come", "not_sent")),
    "link": (
        f'{READ}; os.symlink(os.path.abspath("secret"), spool + "/c1.json"); tell("c1", SECRET); record("c1", SECRET)',
        ("to_come", "not_sent"),
    ),
    "path": (f'{READ}; tell("c1", SECRET, file="../../../secret"); record("c1", SECRET)', ("to_come", "not_sent")),
    "malformed": ('blob("c1", ONE, sha256=5); record("c1", ONE)', ("to_come", "not_sent")),
    "no stream": ('blob("c1", ONE, stream="nobody"); record("c1", ONE)', ("to_come", "not_sent")),
    "too large": ('tell("c1", ONE, size_bytes=33554433); record("c1", ONE)', ("to_come", "not_sent")),
    "type": ('blob("c1", ONE); record("c1", ONE, mime_type="image/png")', ("refused", "wrong_type")),
    "gone spool": ('import shutil; shutil.rmtree(spool); tell("c1", ONE); record("c1", ONE)', ("to_come", "not_sent")),
    "shut": ('blob("c1", ONE); os.chmod(spool + "/c1.json", 0); record("c1", ONE)', ("to_come", "not_sent")),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_file_that_is_not_what_was_said_costs_itself_and_is_named(handing: Handing, case: str):
    script, expected = HOSTILE[case]
    (handing.home.parent / "secret").write_bytes(SECRET)
    if case == "shut" and os.geteuid() == 0:
        pytest.skip("root reads everything")
    result = await handing.run(f'{script}\nrecord("c2", TWO)\nspool = spool if os.path.isdir(spool) else "/tmp"\n')
    assert result["status"] == "complete_with_gaps", result
    states = await handing.states()
    assert states["c1"] == expected
    assert gaps(result), result["diagnostics"]
    assert SECRET not in kept(handing.home).values()
    assert await handing.rig.keys("chats") == ["c1", "c2"], "the records are there all the same"
    assert await handing.rig.store.ledger.checkpoints(handing.rig.connection.id) == {"chats": {"at": 2}}


async def test_neighbours_of_a_bad_file_are_taken(handing: Handing):
    lines = [pair(n) for n in range(40)]
    lines.insert(20, 'put("bad", b"x"); tell("bad", ONE, file="bad"); record("bad", ONE)')
    result = await handing.run("\n".join(lines))
    states = await handing.states()
    assert states.pop("bad") == ("refused", "wrong_size")
    assert set(states.values()) == {HERE}
    assert (len(states), result["receipt"]["files"]["taken"]) == (40, 40)


async def test_a_bad_one_is_made_good_by_a_right_one(handing: Handing):
    await handing.run('put("x", b"x" * len(ONE)); tell("c1", ONE, file="x"); record("c1", ONE)')
    assert await handing.states() == {"c1": ("refused", "wrong_digest")}
    result = await handing.run('put("x", b"x" * len(ONE)); tell("c1", ONE, file="x"); blob("c1", ONE)')
    assert await handing.states() == {"c1": HERE}
    assert result["status"] == "complete", "a good one in the same run counts"


async def test_a_file_that_no_record_names_is_counted_and_leaves_nothing(handing: Handing):
    result = await handing.run('blob("c1", ONE); record("c1")')
    assert gaps(result) == [
        (
            "info",
            "Files that were handed over were not kept: no record that is stored names them (blob_of_no_record).",
            1,
        )
    ]
    assert result["status"] == "complete"
    assert kept(handing.home) == {}


async def test_a_file_of_a_record_that_is_refused_leaves_nothing(handing: Handing):
    script = 'blob("c1", ONE); said += 1; say(type="RECORD", stream="chats", key="c1", data={"id": "c1", "text": 5,'
    await handing.run(script + ' "blob_ref": ref(ONE)}, emitted_at="never")')
    assert await handing.rig.keys("chats") == []
    assert kept(handing.home) == {}


@pytest.mark.parametrize("how", ["sys.exit(3)", "os.kill(os.getpid(), 9)", 'print("no json", flush=True); hear = 1'])
async def test_a_run_that_breaks_off_leaves_whole_files_of_stored_records(handing: Handing, how: str):
    result = await handing.run(f'blob("c1", ONE); record("c1", ONE); blob("c2", TWO)\n{how}')
    assert result["status"] in {"failed", "partial"}, result
    assert await handing.rig.keys("chats") == ["c1"]
    assert await handing.states() == {"c1": HERE}
    assert kept(handing.home) == {sha(ONE): ONE}


# bounds


async def test_what_was_looked_at_does_not_wait_in_the_spool_for_the_end(
    handing: Handing, monkeypatch: pytest.MonkeyPatch
):
    left: list[str] = []
    close = Spool.close

    def seen(self: Spool) -> None:
        left.extend(path.name for path in self.folder.iterdir())
        close(self)

    monkeypatch.setattr(Spool, "close", seen)
    good = "\n".join(pair(n) for n in range(20))
    bad = 'put("x", b"x" * len(ONE)); tell("bad", ONE, file="x"); record("bad", ONE); blob("n", TWO, name="unnamed")'
    again = 'blob("c5", b"[5]", name="again"); record("c5", b"[5]")'
    await handing.run(f"{good}\n{bad}\n{again}")
    assert left == ["unnamed"]


async def test_a_larger_one_than_the_owner_wants_is_over_the_limit(handing: Handing):
    script = 'blob("c1", ONE); record("c1", ONE); blob("c2", TWO); record("c2", TWO)'
    await handing.run(script, wanted=FilesWanted(max_size=len(ONE)))
    assert await handing.states() == {"c1": HERE, "c2": ("over_limit", "too_large")}


async def test_one_run_takes_so_many_bytes_and_the_next_goes_on(handing: Handing):
    script = "\n".join(pair(n) for n in range(10, 50))
    first = await handing.run(script, wanted=FilesWanted(budget=40))
    assert (first["receipt"]["files"]["taken"], first["receipt"]["files"]["bytes"]) == (10, 40)
    (gap,) = gaps(first)
    assert (gap[0], gap[2]) == ("gap", 30)
    assert "files.per_run" in gap[1]
    second = await handing.run(script)
    assert (second["receipt"]["files"]["taken"], second["receipt"]["files"]["known"]["here"]) == (30, 40)
    assert second["status"] == "complete"


@pytest.mark.parametrize(("name", "most"), [("MAX_WAITING", 3), ("MAX_WAITING_BYTES", 11)])
async def test_so_many_wait_for_their_records_and_no_more(
    handing: Handing, monkeypatch: pytest.MonkeyPatch, name: str, most: int
):
    monkeypatch.setattr(blobs_module, name, most)
    lines = [f'{word}("c{n}", b"[{n}]")' for word in ("blob", "record") for n in range(5)]
    pause = "[record(f'n{n}') for n in range(300)]"
    result = await handing.run("\n".join([*lines[:5], pause, *lines[5:]]))
    states = await handing.states()
    assert sum(state == HERE for state in states.values()) == 3
    assert ("gap", 2) in [(severity, count) for severity, _, count in gaps(result)]


async def test_what_was_not_wanted_is_not_called_missing(handing: Handing):
    script = 'blob("c1", ONE); record("c1", ONE); record("c2", TWO)'
    result = await handing.run(script, wanted=FilesWanted(types=("image",)))
    assert await handing.states() == {"c1": ("to_come", None), "c2": ("to_come", None)}
    assert (result["status"], gaps(result)) == ("complete", [])


async def test_a_narrowed_run_calls_nothing_missing_that_it_was_not_asked_for(handing: Handing):
    await handing.run('record("c1", ONE); record("c2", TWO); sys.exit(3)')
    assert await handing.states() == {"c1": ("to_come", None), "c2": ("to_come", None)}, "it did not say all it had"
    script = 'record("c1", ONE)'
    await handing.run(script, request={"resources": {"chats": ["c1"]}})
    assert await handing.states() == {"c1": ("to_come", "not_sent"), "c2": ("to_come", None)}


# what is declared


async def test_a_connector_that_declares_nothing_is_given_no_folder(tmp_path: Path):
    rig = await Rig(MemoryStore()).connected(manifest(CHATS))
    script = 'assert spool is None; record("c1"); tell("c1", b"{}")'
    result = await rig.run(None, other=StdioConnector(command(script), tmp_path))  # type: ignore[arg-type]
    assert result["status"] == "complete_with_gaps", result
    assert [message for _, message, _ in gaps(result)] == ["without their media (blob_not_declared)"]


async def test_one_that_needs_a_host_that_takes_files_is_refused_by_one_that_does_not(tmp_path: Path):
    rig = await Rig(MemoryStore()).connected(TALKS)
    with pytest.raises(RefusedError) as refused:
        await rig.run(None, other=StdioConnector(command(""), tmp_path))  # type: ignore[arg-type]
    assert refused.value.code == ErrorCode.CAPABILITY_MISSING
    assert await rig.store.runs.newest(rig.connection.id) == []


def test_the_manifest_of_these_is_one():
    assert json.loads(json.dumps(chats_json()))["protocol_capabilities"] == ["BLOB"]
    assert TALKS.blob_streams == {"chats"}
