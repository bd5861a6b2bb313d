"""WhatsApp chats as phones of many languages write them.

Provenance: formats that people report of real exports, written here by hand; the requirements' clauses named below.
"""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers import whatsapp_ids
from importing import Importing, facts_of
from polyhost.engine.clock import Clock
from polyhost.errors import RefusedError

NAME = "WhatsApp Chat with Ada.txt"


@pytest.fixture
def owner(tmp_path: Path) -> Importing:
    return Importing(tmp_path / "home", "chats")


def write(folder: Path, *lines: str, name: str = NAME, encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("".join(line + "\n" for line in lines), encoding=encoding)
    return path


async def said(owner: Importing) -> list[tuple[str, str | None, str]]:
    return [(one["data"]["sent_at"], one["data"]["sender"], one["data"]["text"]) for one in await owner.records()]


EVENING = ("2024-12-31T21:04:00Z", "Ada", "hello: there")


@pytest.mark.parametrize(
    "line",
    [
        "31/12/2024, 21:04 - Ada: hello: there",
        "31/12/24, 21:04 - Ada: hello: there",
        "12/31/24, 9:04 PM - Ada: hello: there",
        "12/31/24, 9:04\u202fPM - Ada: hello: there",
        "31/12/24, 9:04 p.\u00a0m. - Ada: hello: there",
        "31.12.24, 21:04 - Ada: hello: there",
        "31.12.2024 klo 21.04 - Ada: hello: there",
        "31-12-2024 21:04 - Ada: hello: there",
        "2024-12-31, 21:04 - Ada: hello: there",
        "2024/12/31 下午9:04 - Ada: hello: there",
        "[31/12/2024, 21:04:00] Ada: hello: there",
        "[31.12.24, 21:04:00] Ada: hello: there",
        "[12/31/24, 9:04:00\u202fPM] Ada: hello: there",
        "\u200e[31/12/2024, 21:04:00] \u200eAda: \u200ehello: there",
        "\ufeff31/12/2024, 21:04 - Ada: hello: there",
        "٣١\u200f/١٢\u200f/٢٠٢٤، ٩:٠٤ م - Ada: hello: there",
        "۳۱/۱۲/۲۰۲۴, ۲۱:۰۴ - Ada: hello: there",
        "2024년 12월 31일 오후 9:04, Ada : hello: there",
        "[2024. 12. 31. 오후 9:04:00] Ada: hello: there",
        "[2024/12/31 午後9:04:00] Ada: hello: there",
        "2024年12月31日 下午9:04 - Ada: hello: there",
        "31/12/24, 9:04 μ.μ. - Ada: hello: there",
        "2024. 12. 31. 21:04 - Ada: hello: there",
    ],
)
async def test_every_phone_s_way_to_write_a_date_is_the_same_moment(owner: Importing, tmp_path: Path, line: str):
    await owner.run(write(tmp_path, line))
    assert await said(owner) == [EVENING]


async def test_a_day_past_the_twelfth_decides_for_the_whole_file(owner: Importing, tmp_path: Path):
    result = await owner.run(write(tmp_path, "1/2/24, 10:00 - Ada: first", "1/13/24, 10:00 - Ada: second"))
    assert [moment[:10] for moment, *_ in await said(owner)] == ["2024-01-02", "2024-01-13"]
    assert result["diagnostics"] == []


async def test_time_that_would_run_backwards_decides_where_no_day_does(owner: Importing, tmp_path: Path):
    lines = ("1/2/24, 10:00 - Ada: one", "2/2/24, 10:00 - Ada: two", "1/3/24, 10:00 - Ada: three")
    await owner.run(write(tmp_path, *lines))
    assert [moment[:10] for moment, *_ in await said(owner)] == ["2024-02-01", "2024-02-02", "2024-03-01"]


async def test_a_file_that_proves_no_order_of_dates_is_refused_and_leaves_nothing(owner: Importing, tmp_path: Path):
    with pytest.raises(RefusedError, match=r"day or the month first.* after the 12th") as refused:
        await owner.run(write(tmp_path, "1/2/24, 10:00 - Ada: hello"))
    assert refused.value.code == "date_order_unproven"
    with pytest.raises(RefusedError, match="no connection"):
        await owner.receipts()


@pytest.mark.parametrize("line", ["1/1/24, 10:00 - Ada: x", "1.2.24, 10:00 - Ada: x", "[1-2-2024, 10:00:01] Ada: x"])
async def test_what_can_be_read_in_one_way_only_is_read(owner: Importing, tmp_path: Path, line: str):
    await owner.run(write(tmp_path, line))
    assert len(await owner.records()) == 1


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("01/02/24, 10:00 - Ada: x", "2024-02-01"),
        ("1/2/2024, 10:00 a.m. - Ada: x", "2024-02-01"),
        ("1/2/24, 10:00\u202fAM - Ada: x", "2024-01-02"),
        ("[1/2/24, 10:00:01 AM] Ada: x", "2024-01-02"),
    ],
)
async def test_how_a_date_is_written_tells_where_nothing_else_does(
    owner: Importing, tmp_path: Path, line: str, day: str
):
    await owner.run(write(tmp_path, line))
    assert [moment[:10] for moment, *_ in await said(owner)] == [day]


