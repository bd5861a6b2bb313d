"""Searching as an owner does: what is found, what is shown of it, and what is said where not everything was
searched."""

from typing import Any

import pytest

from operations.shelf import Shelf, message
from polyhost.errors import RefusedError
from polyhost.operations.context import Context
from polyhost.operations.search import SearchRequest, search


async def find(shelf: Shelf, text: str, **choice: Any) -> dict[str, Any]:
    return (await search(shelf.context, SearchRequest(text=text, **({"wait": 5.0} | choice)))).value


def texts(value: dict[str, Any]) -> list[str]:
    return [hit["snippet"]["text"] for hit in value["hits"]]


async def test_a_hit_says_where_and_when_it_is_from_and_what_was_found_in_it(shelf: Shelf):
    await shelf.label(C1="général")
    await shelf.put({"messages": [message(1, "The Hârbour lights", user_id="U9")]})
    value = await find(shelf, "harbour")
    assert value["hits"] == [
        {
            "connection": "slack",
            "source": "slack",
            "stream": "messages",
            "key": '["C1","1790000001.000100"]',
            "partition": "C1",
            "label": "général",
            "author": "U9",
            "time": "2026-09-21T14:13:21.000Z",
            "version": 1,
            "deleted": False,
            "grouped": True,
            "snippet": {
                "field": "text",
                "text": "The Hârbour lights",
                "highlights": [(4, 11)],
                "cut_before": False,
                "cut_after": False,
            },
        }
    ]
    assert (value["complete"], value["pending"], value["next"]) == (True, 0, None)
    assert value["connections"] == [{"connection": "slack", "pending": 0}]


async def test_everything_connected_is_searched_or_only_what_is_named(shelf: Shelf):
    await shelf.connect("other")
    await shelf.put({"messages": [message(1, "lights here")], "users": [{"id": "U1", "name": "ann lights"}]})
    await shelf.put({"messages": [message(2, "lights there")]}, name="other")
    assert texts(await find(shelf, "lights")) == ["ann lights", "lights there", "lights here"]
    assert texts(await find(shelf, "lights", connection=("slack",))) == ["ann lights", "lights here"]
    assert texts(await find(shelf, "lights", stream="messages", limit=1)) == ["lights there"]
    with pytest.raises(RefusedError) as refused:
        await find(shelf, "lights", connection=("nowhere",))
    assert refused.value.code == "unknown_connection"
    with pytest.raises(RefusedError) as refused:
        await find(shelf, "lights", stream="mesages")
    assert refused.value.code == "unknown_stream"


async def test_ids_and_other_fields_that_nobody_wrote_are_not_searched(shelf: Shelf):
    await shelf.put(
        {"messages": [message(1, "hello", subtype="channel_join", files=[{"id": "F1", "name": "plan.pdf"}])]}
    )
    assert texts(await find(shelf, "U1")) == texts(await find(shelf, "join")) == []
    (hit,) = (await find(shelf, "plan"))["hits"]
    assert hit["snippet"]["field"] == "files.0.name"


async def test_an_edit_and_a_deletion_are_taken_in_before_the_search(shelf: Shelf):
    await shelf.put({"messages": [message(1, "before"), message(2, "before")]})
    assert len((await find(shelf, "before"))["hits"]) == 2
    await shelf.put({"messages": [message(1, "after")]})
    await shelf.delete("messages", message(2, "before"))
    assert texts(await find(shelf, "before")) == []
    assert texts(await find(shelf, "after")) == ["after"]
    (gone,) = (await find(shelf, "before", deleted=True))["hits"]
    assert gone["deleted"]


