"""The files of every store's records: which there are, and what becomes of each. From the docstrings of base.py."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyhost.errors import RefusedError
from polyhost.ledger.digest import encode
from polyhost.ledger.files import Content, FileReason, FileState
from polyhost.protocol.declarations import FilesDecl
from polyhost.protocol.record_files import FileRules
from polyhost.store.base import FileQuery, FileResult, RecordWrite, Store, WriteRecords
from polyhost.store.memory import MemoryStore
from polyhost.store.preview import PreviewStore
from polyhost.store.sqlite.store import SqliteStore
from store.making import AT, LATER, connect_and_open, deletion

pytestmark = pytest.mark.requirement("SL-2")

DECLARED = FilesDecl.model_validate(
    {
        "each": "files",
        "id": "id",
        "address": "url",
        "name": "name",
        "type": "type",
        "size": "size",
        "state": {"field": "mode", "gone": ["tombstone"], "external": ["external"]},
    }
)
TIMES = (("at", {"type": "integer"}),)
RULES = FileRules({"messages": ((DECLARED,), TIMES)})
EPOCH = 1_700_000_000
DIGEST = "a" * 64
KEPT = Content(DIGEST, 12, "image/png")


def holding(number: int, *files: dict[str, Any], room: str = "C1", stream: str = "messages") -> RecordWrite:
    """A message with these files."""
    encoded = encode({"at": EPOCH + number, "files": [*files]})
    return RecordWrite(stream, f"k{number}", "upsert", encoded.data, encoded.digest, AT, room, f"{number:04}")


def file(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "url": f"https://files.example/{name}", "name": f"{name}.png", "type": "image/png", **more}


async def put(store: Store, connection_id: int, *records: RecordWrite, limit: int = 1000) -> None:
    await store.write(connection_id, "bat_1", [WriteRecords(records)])
    while await store.files.index(connection_id, RULES, limit=limit):
        pass


async def filled(store: Store, *records: RecordWrite, **options: Any) -> int:
    connection = await connect_and_open(store)
    await put(store, connection.id, *records, **options)
    return connection.id


async def names(store: Store, connection_id: int, **asked: Any) -> list[str]:
    found = await store.files.find(connection_id, FileQuery(**asked))
    return [row.facts.identity.removeprefix("id:") for row in found.files]


async def numbers(store: Store, connection_id: int) -> dict[str, int]:
    found = await store.files.find(connection_id)
    return {row.facts.identity.removeprefix("id:"): row.id for row in found.files}


async def states(store: Store, connection_id: int) -> dict[str, tuple[str, str | None]]:
    found = await store.files.find(connection_id)
    return {row.facts.identity.removeprefix("id:"): (row.facts.state, row.facts.reason) for row in found.files}


def here(file_id: int, content: Content = KEPT) -> FileResult:
    return FileResult(file_id, FileState.HERE, None, LATER, content)


async def test_files_come_newest_first_by_the_moment_of_their_record(store: Store):
    number = await filled(store, holding(2, file("two")), holding(3, file("three")), holding(1, file("one")))
    assert await names(store, number) == ["three", "two", "one"]


@pytest.mark.parametrize("limit", [1, 2, 1000])
async def test_a_file_in_two_records_is_one_file(store: Store, limit: int):
    number = await filled(store, holding(1, file("a")), holding(2, file("a"), file("b"), room="C2"), limit=limit)
    assert sorted(await names(store, number)) == ["a", "b"]
    ids = await numbers(store, number)
    held = await store.files.records(number, [ids["a"]])
    assert [(one.key, one.partition) for one in held[ids["a"]]] == [("k1", "C1"), ("k2", "C2")]
    of = await store.files.of(number, "messages", ["k1", "k2", "k3"])
    assert {key: [one.file.id for one in files] for key, files in of.items()} == {
        "k1": [ids["a"]],
        "k2": [ids["a"], ids["b"]],
    }


async def test_pages_follow_one_another(store: Store):
    number = await filled(store, *(holding(one, file(f"f{one}")) for one in range(7)))
    first = await store.files.find(number, FileQuery(limit=3))
    second = await store.files.find(number, FileQuery(limit=3, after=first.next))
    third = await store.files.find(number, FileQuery(limit=3, after=second.next))
    found = [row.facts.identity for page in (first, second, third) for row in page.files]
    assert found == [f"id:f{one}" for one in reversed(range(7))]
    assert third.next is None
    with pytest.raises(RefusedError, match="cursor"):
        await store.files.find(number, FileQuery(after="anything"))


async def test_some_are_asked_for(store: Store):
    pdf = file("b", type="application/PDF", mode="external")
    number = await filled(store, holding(1, file("a")), holding(2, pdf, room="C2"), holding(3, {"id": "c"}))
    assert await names(store, number, states=frozenset({FileState.EXTERNAL})) == ["b"]
    assert await names(store, number, types=["image/"]) == ["a"]
    assert await names(store, number, types=["image/", "application/pdf"]) == ["b", "a"]
    assert await names(store, number, partition="C2") == ["b"]
    assert await names(store, number, thumbnails=True) == []


async def test_originals_are_looked_up_by_their_identities(store: Store):
    small = FilesDecl.model_validate({"each": "files", "id": "id", "address": "small", "thumbnail": True})
    rules = FileRules({"messages": ((small, DECLARED), TIMES)})
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([holding(1, file("a", small="s"), file("b", small="s"))])])
    while await store.files.index(connection.id, rules, limit=9):
        pass
    found = await store.files.by_identity(connection.id, ["id:b", "id:none", "id:a", "id:b"])
    assert {identity: (row.facts.name, row.facts.is_thumbnail) for identity, row in found.items()} == {
        "id:a": ("a.png", False),
        "id:b": ("b.png", False),
    }
    assert found["id:a"] == await store.files.get(connection.id, found["id:a"].id)
    assert await store.files.by_identity(connection.id + 1, ["id:a"]) == {}
    assert await store.files.by_identity(connection.id, []) == {}


async def test_what_became_of_a_file_is_kept(store: Store):
    number = await filled(store, holding(1, file("a", size=9)), holding(2, file("b", size=5)), holding(3, file("c")))
    ids = await numbers(store, number)
    refused = FileResult(ids["b"], FileState.REFUSED, FileReason.NOT_ALLOWED, LATER)
    await store.files.save(number, [here(ids["a"]), refused])
    row = await store.files.get(number, ids["a"])
    assert row is not None
    assert (row.facts.state, row.facts.content, row.facts.tries, row.facts.tried_at) == ("here", KEPT, 1, LATER)
    assert (await states(store, number))["b"] == ("refused", "not_allowed")
    counted = [(one.state, one.reason, one.files, one.bytes) for one in await store.files.count(number)]
    assert counted == [("here", None, 1, 12), ("refused", "not_allowed", 1, 5), ("to_come", None, 1, 0)]


async def test_a_file_that_has_changed_at_the_source_is_to_come_and_its_old_content_stays(store: Store):
    number = await filled(store, holding(1, file("a", size=9)))
    await store.files.save(number, [here((await numbers(store, number))["a"])])
    await put(store, number, holding(1, file("a", size=9, title="renamed")))
    assert (await states(store, number))["a"] == ("here", None)
    await put(store, number, holding(1, file("a", size=10)))
    (row,) = (await store.files.find(number)).files
    assert (row.facts.state, row.facts.content, row.facts.size) == ("to_come", KEPT, 10)


async def test_what_the_source_says_moves_a_file_that_is_not_here(store: Store):
    number = await filled(store, holding(1, file("a")))
    await put(store, number, holding(1, file("a", mode="tombstone")))
    assert (await states(store, number))["a"] == ("gone", None)
    await put(store, number, holding(1, file("a")))
    assert (await states(store, number))["a"] == ("to_come", None)
    ids = await numbers(store, number)
    await store.files.save(number, [FileResult(ids["a"], FileState.GONE, FileReason.NOT_FOUND, LATER)])
    await put(store, number, holding(1, file("a", title="named")))
    assert (await states(store, number))["a"] == ("gone", "not_found"), "the site itself was asked"


async def test_a_file_goes_with_the_last_record_that_holds_it_and_its_content_belongs_to_nobody(store: Store):
    number = await filled(store, holding(1, file("a")), holding(2, file("a")))
    await store.files.save(number, [here((await numbers(store, number))["a"])])
    await put(store, number, deletion("k1"))
    assert (await names(store, number), await store.files.unused(limit=9)) == (["a"], [])
    assert await store.files.forget([DIGEST]) == [], "somebody holds it"
    await put(store, number, deletion("k2"))
    assert (await names(store, number), await store.files.unused(limit=9)) == ([], [DIGEST])
    assert await store.files.contents(limit=9) == [KEPT]
    assert await store.files.forget([DIGEST, "b" * 64]) == [DIGEST]
    assert await store.files.contents(limit=9) == []


async def test_a_content_is_kept_once_for_all_who_hold_it(store: Store):
    number = await filled(store, holding(1, file("a"), file("b")))
    ids = await numbers(store, number)
    await store.files.save(number, [here(ids["a"]), here(ids["b"])])
    assert await store.files.contents(limit=9) == [KEPT]
    assert await store.files.contents(after=DIGEST, limit=9) == []
    assert await store.files.holders(DIGEST) == [(number, ids["a"]), (number, ids["b"])]


async def test_a_deleted_connection_takes_its_files_along(store: Store):
    number = await filled(store, holding(1, file("a")))
    await store.files.save(number, [here((await numbers(store, number))["a"])])
    await store.connections.delete(number)
    assert await names(store, number) == []
    assert await store.files.unused(limit=9) == [DIGEST]


@pytest.mark.parametrize("limit", [1, 1000])
async def test_by_other_rules_records_are_read_anew_and_what_is_here_stays_here(store: Store, limit: int):
    number = await filled(store, holding(1, file("a")), holding(2, file("b")))
    await store.files.save(number, [here((await numbers(store, number))["a"])])
    other = FileRules({"messages": ((DECLARED.model_copy(update={"type": None}),), TIMES)})
    while await store.files.index(number, other, limit=limit):
        pass
    assert await states(store, number) == {"b": ("to_come", None), "a": ("here", None)}
    nothing = FileRules({})
    while await store.files.index(number, nothing, limit=limit):
        pass
    await put(store, number, holding(3, file("c")))
    assert sorted(await names(store, number)) == ["a", "b", "c"]


async def test_what_is_not_known_any_more_is_passed_over(store: Store):
    number = await filled(store, holding(1, file("a")))
    await store.files.save(number, [here(4711)])
    assert await store.files.unused(limit=9) == [DIGEST]
    assert await store.files.get(number, 4711) is None


# ------------------------------------------------------------------ any history

MODES = st.sampled_from([None, "tombstone", "external"])
FILES = st.lists(st.builds(file, st.sampled_from("abc"), size=st.sampled_from([None, 1, 2]), mode=MODES), max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 4), FILES),
        st.tuples(st.just("delete"), st.integers(1, 4), st.none()),
        st.tuples(st.just("save"), st.integers(0, 3), st.sampled_from([*FileState])),
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=STEPS, limit=st.integers(1, 4))
async def test_both_stores_know_the_same_after_any_history(steps: list[Any], limit: int, make_home: Any):
    one, other = MemoryStore(), await SqliteStore.open(make_home())
    try:
        assert await _played(one, steps, limit) == await _played(other, steps, limit)
    finally:
        await other.close()


async def _played(store: Store, steps: list[Any], limit: int) -> list[Any]:
    number = (await connect_and_open(store)).id
    for step, which, what in steps:
        if step == "save":
            known = (await store.files.find(number)).files
            content = Content(str(which) * 64, which, "text/plain") if what is FileState.HERE else None
            await store.files.save(number, [FileResult(row.id, what, None, LATER, content) for row in known[:which]])
        else:
            await put(store, number, deletion(f"k{which}") if step == "delete" else holding(which, *what), limit=limit)
    found = (await store.files.find(number)).files
    held = await store.files.records(number, [row.id for row in found])
    return [
        [(row.facts, [(one.stream, one.key) for one in held[row.id]]) for row in found],
        {key: row.facts for key, row in (await store.files.by_identity(number, ["id:a", "id:b"])).items()},
        await store.files.count(number),
        await store.files.unused(limit=99),
        await store.files.contents(limit=99),
    ]


async def test_a_preview_reads_files_and_changes_none(store: Store):
    number = await filled(store, holding(1, file("a")))
    preview = PreviewStore(store)
    ids = await numbers(preview, number)
    assert await preview.files.by_identity(number, ["id:a"]) == await store.files.by_identity(number, ["id:a"]) != {}
    await preview.files.save(number, [here(ids["a"])])
    assert await preview.files.index(number, FileRules({}), limit=9) is False
    assert await states(store, number) == {"a": ("to_come", None)}
