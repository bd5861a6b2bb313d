"""What Telegram Desktop exports, as records: chats, messages of every kind, contacts, whose account it is.

Provenance: the layout that Telegram describes (core.telegram.org/import-export), and what its desktop application is
seen to write, made here by a writer of our own (`writer`); the requirements' clauses named below.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from importing import Importing, facts_of
from polyfills.telegram.writer import BEGIN, NOT_INCLUDED, OTHER, OWNER, account, chat, message, service, write
from polyhost.errors import RefusedError

ME, ADA = f"user{OWNER}", f"user{OTHER}"
GROUP = {"number": 77, "kind": "private_group", "name": "Sailing"}


@pytest.fixture
def owner(tmp_path: Path) -> Importing:
    return Importing(tmp_path / "home", "tg")


async def one(owner: Importing, tmp_path: Path, raw: dict[str, Any]) -> dict[str, Any]:
    """What becomes of one message in a chat with Ada."""
    await owner.run(write(chat([raw]), tmp_path / "result.json"))
    [record] = await owner.records()
    return record["data"]


def gaps(result: dict[str, Any]) -> dict[str, int]:
    return {gap["code"]: gap["count"] for gap in result["receipt"]["gaps"]}


async def test_a_chat_s_messages_have_telegram_s_own_ids_and_times(owner: Importing, tmp_path: Path):
    said = [message(3, at=BEGIN), message(9, "later", at=BEGIN + 5, who=OWNER)]
    result = await owner.run(write(chat(said), tmp_path / "result.json"))
    assert result["status"] == "complete"
    assert [one["key"] for one in await owner.records()] == [f'["{ADA}","3"]', f'["{ADA}","9"]']
    assert [one["data"]["sent_at"] for one in await owner.records()] == ["2020-09-13T12:26:40Z", "2020-09-13T12:26:45Z"]
    assert [one["data"]["sender_id"] for one in await owner.records()] == [ADA, ME]
    assert await owner.contents("chats") == {
        ADA: {"id": ADA, "type": "personal_chat", "name": "Ada", "is_left": False, "other": {}}
    }


async def test_text_is_put_together_and_its_parts_kept_as_they_came(owner: Importing, tmp_path: Path):
    parts = ["see ", {"type": "text_link", "text": "this", "href": "https://example.org"}, "!"]
    data = await one(owner, tmp_path, message(1, parts))
    assert data["text"] == "see this!"
    assert data["entities"] == [{"type": "plain", "text": "see "}, parts[1], {"type": "plain", "text": "!"}]
    assert data["kind"] == "text"


async def test_parts_of_an_old_export_are_kept_as_they_came(owner: Importing, tmp_path: Path):
    raw = message(1, ["see ", {"type": "bold", "text": "this"}])
    del raw["text_entities"]
    data = await one(owner, tmp_path, raw)
    assert (data["text"], data["entities"]) == ("see this", raw["text"])


async def test_edits_replies_forwards_reactions_and_polls(owner: Importing, tmp_path: Path):
    reactions = [{"type": "emoji", "count": 2, "emoji": "👍", "recent": [{"from": "Me", "from_id": ME}]}]
    poll = {"question": "When?", "closed": False, "total_voters": 1, "answers": [{"text": "Now", "voters": 1}]}
    raw = message(
        5,
        edited="2020-09-13T12:30:00",
        edited_unixtime="1600000200",
        reply_to_message_id=3,
        reply_to_peer_id="channel9",
        forwarded_from="News",
        forwarded_from_id="channel8",
        via_bot="@gif",
        reactions=reactions,
        poll=poll,
    )
    data = await one(owner, tmp_path, raw)
    assert data["edited_at"] == "2020-09-13T12:30:00Z"
    assert data["reply_to"] == {"id": "3", "chat_id": "channel9"}
    assert data["forwarded_from"] == {"id": "channel8", "name": "News"}
    assert (data["reactions"], data["poll"], data["other"]) == (reactions, poll, {"via_bot": "@gif"})
    assert data["kind"] == "media"


async def test_a_forward_from_an_account_that_is_deleted_stays_a_forward(owner: Importing, tmp_path: Path):
    data = await one(owner, tmp_path, message(5, forwarded_from=None))
    assert data["forwarded_from"] == {"id": None, "name": None}


async def test_a_service_message_says_what_was_done(owner: Importing, tmp_path: Path):
    data = await one(owner, tmp_path, service(1, "invite_members", members=["Ada", None]))
    assert (data["kind"], data["sender_id"]) == ("service", ADA)
    assert data["service"] == {"action": "invite_members", "members": ["Ada", None]}


@pytest.mark.parametrize("kind", ["unsupported", "something_new"])
async def test_a_type_that_nobody_knows_is_kept_with_it(owner: Importing, tmp_path: Path, kind: str):
    """Telegram Desktop writes nothing but the id of a message it does not support."""
    said = [message(1), {"id": 2, "type": kind}, message(3, at=BEGIN + 9)]
    result = await owner.run(write(chat(said), tmp_path / "result.json"))
    found = (await owner.contents())[f'["{ADA}","2"]']
    assert (found["type"], found["kind"], found["clock"]) == (kind, "other", "unknown")
    assert found["sent_at"] == "2020-09-13T12:26:40Z", "it stands at the message before it"
    assert result["status"] == "complete"


async def test_what_has_no_field_is_kept_as_it_came(owner: Importing, tmp_path: Path):
    odd = {"giveaway_information": {"quantity": 3}, "from_id": 5, "file_size": "large"}
    assert (await one(owner, tmp_path, message(1, **odd)))["other"] == odd


@pytest.mark.requirement("CH-1.3")
@pytest.mark.parametrize(
    "told",
    [
        NOT_INCLUDED,
        "(File exceeds maximum size. Change data exporting settings to download.)",
        "(File unavailable, please try again later)",
    ],
)
async def test_a_file_that_is_not_there_is_a_gap_and_says_why(owner: Importing, tmp_path: Path, told: str):
    raw = message(1, "", file=told, file_name="a.ogg", file_size=9, media_type="voice_message", duration_seconds=4)
    result = await owner.run(write(chat([raw]), tmp_path / "result.json"))
    [record] = await owner.records()
    attachment = record["data"]["attachment"]
    assert (attachment["path"], attachment["missing"], attachment["name"]) == (None, told, "a.ogg")
    assert (attachment["type"], attachment["size"], attachment["duration"]) == ("voice_message", 9, 4)
    assert gaps(result) == {"media_missing": 1}


@pytest.mark.parametrize("packed", [True, False])
async def test_a_file_that_is_in_the_export_is_no_gap(owner: Importing, tmp_path: Path, packed: bool):
    folder = tmp_path / "ChatExport"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "photo_1.jpg").write_bytes(b"a picture")
    said = [message(1, "", photo="photos/photo_1.jpg"), message(2, "", photo="photos/photo_2.jpg")]
    write(chat(said), folder / "result.json")
    given = folder
    if packed:
        given = tmp_path / "export.zip"
        with zipfile.ZipFile(given, "w") as archive:
            for file in folder.rglob("*"):
                archive.write(file, file.relative_to(tmp_path))
    result = await owner.run(given)
    assert gaps(result) == {"media_missing": 1}
    assert (await owner.records())[0]["data"]["attachment"]["name"] == "photo_1.jpg"


@pytest.mark.parametrize("unix", ["1600000000", 1_600_000_000], ids=["text", "number"])
async def test_telegram_s_own_time_wins_over_the_wall_clock(owner: Importing, tmp_path: Path, unix: Any):
    data = await one(owner, tmp_path, message(1) | {"date": "2020-09-13T23:26:40", "date_unixtime": unix})
    assert (data["sent_at"], data["clock"]) == ("2020-09-13T12:26:40Z", "utc")


async def test_an_old_export_s_wall_clock_is_written_as_utc_and_says_so(owner: Importing, tmp_path: Path):
    raw = message(1, edited="1970-01-01T01:00:00")
    del raw["date_unixtime"]
    data = await one(owner, tmp_path, raw)
    assert (data["sent_at"], data["clock"], data["edited_at"]) == ("2020-09-13T12:26:40Z", "local", None)


@pytest.mark.requirement("CH-2.8")
@pytest.mark.parametrize("old_first", [True, False])
async def test_an_old_export_and_a_new_one_are_one_chat(owner: Importing, tmp_path: Path, old_first: bool):
    """Until 2021 a user's number was written on top of 1 << 32, a group's on top of 2 << 32, and no time was in UTC."""
    old = [message(n, from_id=(1 << 32) + OTHER) for n in (1, 2)]
    for raw in old:
        del raw["date_unixtime"]
        raw["date"] = "2020-09-13T14:26:40"
    before = write(chat(old, number=(1 << 32) + OTHER), tmp_path / "old.json")
    after = write(chat([message(n) for n in (1, 2, 3)]), tmp_path / "new.json")
    for file in (before, after) if old_first else (after, before):
        await owner.run(file)
    assert set(await owner.partitions()) == {ADA}
    found = await owner.records()
    assert [(one["data"]["clock"], one["data"]["sender_id"]) for one in found] == [("utc", ADA)] * 3


async def test_ids_below_nought_are_what_was_said_before_a_group_moved(owner: Importing, tmp_path: Path):
    moved = [message(-999_999_999, "before"), service(1, "migrate_from_group", at=BEGIN + 1)]
    await owner.run(write(chat(moved, number=8, kind="private_supergroup"), tmp_path / "result.json"))
    assert set(await owner.contents()) == {'["channel8","-999999999"]', '["channel8","1"]'}


async def test_a_user_and_a_channel_of_one_number_stay_two(owner: Importing, tmp_path: Path):
    chats = [chat([message(1)], number=9), chat([message(1)], number=9, kind="public_channel")]
    await owner.run(write(account(chats), tmp_path / "result.json"))
    assert set(await owner.partitions()) == {"user9", "channel9"}


async def test_a_whole_account_brings_its_chats_contacts_and_whose_it_is(owner: Importing, tmp_path: Path):
    people = [
        {
            "user_id": OTHER,
            "first_name": "Ada",
            "last_name": "L",
            "phone_number": "+1 2",
            "date_unixtime": "1600000000",
        },
        {"first_name": "Bert", "last_name": "", "phone_number": "+1 3", "date": "2020-01-01T00:00:00"},
        {"date": "2020-01-01T00:00:00"},
    ]
    left = [chat([message(1)], number=5, kind="public_channel", name="News")]
    document = account(
        [chat([message(1)])],
        left=left,
        contacts={"about": "…", "list": people},
        sessions={"about": "…", "list": [{"last_ip": "10.0.0.1"}]},
        frequent_contacts={"about": "…", "list": []},
    )
    result = await owner.run(write(document, tmp_path / "result.json"))
    assert set(await owner.contents("account")) == {ME}
    assert set(await owner.contents("contacts")) == {ADA, "phone+1 3"}
    assert {key: one["is_left"] for key, one in (await owner.contents("chats")).items()} == {
        ADA: False,
        "channel5": True,
    }
    assert gaps(result) == {"invalid_record": 1}, "somebody without a name, a number or an id"


async def test_a_section_that_nobody_knows_is_told(owner: Importing, tmp_path: Path):
    result = await owner.run(write(account([], diary={"list": [1]}), tmp_path / "result.json"))
    assert "unknown_section" in str(result["diagnostics"])


async def test_two_accounts_are_not_mixed(owner: Importing, tmp_path: Path):
    """A chat of two tells whose export it is: whoever is not the other one. Its ids are each account's own."""
    await owner.run(write(account([chat([message(1)])]), tmp_path / "mine.json"))
    await owner.run(write(chat([message(1), message(2, who=OWNER)]), tmp_path / "mine_too.json"))
    theirs = write(chat([message(7), message(8, who=66)]), tmp_path / "theirs.json")
    with pytest.raises(RefusedError) as refused:
        await owner.run(theirs)
    assert refused.value.code == "other_account"