async def test_without_time_to_take_in_what_is_new_the_search_says_so(shelf: Shelf):
    await shelf.put({"messages": [message(number, "harbour") for number in range(3)]})
    value = await find(shelf, "harbour", wait=0)
    assert (value["hits"], value["complete"], value["pending"]) == ([], False, 3)
    assert len((await find(shelf, "harbour"))["hits"]) == 3
    await shelf.put({"messages": [message(7, "harbour")]})
    value = await find(shelf, "harbour", wait=0)
    assert (len(value["hits"]), value["complete"], value["pending"]) == (3, False, 1)


async def test_what_is_being_collected_is_not_run_after_unless_that_is_asked_for(shelf: Shelf):
    """The shelf's own run never ends."""
    await shelf.put({"messages": [message(1, "harbour")]})
    value = await find(shelf, "harbour", wait=None)
    assert (value["hits"], value["pending"]) == ([], 1)
    assert len((await find(shelf, "harbour", wait=1.0))["hits"]) == 1
    await shelf.put({"messages": [message(2, "harbour")]})
    await shelf.end_run()
    assert len((await find(shelf, "harbour", wait=None))["hits"]) == 2


async def test_a_stretch_of_time_is_half_open(shelf: Shelf):
    await shelf.put({"messages": [message(number, f"n{number} x") for number in range(4)]})
    since, until = "2026-09-21T14:13:21Z", "2026-09-21T14:13:23Z"
    assert texts(await find(shelf, "x", since=since, until=until)) == ["n2 x", "n1 x"]
    assert texts(await find(shelf, "x", until="2026-09-21")) == []


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"since": "yesterday"}, "bad_since"),
        ({"until": "2026-01-01T00:00:00"}, "bad_until"),
        ({"limit": 0}, "bad_limit"),
        ({"limit": 1_001}, "bad_limit"),
        ({"wait": -1.0}, "bad_wait"),
        ({"wait": float("nan")}, "bad_wait"),
        ({"after": "nonsense"}, "bad_cursor"),
        ({"text": '"'}, "query_empty"),
    ],
)
async def test_what_cannot_be_searched_is_refused(shelf: Shelf, choice: dict[str, Any], code: str):
    with pytest.raises(RefusedError) as refused:
        await search(shelf.context, SearchRequest(**({"text": "x"} | choice)))
    assert refused.value.code == code


async def test_a_connection_whose_polyfill_is_gone_is_still_found_in(shelf: Shelf, tmp_path: Any):
    """What was indexed stays; what came since is counted, for nobody can say which of its fields are text."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "manifest.json").write_text(
        '{"protocol_version":"0.1.0","connector_id":"urn:test:notes","version":"1","display_name":"Notes",'
        '"stdio":{"command":["true"]},"streams":[{"name":"notes","primary_key":["id"],'
        '"schema":{"type":"object","properties":{"id":{"type":"string"},"body":{"type":"string"}}}}]}'
    )
    await shelf.connect("notes", source=str(folder))
    await shelf.put({"notes": [{"id": "1", "body": "harbour"}]}, name="notes")
    assert texts(await find(shelf, "harbour")) == ["harbour"]
    await shelf.put({"notes": [{"id": "2", "body": "harbour"}]}, name="notes")
    (folder / "manifest.json").unlink()
    value = await find(shelf, "harbour")
    assert (texts(value), value["complete"], value["pending"]) == (["harbour"], False, 1)


async def test_a_server_takes_nothing_in_for_a_search_and_says_what_is_pending(shelf: Shelf):
    """Its own task does, when no run goes on; a search would wait for it, and slow the next run down."""
    await shelf.end_run()
    await shelf.connect("other")
    await shelf.put({"messages": [message(1, "harbour")]}, name="other")
    await shelf.end_run("other")
    host: Any = object()
    served = Context(home=shelf.home, host=host)
    value = (await search(served, SearchRequest(text="harbour"))).value
    assert (value["hits"], value["pending"], value["complete"]) == ([], 1, False)
    waited = (await search(served, SearchRequest(text="harbour", wait=5))).value
    assert (len(waited["hits"]), waited["pending"]) == (1, 0)
