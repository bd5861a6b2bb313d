"""Pages of records as surfaces get them: moments and names ready, either way round, heads with their counts."""

from pathlib import Path
from typing import Any

import pytest

from operations.shelf import Shelf, message
from polyhost.cli.render.records import RENDERERS
from polyhost.errors import RefusedError
from polyhost.operations.export import ExportRequest, export
from polyhost.operations.records import RecordsRequest, records
from polyhost.protocol.headline import headline
from polyhost.web.words import glance


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


async def test_a_record_has_the_same_headline_on_every_surface_and_in_exports(
    shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Of people Slack's manifest says that their display name is what they are called, whatever else is filled."""
    person = {"id": "U1", "name": "ann", "real_name": "Ann Other", "display_name": "Annie", "title": "Harbour master"}
    handle = {"id": "U2", "name": "bob", "real_name": "", "display_name": None, "title": ""}
    await shelf.put({"users": [person, handle], "messages": [message(1, "the harbour lights")]})
    expected = {"users": ["Annie", "bob"], "messages": ["the harbour lights"]}
    for stream, headlines in expected.items():
        value = (await records(shelf.context, RecordsRequest(name="slack", stream=stream))).value
        rows = value["records"]
        assert [headline(row["data"], row["headline_field"]) for row in rows] == headlines
        assert [glance(row) for row in rows] == [(told, True) for told in headlines]
        RENDERERS["records"](value)
        printed = capsys.readouterr().out.splitlines()
        for told, row in zip(headlines, rows, strict=True):
            (line,) = [line for line in printed if row["key"] in line]
            who = f"{row['author']}: " if row["author"] else ""
            assert line.replace(row["key"], "").split()[:-1] == (who + told).split()  # the version comes last
    await export(shelf.context, ExportRequest(name="slack", format="markdown", to=str(tmp_path / "out")))
    written = "\n".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out").rglob("*.md"))
    assert all(f"**{told}**" in written for told in expected["users"]), written
    assert "the harbour lights" in written
