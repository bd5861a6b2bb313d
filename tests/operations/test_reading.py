"""RD-1, RD-2, RD-4: a conversation reads as its site shows it, and says who wrote what, where and when."""

from pathlib import Path
from typing import Any

import pytest

from operations.shelf import Shelf, message
from polyhost.cli.render.reading import RENDERERS
from polyhost.errors import RefusedError
from polyhost.ledger.state import PartitionState, PartitionStatus
from polyhost.operations.reading import ReadRequest, read
from polyhost.operations.records import RecordsRequest, records
from polyhost.store.base import SavePartitions

pytestmark = pytest.mark.requirement("RD-1", "RD-2", "RD-4")

DAY = 86_400


async def reading(shelf: Shelf, partition: str | None = "general", **choice: Any) -> dict[str, Any]:
    return dict((await read(shelf.context, ReadRequest(name="slack", partition=partition, **choice))).value)


def said(value: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(row["author"], row["text"], row["member"]) for row in value["records"]]


@pytest.fixture
async def filled(shelf: Shelf) -> Shelf:
    (shelf.home / "config.toml").write_text('[schedule]\ntime_zone = "Europe/Berlin"\n')
    await shelf.label(C1="general", C2="random")
    people = [{"id": "U1", "name": "ada", "real_name": "Ada Byron"}, {"id": "U2", "name": "bo", "real_name": None}]
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "Release of the season"}}]
    rows = [
        message(1, "Hi <@U2>, see <#C2> and <@U9|zoe> &amp; *all*"),
        message(2, "Who comes?", thread=2),
        message(60, ":tada: I do", thread=2, user_id="U2"),
        message(DAY, "", blocks=blocks, attachments=[{"title": "Plan", "title_link": "https://x.example"}]),
        message(DAY + 1, "Elsewhere", channel="C2"),
    ]
    await shelf.put({"users": people, "channels": [{"id": "C2", "name": "random"}], "messages": rows})
    return shelf


async def test_names_stand_for_ids_and_answers_hang_on_what_they_answer(filled: Shelf):
    value = await reading(filled)
    assert said(value) == [
        ("Ada Byron", "Hi @bo, see #random and @zoe & all", False),
        ("Ada Byron", "Who comes?", False),
        ("bo", "🎉 I do", True),
        ("Ada Byron", "Release of the season\n> Plan (https://x.example)", False),
    ]
    assert (value["partition"], value["label"], value["zone"]) == ("C1", "general", "Europe/Berlin")
    assert "<strong>all</strong>" in value["records"][0]["html"]


async def test_a_day_is_one_of_the_owners_zone(filled: Shelf):
    """The first were said on the 21st at 16:13 in Berlin; the last a day later."""
    assert [text for _, text, _ in said(await reading(filled, day="2026-09-22"))] == [
        "Release of the season\n> Plan (https://x.example)"
    ]
    assert len(said(await reading(filled, day="2026-09-21"))) == 3
    assert said(await reading(filled, day="2026-09-20")) == []
    assert len(said(await reading(filled, since="2026-09-22T00:00"))) == 1
    assert len(said(await reading(filled, since="2026-09-21T14:13:22Z"))) == 3


async def test_it_goes_on_where_the_page_before_ended(filled: Shelf):
    first = await reading(filled, limit=2)
    rest = await reading(filled, after=first["next"])
    assert [*said(first), *said(rest)] == said(await reading(filled))
    assert rest["next"] is None


async def test_without_a_name_it_says_what_there_is_to_read(filled: Shelf):
    value = await reading(filled, None)
    assert value["conversations"] == [
        {"key": "C1", "label": "general", "records": 4},
        {"key": "C2", "label": "random", "records": 1},
    ]


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"partition": "nowhere"}, "unknown_partition"),
        ({"day": "yesterday"}, "bad_day"),
        ({"since": "soon"}, "bad_since"),
        ({"stream": "nothing"}, "unknown_stream"),
        ({"stream": "users"}, "no_partitions"),
        ({"day": "9999-12-31"}, "bad_day"),
        ({"since": "0001-01-01T00:00"}, "bad_since"),
        ({"day": "2026-09-21", "since": "2026-09-21T00:00"}, "bad_day"),
    ],
)
async def test_what_cannot_be_read_is_refused(filled: Shelf, choice: dict[str, Any], code: str):
    with pytest.raises(RefusedError) as refused:
        await reading(filled, **choice)
    assert refused.value.code == code


async def test_a_conversation_that_goes_on_as_another_is_read_as_one(filled: Shelf):
    await filled.put({"messages": [message(5, "Before", channel="C0")]})
    async with filled.context.store() as store:
        row = await filled.context.connection(store, "slack")
        was = PartitionState(stream="messages", key="C0", status=PartitionStatus.BECAME, successor="C2")
        await store.write(row.id, None, [SavePartitions([was])])
    assert [text for _, text, _ in said(await reading(filled, "random"))] == ["Before", "Elsewhere"]


async def test_a_command_that_is_told_runs_nothing_that_a_source_has_written(
    shelf: Shelf, capsys: pytest.CaptureFixture[str]
):
    await shelf.label(C1="x;reboot $(id)")
    RENDERERS["read"](await reading(shelf, None))
    assert capsys.readouterr().out.endswith("Read one: polyhost read slack 'x;reboot $(id)'\n")


async def test_records_that_are_listed_read_the_same(filled: Shelf):
    listed = (await records(filled.context, RecordsRequest(name="slack", stream="messages"))).value["records"]
    assert listed[0].get("text") == "Hi @bo, see #random and @zoe & all"
    people = (await records(filled.context, RecordsRequest(name="slack", stream="users"))).value["records"]
    assert not any("text" in one for one in people)


async def test_at_the_terminal_days_are_headings_and_answers_stand_further_in(
    filled: Shelf, capsys: pytest.CaptureFixture[str]
):
    RENDERERS["read"](await reading(filled))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "general slack, times in Europe/Berlin",
        "",
        "Monday, 21 September 2026",
        "16:13 Ada Byron",
        "      Hi @bo, see #random and @zoe & all",
        "16:13 Ada Byron",
        "      Who comes?",
        "    16:14 bo",
        "          🎉 I do",
        "",
        "Tuesday, 22 September 2026",
        "16:13 Ada Byron",
        "      Release of the season",
        "      > Plan (https://x.example)",
    ]


async def test_at_the_terminal_conversations_are_listed_with_how_to_read_one(
    filled: Shelf, capsys: pytest.CaptureFixture[str]
):
    RENDERERS["read"](await reading(filled, None))
    out = capsys.readouterr().out
    assert "general" in out
    assert out.endswith("Read one: polyhost read slack general\n")


async def test_a_connection_without_conversations_says_where_its_records_are(shelf: Shelf, tmp_path: Path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "manifest.json").write_text(
        '{"protocol_version": "0.1.0", "connector_id": "urn:x", "version": "1", "display_name": "Notes",'
        ' "stdio": {"command": ["true"]},'
        ' "streams": [{"name": "notes", "schema": {"type": "object", "properties": {"id": {"type": "string"}}},'
        ' "primary_key": ["id"]}]}'
    )
    await shelf.connect("notes", str(tmp_path / "plain"))
    with pytest.raises(RefusedError) as refused:
        await read(shelf.context, ReadRequest(name="notes"))
    assert (refused.value.code, "polyhost records notes STREAM" in str(refused.value)) == ("no_partitions", True)