class StillClock(Clock):
    """Stands at noon of one day."""

    def __init__(self, day: str) -> None:
        self._now = datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()

    def now(self) -> float:
        return self._now


@pytest.mark.parametrize(
    ("today", "line", "day"),
    [
        ("2026-06-15", "1/12/26", "2026-01-12"),  # 1 December is to come
        ("2026-06-15", "12/1/26", "2026-01-12"),
        ("2026-11-29", "1/12/26", "2026-01-12"),  # the last day on which it is, wherever on Earth
    ],
)
async def test_no_message_is_of_a_day_to_come(tmp_path: Path, today: str, line: str, day: str):
    owner = Importing(tmp_path / "home", "chats", StillClock(today))
    await owner.run(write(tmp_path, f"{line}, 10:00 - Ada: x"))
    assert (await said(owner))[0][0].startswith(day)


async def test_a_day_that_may_be_today_somewhere_is_not_to_come(tmp_path: Path):
    owner = Importing(tmp_path / "home", "chats", StillClock("2026-11-30"))
    with pytest.raises(RefusedError):
        await owner.run(write(tmp_path, "1/12/26, 10:00 - Ada: x"))


@pytest.mark.requirement("CH-2.8")
@pytest.mark.parametrize("short_first", [True, False])
async def test_the_order_of_imports_does_not_change_how_dates_are_read(
    owner: Importing, tmp_path: Path, short_first: bool
):
    lines = [f"3/{day}/24, 10:00 - Ada: number {day}" for day in range(4, 15)]
    short, long = write(tmp_path / "short", *lines[:5]), write(tmp_path / "long", *lines)
    if short_first:
        with pytest.raises(RefusedError):
            await owner.run(short)
    await owner.run(long)
    assert (await owner.run(short))["receipt"]["counts"]["duplicate"] == 5
    assert {moment[:7] for moment, *_ in await said(owner)} == {"2024-03"}
    assert len(await owner.records()) == 11


@pytest.mark.requirement("CH-2.8")
async def test_two_chats_without_a_name_stay_two(owner: Importing, tmp_path: Path):
    """Every iPhone's export unzips to _chat.txt; what was forwarded to both is the same in both."""
    both = [f"[20/10/2026, 21:05:33] Me: IMG-{number}.jpg <attached: IMG-{number}.jpg>" for number in range(4)]
    chats = {
        who: [f"[{13 + day}/10/2026, 21:05:33] {who}: {who} says {day}" for day in range(6)] for who in ("Anna", "Bert")
    }
    for who, lines in chats.items():
        await owner.run(write(tmp_path / who, *lines, *both, name="_chat.txt"))
    assert len(await owner.partitions()) == 2
    longer = await owner.run(
        write(tmp_path / "again", *chats["Bert"], *both, "[21/10/2026, 9:00:00] Bert: new", name="_chat.txt")
    )
    assert (longer["receipt"]["counts"]["accepted"], longer["receipt"]["counts"]["duplicate"]) == (1, 10)
    assert len(await owner.partitions()) == 2


@pytest.mark.parametrize("known", [1, 2, 3, 7])
async def test_a_chat_without_a_name_is_the_same_when_it_has_grown(owner: Importing, tmp_path: Path, known: int):
    lines = [f"[13/10/2026, 21:{minute:02}:33] Ada: number {minute}" for minute in range(40)]
    await owner.run(write(tmp_path / "small", *lines[:known], name="_chat.txt"))
    await owner.run(write(tmp_path / "grown", *lines, name="_chat.txt"))
    assert len(await owner.partitions()) == 1
    assert len(await owner.records()) == 40


