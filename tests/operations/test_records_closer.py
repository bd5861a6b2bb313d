"""One record with its history, the thread it belongs to, what partitions hold."""

from typing import Any

import pytest

from operations.shelf import Shelf, message, ts
from polyhost.errors import RefusedError
from polyhost.operations.records import CountsRequest, RecordRequest, ThreadRequest, counts, record, thread


def key(number: int, channel: str = "C1") -> str:
    return f'["{channel}","{ts(number)}"]'


async def look(shelf: Shelf, number: int, **choice: Any) -> dict[str, Any]:
    asked = RecordRequest(name="slack", stream="messages", key=key(number), **choice)
    return (await record(shelf.context, asked)).value


async def follow(shelf: Shelf, number: int, **choice: Any) -> list[str]:
    asked = ThreadRequest(name="slack", stream="messages", key=key(number), **choice)
    return [row["data"]["text"] for row in (await thread(shelf.context, asked)).value["records"]]


async def test_a_record_is_shown_with_what_it_was_before_newest_first(shelf: Shelf):
    await shelf.put({"messages": [message(1, "frist")]})
    await shelf.put({"messages": [message(1, "first")]})
    await shelf.delete("messages", message(1, "first"))
    value = await look(shelf, 1, versions=True)
    assert (value["record"]["data"]["text"], value["record"]["deleted"]) == ("first", True)
    told = [(one["version"], one["data"]["text"], one["deleted"]) for one in value["versions"]]
    assert told == [(3, "first", True), (2, "first", False), (1, "frist", False)]
    assert "versions" not in await look(shelf, 1)


async def test_a_record_nobody_has_is_refused(shelf: Shelf):
    with pytest.raises(RefusedError) as refused:
        await look(shelf, 1)
    assert refused.value.code == "unknown_record"
    with pytest.raises(RefusedError) as refused:
        await follow(shelf, 1)
    assert refused.value.code == "unknown_record"


async def test_any_record_of_a_thread_leads_to_its_head_and_its_replies_in_order(shelf: Shelf):
    rows = [message(5, "head", thread=5), message(9, "second", thread=5), message(7, "first", thread=5)]
    await shelf.put({"messages": [*rows, message(6, "beside it"), message(8, "other", channel="C2", thread=5)]})
    for number in (5, 7, 9):
        assert await follow(shelf, number) == ["head", "first", "second"]
    assert await follow(shelf, 6) == ["beside it"]


async def test_deleted_replies_are_shown_where_that_is_asked_for_or_one_of_them_is_meant(shelf: Shelf):
    gone = message(7, "gone", thread=5)
    await shelf.put({"messages": [message(5, "head", thread=5), gone, message(9, "stays", thread=5)]})
    await shelf.delete("messages", gone)
    assert await follow(shelf, 5) == ["head", "stays"]
    assert await follow(shelf, 5, deleted=True) == await follow(shelf, 7) == ["head", "gone", "stays"]


async def test_a_long_thread_comes_in_pages(shelf: Shelf):
    await shelf.put({"messages": [message(5, "head", thread=5), *(message(n, str(n), thread=5) for n in (6, 7, 8))]})
    asked = ThreadRequest(name="slack", stream="messages", key=key(5), limit=3)
    page = (await thread(shelf.context, asked)).value
    assert await follow(shelf, 5, after=page["next"]) == ["8"]
    with pytest.raises(RefusedError):
        await follow(shelf, 5, limit=0)


async def test_a_stream_without_groups_has_threads_of_one(shelf: Shelf):
    await shelf.put({"users": [{"id": "U1", "name": "ann"}]})
    asked = ThreadRequest(name="slack", stream="users", key="U1")
    (row,) = (await thread(shelf.context, asked)).value["records"]
    assert row["data"]["name"] == "ann"


async def test_partitions_are_counted_with_their_names(shelf: Shelf):
    await shelf.label(C1="general", C2="random")
    gone = message(3, "gone")
    await shelf.put({"messages": [message(1, "a"), message(2, "b"), gone, message(4, "c", channel="C2")]})
    await shelf.delete("messages", gone)
    value = (await counts(shelf.context, CountsRequest(name="slack", stream="messages"))).value
    assert (value["records"], value["deleted"], value["truncated"]) == (3, 1, False)
    assert value["partitions"] == [
        {"key": "C1", "label": "general", "records": 2, "deleted": 1},
        {"key": "C2", "label": "random", "records": 1, "deleted": 0},
    ]
    asked = CountsRequest(name="slack", stream="messages", partition=("random",))
    assert [row["records"] for row in (await counts(shelf.context, asked)).value["partitions"]] == [1]
    with pytest.raises(RefusedError, match="slack has no partition 'C9'"):
        await counts(shelf.context, CountsRequest(name="slack", stream="messages", partition=("C9",)))