async def test_saved_messages_tell_whose_they_are(owner: Importing, tmp_path: Path):
    notes = chat([message(1, who=OWNER)], number=OWNER, kind="saved_messages")
    del notes["name"]
    await owner.run(write(account([]), tmp_path / "mine.json"))
    await owner.run(write(notes, tmp_path / "notes.json"))
    with pytest.raises(RefusedError):
        await owner.run(write({**notes, "id": 66}, tmp_path / "theirs.json"))


# --- how far an export proves that nothing is missing


@pytest.mark.requirement("CH-1.2")
async def test_a_chat_is_covered_from_its_first_message_to_its_last(owner: Importing, tmp_path: Path):
    said = [message(1), message(2, at=BEGIN + 86_400)]
    result = await owner.run(write(chat(said), tmp_path / "result.json"))
    [found] = (await owner.partitions()).values()
    assert (found["label"], found["extent"]) == ("Ada", "imported")
    assert found["covered_through"] == result["receipt"]["advice"]["covered_through"] == "2020-09-14T12:26:40.000Z"


@pytest.mark.requirement("CH-2.4")
@pytest.mark.parametrize(("who", "covered"), [(OWNER, False), (OTHER, True)])
async def test_a_group_in_which_only_the_owner_speaks_is_not_called_whole(
    owner: Importing, tmp_path: Path, who: int, covered: bool
):
    """An account's export holds nothing but the owner's own messages of groups, unless all were asked for."""
    said = [message(1, who=OWNER), message(2, who=who)]
    result = await owner.run(write(account([chat(said, **GROUP)]), tmp_path / "result.json"))
    [found] = (await owner.partitions()).values()
    assert (found["covered_through"] is not None) is covered
    assert ("own_messages_only" in str(result["diagnostics"])) is not covered


