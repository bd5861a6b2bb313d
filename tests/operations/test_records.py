"""Pages of records as surfaces get them: moments and names ready, either way round, heads with their counts."""

from typing import Any

import pytest

from operations.shelf import Shelf, message
from polyhost.errors import RefusedError
from polyhost.operations.records import RecordsRequest, records


async def read(shelf: Shelf, **choice: Any) -> dict[str, Any]:
    return (await records(shelf.context, RecordsRequest(name="slack", stream="messages", **choice))).value


def texts(value: dict[str, Any]) -> list[str]:
    return [row["data"]["text"] for row in value["records"]]


async def filled(shelf: Shelf) -> None:
    await shelf.label(C1="général")
    rows = [
        message(1, "first"),
        message(2, "head", thread=2),
        message(3, "elsewhere", channel="C2"),
        message(4, "last"),
        message(60, "late reply", thread=2),
    ]
    await shelf.put({"messages": rows})


async def test_a_record_says_when_it_happened_and_what_its_partition_is_called(shelf: Shelf):
    await filled(shelf)
    (first, *_, late, _) = (await read(shelf, partition="C1"))["records"]
    assert (first["label"], first["time"]) == ("général", "2026-09-21T14:13:21.000Z")
    assert late["time"] == "2026-09-21T14:14:20.000Z"
    (elsewhere,) = (await read(shelf, partition="C2"))["records"]
    assert elsewhere["label"] is None


async def test_the_newest_page_comes_first_and_leads_on_to_older_ones(shelf: Shelf):
    await filled(shelf)
    page = await read(shelf, newest=True, limit=2)
    assert texts(page) == ["last", "elsewhere"]
    assert texts(await read(shelf, newest=True, after=page["next"])) == ["late reply", "head", "first"]


async def test_heads_stand_alone_and_say_how_many_hang_on_them(shelf: Shelf):
    await filled(shelf)
    page = await read(shelf, newest=True, heads=True)
    assert [(row["data"]["text"], row["members"]) for row in page["records"]] == [
        ("last", 0),
        ("elsewhere", 0),
        ("head", 1),
        ("first", 0),
    ]


async def test_until_ends_before_a_moment(shelf: Shelf):
    await filled(shelf)
    assert texts(await read(shelf, until="2026-09-21T14:13:22Z")) == ["first"]
    with pytest.raises(RefusedError) as refused:
        await read(shelf, until="yesterday")
    assert refused.value.code == "bad_until"
