"""What stands out of covered ranges, to its owner: listed, set aside, taken back, on the command line and over HTTP."""

from dataclasses import replace

import pytest

from operations.shelf import Shelf
from polyhost.errors import RefusedError
from polyhost.ledger.exceptions import StandingException, met
from polyhost.operations.context import Context
from polyhost.operations.exceptions import ExceptionsRequest, exceptions
from polyhost.protocol.exceptions import ExceptionFact, ExceptionKind, ExceptionReason
from polyhost.store.base import SaveExceptions
from polyhost.store.opening import open_store

pytestmark = pytest.mark.requirement("RS-1.1")
AT = "2026-11-22T08:00:00.000Z"


def standing(key: str, *, stream: str = "messages", partition: str | None = "C1") -> StandingException:
    fact = ExceptionFact(
        stream=stream,
        kind=ExceptionKind.RECORD,
        key=key,
        reason=ExceptionReason.INVALID,
        partition=partition,
        position="1.0",
        detail="type at /text",
    )
    return met(None, fact, at=AT, turn=1)


@pytest.fixture
async def shelf(shelf: Shelf) -> Shelf:
    """With two that stand out in one stream, one key of them in two partitions, and one in another stream."""
    found = [
        standing("k1"),
        standing("k2"),
        standing("k2", partition="C2"),
        standing("u1", stream="users", partition=None),
    ]
    store = await open_store(shelf.context.home)
    row = await store.connections.get("slack")
    assert row is not None
    await store.write(row.id, None, [SaveExceptions(found)])
    await store.close()
    return shelf


async def asked(shelf: Shelf, action: str = "list", *words: str, **more) -> dict:
    stream, key = (*words, None, None)[:2]
    request = ExceptionsRequest(name="slack", action=action, stream=stream, key=key, **more)
    return (await exceptions(shelf.context, request)).value


async def test_all_are_listed_or_those_of_a_stream_or_the_first_few(shelf: Shelf):
    value = await asked(shelf)
    assert [(one["stream"], one["key"], one["partition"]) for one in value["exceptions"]] == [
        ("messages", "k1", "C1"),
        ("messages", "k2", "C1"),
        ("messages", "k2", "C2"),
        ("users", "u1", None),
    ]
    assert [one["key"] for one in (await asked(shelf, "list", "users"))["exceptions"]] == ["u1"]
    few = await asked(shelf, limit=1)
    assert (few["total"], len(few["exceptions"])) == (4, 1)


async def test_pages_lead_through_all_of_them_and_a_foreign_cursor_is_refused(shelf: Shelf):
    whole, found, after = (await asked(shelf))["exceptions"], [], None
    for _ in whole:
        page = await asked(shelf, limit=1, after=after)
        found += page["exceptions"]
        after = page["next"]
    assert (found, after) == (whole, None)
    with pytest.raises(RefusedError) as refused:
        await asked(shelf, after="WyJ4Il0")
    assert refused.value.code == "bad_cursor"


async def test_one_is_set_aside_with_a_reason_and_taken_back(shelf: Shelf):
    before = (await asked(shelf, "list", "users"))["exceptions"][0]
    changed = (await asked(shelf, "set-aside", "users", "u1", reason="left"))["exceptions"]
    assert changed == (await asked(shelf, "list", "users"))["exceptions"]
    assert changed[0]["set_aside"]["reason"] == "left"
    with pytest.raises(RefusedError, match="already"):
        await asked(shelf, "set-aside", "users", "u1")
    assert (await asked(shelf, "take-back", "users", "u1"))["exceptions"] == [before]
    with pytest.raises(RefusedError, match="not set aside"):
        await asked(shelf, "take-back", "users", "u1")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("set-aside", "users", "nobody"), "unknown_exception"),
        (("set-aside", "messages", "k2"), "ambiguous"),
        (("set-aside", "users"), "bad_request"),
        (("set-aside",), "bad_request"),
        (("forget", "users", "u1"), "bad_request"),
    ],
)
async def test_what_names_none_or_several_changes_nothing(shelf: Shelf, words: tuple[str, ...], code: str):
    before = await asked(shelf)
    with pytest.raises(RefusedError) as refused:
        await asked(shelf, *words)
    assert refused.value.code == code
    assert await asked(shelf) == before


async def test_a_key_that_stands_out_as_record_and_as_group_is_named_with_its_kind(shelf: Shelf):
    store = await open_store(shelf.context.home)
    row = await store.connections.get("slack")
    assert row is not None
    await store.write(row.id, None, [SaveExceptions([replace(standing("k1"), kind=ExceptionKind.GROUP)])])
    await store.close()
    with pytest.raises(RefusedError, match="group in C1, record in C1"):
        await asked(shelf, "set-aside", "messages", "k1")
    changed = await asked(shelf, "set-aside", "messages", "k1", kind="group")
    assert [one["kind"] for one in changed["exceptions"]] == ["group"]


async def test_a_key_in_several_partitions_is_named_with_one(shelf: Shelf):
    await asked(shelf, "set-aside", "messages", "k2", partition="C2")
    found = (await asked(shelf, "list", "messages"))["exceptions"]
    assert [one["partition"] for one in found if one["set_aside"]] == ["C2"]


async def test_without_a_name_what_stands_out_in_every_connection_is_listed(shelf: Shelf):
    value = (await exceptions(shelf.context, ExceptionsRequest(limit=2))).value
    assert value == {"connections": [await asked(shelf, limit=2)]}
    with pytest.raises(RefusedError, match="goes on in one connection"):
        await exceptions(shelf.context, ExceptionsRequest(after=value["connections"][0]["next"]))
    nowhere = Context(home=shelf.context.home / "none")
    assert (await exceptions(nowhere, ExceptionsRequest())).value == {"connections": []}