@pytest.mark.requirement("CH-2.4")
async def test_a_chat_that_lost_a_message_is_not_called_whole(owner: Importing, tmp_path: Path):
    chats = [chat([message(1), None]), chat([message(1)], number=43)]
    result = await owner.run(write(account(chats), tmp_path / "result.json"))
    found = await owner.partitions()
    assert (found[ADA]["covered_through"], found["user43"]["covered_through"] is not None) == (None, True)
    assert gaps(result) == {"invalid_record": 1}


@pytest.mark.requirement("CH-2.8")
async def test_what_a_document_that_breaks_off_holds_is_kept_and_told(owner: Importing, tmp_path: Path):
    file = write(chat([message(n) for n in range(1, 6)]), tmp_path / "result.json")
    file.write_bytes(file.read_bytes()[:-200])
    result = await owner.run(file)
    assert len(await owner.records()) == 4
    assert gaps(result) == {"invalid_record": 1}
    assert (await owner.partitions())[ADA]["covered_through"] is None


# --- the same again, and newer


@pytest.mark.requirement("CH-2.8")
async def test_a_newer_export_adds_what_is_new_and_replaces_what_was_edited(owner: Importing, tmp_path: Path):
    await owner.run(write(chat([message(1), message(2)]), tmp_path / "a.json"))
    newer = [
        message(1),
        message(2, "better", edited="2020-09-13T12:30:00", edited_unixtime="1600000200"),
        message(3, at=BEGIN + 60),
    ]
    result = await owner.run(write(chat(newer), tmp_path / "b.json"))
    counts = result["receipt"]["counts"]
    assert (counts["accepted"], counts["updated"], counts["duplicate"]) == (1, 1, 2)
    await owner.run(write(chat([message(2)]), tmp_path / "c.json"))
    assert (await owner.contents())[f'["{ADA}","2"]']["text"] == "better"