async def test_what_is_known_of_a_chat_decides_how_an_ambiguous_file_is_read(owner: Importing, tmp_path: Path):
    """Each alone would be read day first, as 3 March 2024 to 3 May 2024 are written the same either way."""
    lines = [f"3/{day}/24, 10:00 - Ada: number {day}" for day in range(4, 9)]
    await owner.run(write(tmp_path, *lines, "3/31/24, 10:00 - Ada: the end"))
    before = await owner.records()
    result = await owner.run(write(tmp_path / "later", *lines[:3]))
    assert result["receipt"]["counts"]["duplicate"] == 3
    assert await owner.records() == before


async def test_lines_without_a_date_go_on_with_the_message_before(owner: Importing, tmp_path: Path):
    await owner.run(write(tmp_path, "31/12/2024, 21:04 - Ada: one", "two: three", "", "4 - four"))
    assert await said(owner) == [("2024-12-31T21:04:00Z", "Ada", "one\ntwo: three\n\n4 - four")]


async def test_the_app_s_own_lines_have_no_sender(owner: Importing, tmp_path: Path):
    await owner.run(write(tmp_path, "31/12/2024, 21:04 - Ada created group “Sailing”", "31/12/2024, 21:05 - Ada: hi"))
    assert [(one["data"]["kind"], one["data"]["sender"]) for one in await owner.records()] == [
        ("system", None),
        ("text", "Ada"),
    ]


@pytest.mark.requirement("CH-1.3")
@pytest.mark.parametrize(
    "text",
    [
        "<Media omitted>",
        "<Medien ausgeschlossen>",
        "<Multimedia omitido>",
        "<Médias omis>",
        "image omitted",
        "<Medier udeladt>",
        "<Media har utelämnats>",
        "<Media jätettiin pois>",
        "<省略多媒体文件>",
        "<미디어 파일 제외>",
        "<تم استبعاد الوسائط>",
        "IMG-1.jpg (fil vedhæftet)",
        "IMG-1.jpg (file attached)",
        "IMG-1.jpg (Datei angehängt)",
        "<attached: 1-PHOTO.jpg>",
        "<Anhang: 1-PHOTO.jpg>",
    ],
)
async def test_media_that_is_not_in_the_export_is_a_gap_and_no_failure(owner: Importing, tmp_path: Path, text: str):
    result = await owner.run(write(tmp_path, f"31/12/2024, 21:04 - Ada: {text}"))
    [gap] = result["receipt"]["gaps"]
    assert (gap["code"], gap["count"], gap["blocking"]) == ("media_missing", 1, False)
    assert "Attach media" in gap["action"]
    assert "--files" in gap["action"]
    assert result["status"] == "complete_with_gaps"
    assert [one["data"]["kind"] for one in await owner.records()] == ["media"]


async def test_an_export_with_its_media_closes_the_gap_and_adds_nothing(owner: Importing, tmp_path: Path):
    await owner.run(write(tmp_path, "31/12/2024, 21:04 - Ada: <Media omitted>"))
    with zipfile.ZipFile(tmp_path / "WhatsApp Chat with Ada.zip", "w") as archive:
        archive.writestr("WhatsApp Chat with Ada.txt", "31/12/2024, 21:04 - Ada: IMG-1.jpg (file attached)\nnice\n")
        archive.writestr("IMG-1.jpg", b"a picture")
    result = await owner.run(tmp_path / "WhatsApp Chat with Ada.zip")
    assert result["receipt"]["gaps"] == []
    assert "Media stay in the file" in result["receipt"]["advice"]["action"]
    [one] = await owner.records()
    assert (one["data"]["attachment"], one["data"]["text"]) == ("IMG-1.jpg", "nice")


async def test_edited_and_deleted_messages_say_so(owner: Importing, tmp_path: Path):
    edited = "31/12/2024, 21:04 - Ada: better <This message was edited>"
    await owner.run(write(tmp_path, edited, "31/12/2024, 21:05 - Ada: This message was deleted"))
    assert [(one["data"]["kind"], one["data"]["is_edited"]) for one in await owner.records()] == [
        ("text", True),
        ("deleted", False),
    ]


@pytest.mark.parametrize("quoted", ['"Boats: big"', "“Boats: big”", "„Boats: big“", "«Boats: big»"])
async def test_a_colon_in_what_the_app_quotes_makes_no_sender(owner: Importing, tmp_path: Path, quoted: str):
    await owner.run(write(tmp_path, f"31/12/2024, 21:04 - Ada changed the subject to: {quoted}"))
    assert await said(owner) == [("2024-12-31T21:04:00Z", None, f"Ada changed the subject to: {quoted}")]


async def test_bytes_that_are_no_utf_8_are_read_as_latin_and_told(owner: Importing, tmp_path: Path):
    path = write(tmp_path, "31/12/2024, 21:04 - Zoë: schön", "31/12/2024, 21:05 - Ada: yes", encoding="latin-1")
    result = await owner.run(path)
    assert [text for *_, text in await said(owner)] == ["schön", "yes"]
    [gap] = result["receipt"]["gaps"]
    assert (gap["code"], gap["count"]) == ("range_unproven", 1)


@pytest.mark.parametrize("more", [["x" * 80_000], ["y" * 30_000] * 3])
async def test_a_message_that_is_cut_off_is_told(owner: Importing, tmp_path: Path, more: list[str]):
    lines = ("31/12/2024, 21:04 - Ada: long", *more, "31/12/2024, 21:05 - Ada: yes")
    result = await owner.run(write(tmp_path, *lines))
    assert [one["count"] for one in result["receipt"]["gaps"]] == [1]
    assert len(await owner.records()) == 2


async def test_a_phone_that_writes_utf_16_is_understood(owner: Importing, tmp_path: Path):
    await owner.run(write(tmp_path, "31/12/2024, 21:04 - Ada: hello: there", encoding="utf-16"))
    assert await said(owner) == [EVENING]


CHAT = [f"{day:02d}/12/2024, 21:{minute:02d} - Ada: {text}" for day in (30, 31) for minute in (4, 5) for text in "abba"]


@pytest.mark.requirement("CH-2.8")
@pytest.mark.parametrize(
    "name", [NAME, "WhatsApp Chat with Ada (1).txt", "renamed.txt", "Chat de WhatsApp con Ada.txt"]
)
async def test_a_longer_export_of_the_chat_adds_only_what_is_new(owner: Importing, tmp_path: Path, name: str):
    await owner.run(write(tmp_path, *CHAT[:8]))
    result = await owner.run(write(tmp_path / "again", *CHAT, name=name))
    assert result["receipt"]["counts"]["accepted"] == 8
    assert result["receipt"]["counts"]["duplicate"] == 8
    assert len(await owner.records()) == 16
    assert len(await owner.partitions()) == 1


@given(cuts=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=4))
def test_wherever_an_export_begins_its_messages_have_the_ids_of_the_whole(cuts: list[tuple[int, int]]):
    whole = whatsapp_ids(CHAT)
    assert len(set(whole)) == len(CHAT)
    for start, length in cuts:
        part = slice(start * 4, (start + length) * 4)
        assert whatsapp_ids(CHAT[part]) == whole[part]


@pytest.mark.requirement("CH-2.2")
async def test_a_preview_of_a_chat_says_what_its_import_says(owner: Importing, tmp_path: Path):
    await owner.run(write(tmp_path, *CHAT[:6]))
    path = write(tmp_path, *CHAT, "31/12/2024, 22:00 - Ada: <Media omitted>")
    assert facts_of(await owner.run(path, preview=True)) == facts_of(await owner.run(path))


@pytest.mark.requirement("CH-1.2")
async def test_a_chat_is_covered_as_far_as_its_newest_file_reaches(owner: Importing, tmp_path: Path):
    result = await owner.run(write(tmp_path, *CHAT))
    [chat] = (await owner.partitions()).values()
    assert chat["label"] == "Ada"
    assert chat["extent"] == "imported"
    assert chat["covered_through"] == result["receipt"]["advice"]["covered_through"] == "2024-12-31T21:05:00.000Z"


@pytest.mark.requirement("CH-2.8")
@pytest.mark.parametrize("back", ["27/10/2024, 02:31", "01/02/2023, 09:00"])
async def test_a_minute_that_comes_twice_keeps_all_its_messages(owner: Importing, tmp_path: Path, back: str):
    """A clock is set back in autumn by an hour, or on a phone by years."""
    between = "27/10/2024, 02:59 - Ada: later"
    said_then = [f"{back} - Ada: yes", f"{back} - Ada: IMG-1.jpg (file attached)", between]
    lines = [*said_then, f"{back} - Ada: yes", f"{back} - Ada: IMG-2.jpg (file attached)", between, f"{back} - Ada: no"]
    await owner.run(write(tmp_path, *lines[:3]))
    result = await owner.run(write(tmp_path / "whole", *lines))
    assert (result["receipt"]["counts"]["accepted"], result["receipt"]["counts"]["duplicate"]) == (4, 3)
    records = await owner.records()
    assert {one["data"]["attachment"] for one in records} == {None, "IMG-1.jpg", "IMG-2.jpg"}
    assert len(records) == 7