@pytest.mark.requirement("CH-2.8")
@pytest.mark.parametrize("media_first", [True, False])
async def test_of_two_exports_of_one_moment_the_one_with_the_file_is_kept(
    owner: Importing, tmp_path: Path, media_first: bool
):
    files = [
        write(chat([message(1, "", photo=told)]), tmp_path / f"{number}.json")
        for number, told in enumerate(("photos/photo_1.jpg", NOT_INCLUDED))
    ]
    for file in files if media_first else files[::-1]:
        await owner.run(file)
    [record] = await owner.records()
    assert record["data"]["attachment"]["path"] == "photos/photo_1.jpg"


@pytest.mark.requirement("CH-2.2")
async def test_a_preview_says_what_its_import_says(owner: Importing, tmp_path: Path):
    said = [message(1), None, message(2, "", photo=NOT_INCLUDED), {"id": 3, "type": "unsupported"}]
    file = write(account([chat(said), chat([message(1, who=OWNER)], **GROUP)]), tmp_path / "result.json")
    assert facts_of(await owner.run(file, preview=True)) == facts_of(await owner.run(file))


# --- what is refused


@pytest.mark.parametrize("name", ["messages.html", "export_results.html"])
@pytest.mark.parametrize("alone", [True, False])
async def test_the_web_pages_are_refused_with_what_to_do(owner: Importing, tmp_path: Path, name: str, alone: bool):
    folder = tmp_path / "ChatExport"
    (folder / "css").mkdir(parents=True)
    (folder / "css" / "style.css").write_text("body {}", encoding="utf-8")
    page = folder / name
    page.write_text("<!DOCTYPE html><html><head><title>Exported Data</title>", encoding="utf-8")
    with pytest.raises(RefusedError, match="JSON") as refused:
        await owner.run(page if alone else folder)
    assert refused.value.code == "telegram_html"


async def test_several_exports_in_one_folder_are_refused(owner: Importing, tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / "all" / name).mkdir(parents=True)
        write(chat([message(1)]), tmp_path / "all" / name / "result.json")
    with pytest.raises(RefusedError, match="2 exports"):
        await owner.run(tmp_path / "all")


@pytest.mark.parametrize("document", [{"messages": [{"user": "U1", "text": "hello"}]}, [1], {"name": "x"}, "hello"])
async def test_json_of_something_else_is_not_taken_for_it(owner: Importing, tmp_path: Path, document: Any):
    (tmp_path / "result.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(RefusedError) as refused:
        await owner.run(tmp_path / "result.json")
    assert refused.value.code == "not_recognised"


async def test_a_document_whose_members_were_sorted_is_the_same_chat(owner: Importing, tmp_path: Path):
    """Then a chat's messages come before its name and its type."""
    document = chat([message(1), message(2, who=OWNER)])
    (tmp_path / "sorted.json").write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
    await owner.run(tmp_path / "sorted.json")
    result = await owner.run(write(document, tmp_path / "result.json"))
    assert result["receipt"]["counts"]["duplicate"] == 3
