"""Whatever happens at a homeserver: after one run the store is what another client reads, and nothing was claimed that
was not read (RS-6). One homeserver, one connection; each test changes something and looks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from servers.matrix.world import World

pytestmark = [pytest.mark.requirement("RS-6", "RS-4.2", "PR-2.6"), pytest.mark.timeout(300)]

IN_2017 = 1_500_000_000_000
IN_2040 = 2_208_988_800_000
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33"
    "0000000049454e44ae426082"
)


Change = Callable[[World], Awaitable[Any]]
CHANGES: list[Change] = []


def change(what: Change) -> Change:
    """One kind of change, which one run takes."""
    CHANGES.append(what)
    return what


@change
async def nothing(_: World) -> None: ...


@change
async def new_messages(world: World) -> None:
    await world.bob.says(world.harbour, "new")
    await world.ada.says(world.harbour, "mine")


@change
async def reply_in_an_old_thread(world: World) -> None:
    await world.cleo.replies(world.harbour, world.events["root"], "late to the thread")


@change
async def reply_to_a_message(world: World) -> None:
    about = {"m.in_reply_to": {"event_id": world.events["old3"]}}
    await world.cleo.says(world.harbour, "yes", **{"m.relates_to": about})


@change
async def edit_of_something_old(world: World) -> None:
    world.events["edit of 4"] = await world.cleo.edits(world.harbour, world.events["old4"], "Tide four")


@change
async def edit_once_more(world: World) -> None:
    world.events["second edit of 4"] = await world.cleo.edits(world.harbour, world.events["old4"], "Tide the fourth")


@change
async def edit_that_is_redacted(world: World) -> None:
    await world.cleo.redacts(world.harbour, world.events["second edit of 4"])


@change
async def edit_of_the_first_run_that_is_redacted(world: World) -> None:
    await world.cleo.redacts(world.harbour, world.events["edit"])


@change
async def edit_before_anybody_looked(world: World) -> None:
    sent = await world.bob.says(world.harbour, "hasty")
    await world.bob.edits(world.harbour, sent, "considered")


@change
async def redaction_of_something_old(world: World) -> None:
    await world.bob.redacts(world.harbour, world.events["old5"], "regretted")


@change
async def redaction_before_anybody_looked(world: World) -> None:
    await world.bob.redacts(world.harbour, await world.bob.says(world.harbour, "never mind"))


@change
async def reactions(world: World) -> None:
    world.events["reacted"] = await world.cleo.reacts(world.harbour, world.events["old6"], "👍")
    await world.bob.reacts(world.harbour, world.events["old6"], "👍")


@change
async def reaction_taken_back(world: World) -> None:
    await world.cleo.redacts(world.harbour, world.events["reacted"])


@change
async def backdated_by_a_bridge(world: World) -> None:
    for number in range(3):
        await world.server.bridged(world.bob, world.harbour, f"from the old place {number}", IN_2017 + number)


@change
async def dated_ahead_by_a_bridge(world: World) -> None:
    await world.server.bridged(world.bob, world.harbour, "from tomorrow", IN_2040)


@change
async def people_who_write_at_once(world: World) -> None:
    """Events of one depth."""
    for number in range(6):
        people = (world.bob, world.ada, world.bob, world.cleo, world.bob)
        await asyncio.gather(*(one.says(world.harbour, f"at once {number}") for one in people))


@change
async def burst_of_three_hundred(world: World) -> None:
    for number in range(300):
        await world.bob.says(world.harbour, f"quick {number}")


@change
async def room_renamed(world: World) -> None:
    await world.bob.sets(world.harbour, "m.room.name", {"name": "Outer Harbour"})


@change
async def topic_changed(world: World) -> None:
    await world.bob.sets(world.harbour, "m.room.topic", {"topic": "Tides and lamps"})


@change
async def somebody_takes_another_name(world: World) -> None:
    await world.cleo.ask("PUT", f"/profile/{quote(world.cleo.id)}/displayname", {"displayname": "Cleopatra"})


@change
async def somebody_joins_and_somebody_leaves(world: World) -> None:
    dora = await world.server.registers("dora")
    await dora.joins(world.harbour)
    await world.cleo.acts(world.harbour, "leave")


@change
async def file_uploaded(world: World) -> None:
    address = await world.bob.uploads(PICTURE, "image/png", "lamp.png")
    info = {"mimetype": "image/png", "size": len(PICTURE)}
    world.events["file"] = await world.bob.sends(
        world.harbour, "m.room.message", {"msgtype": "m.image", "body": "lamp.png", "url": address, "info": info}
    )


@change
async def encrypted_events(world: World) -> None:
    content = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": "AwgA",
        "session_id": "s",
        "device_id": "D",
        "sender_key": "k",
    }
    await world.bob.sends(world.harbour, "m.room.encrypted", content)


@change
async def events_of_odd_shapes(world: World) -> None:
    await world.bob.sends(
        world.harbour, "m.room.message", {"msgtype": "m.image", "body": "no picture", "url": "http://x"}
    )
    await world.bob.sends(world.harbour, "org.example.poll", {"question": {"a": [1, None]}})
    await world.bob.sends(world.harbour, "m.sticker", {"body": "gull", "url": "mxc://lantern.test/none", "info": {}})


@change
async def room_that_is_new(world: World) -> None:
    room = await world.bob.creates("Lamps")
    await world.bob.says(room, "said before")
    await world.ada.joins(room)
    world.events["lamps"] = room


@change
async def left_by_the_owner(world: World) -> None:
    room = world.events["lamps"]
    await world.bob.says(room, "seen before leaving")
    await world.ada.acts(room, "leave")
    await world.bob.says(room, "not for her")


@change
async def revealed_by_joining_again(world: World) -> None:
    """All may read what was said while she was away."""
    room = world.events["lamps"]
    await world.bob.says(room, "and this")
    await world.ada.joins(room)
    await world.bob.says(room, "welcome back")


@change
async def hidden_from_who_comes_later(world: World) -> None:
    room = await world.bob.creates("Crew", visibility="joined")
    for number in range(3):
        await world.bob.says(room, f"not for her {number}")
    await world.ada.joins(room)
    await world.bob.says(room, "for all")
    world.events["crew"] = room


@change
async def hidden_between_leaving_and_joining_again(world: World) -> None:
    room = world.events["crew"]
    await world.ada.acts(room, "leave")
    await world.bob.says(room, "behind her back")
    await world.ada.joins(room)
    await world.bob.says(room, "where were you")


@change
async def left_in_one_run_and_hidden_until_the_next(world: World) -> None:
    await world.ada.acts(world.events["crew"], "leave")
    assert (await world.owner.run()).exit_code == 0
    await world.bob.says(world.events["crew"], "again behind her back")
    await world.ada.joins(world.events["crew"])


@change
async def visibility_opened(world: World) -> None:
    """What was said before stays as it was; what comes is for all who ever join."""
    shared = {"history_visibility": "shared"}
    await world.bob.sets(world.events["crew"], "m.room.history_visibility", shared)
    await world.ada.acts(world.events["crew"], "leave")
    await world.bob.says(world.events["crew"], "open now")
    await world.ada.joins(world.events["crew"])


@change
async def kicked(world: World) -> None:
    await world.bob.acts(world.events["crew"], "kick", user_id=world.ada.id, reason="noise")


@change
async def banned(world: World) -> None:
    await world.bob.acts(world.events["crew"], "ban", user_id=world.ada.id)


@change
async def joins_again_after_a_ban(world: World) -> None:
    assert (await world.owner.partitions())[world.events["crew"]]["status"] == "deleted"
    await world.bob.acts(world.events["crew"], "unban", user_id=world.ada.id)
    await world.ada.joins(world.events["crew"])
    await world.bob.says(world.events["crew"], "no hard feelings")


@change
async def invited(world: World) -> None:
    room = await world.bob.creates("Cabin", preset="private_chat")
    await world.bob.says(room, "just us")
    await world.bob.acts(room, "invite", user_id=world.ada.id)
    world.events["cabin"] = room


@change
async def invitation_taken(world: World) -> None:
    await world.ada.joins(world.events["cabin"])
    await world.ada.says(world.events["cabin"], "here I am")


@pytest.mark.parametrize("what", CHANGES, ids=lambda what: what.__name__)
async def test_one_run_takes_what_has_changed(world: World, what: Change) -> None:
    await what(world)
    ended = await world.owner.run()
    assert (ended.exit_code, _gaps(ended.value)) == (0, []), ended.stderr
    await world.owner.check_that_all_is_here()


def _gaps(value: dict[str, Any]) -> list[Any]:
    """What is said but for information: that a room hides something, or is over."""
    return [one for one in value["diagnostics"] if one["severity"] != "info"]


async def test_an_idle_run_asks_five_times_at_most(world: World) -> None:
    await world.owner.run()
    ended = await world.owner.run()
    assert ended.exit_code == 0
    assert len(world.owner.front.asked) <= 5, world.owner.front.asked


@pytest.mark.requirement("RS-4.3")
async def test_what_is_hidden_is_said_to_be(world: World) -> None:
    room = (await world.owner.partitions())[world.events["crew"]]
    assert room["hidden"] != []
    assert {one["reason"] for one in room["hidden"]} == {"not_shown"}
    assert room["holes"] == []


async def test_a_file_is_fetched_with_the_session(world: World) -> None:
    ended = await world.owner.run("--files")
    assert ended.exit_code in (0, 3), ended.stderr  # the sticker's file is nowhere
    truth = await world.owner.truth(files=True)
    told = truth[world.harbour]["events"][world.events["file"]]
    listed = (await world.owner.asks("files", "--limit", "1000"))["files"]
    digests = {one["name"]: one["digest"] for one in listed}
    assert digests["lamp.png"] == told["digest"] == hashlib.sha256(PICTURE).hexdigest()


async def test_a_file_whose_message_is_redacted(world: World) -> None:
    await world.bob.redacts(world.harbour, world.events["file"])
    assert (await world.owner.run()).exit_code == 0
    await world.owner.check_that_all_is_here()


@pytest.mark.requirement("RS-4.4")
async def test_a_room_that_was_left_and_forgotten_is_over_and_keeps_what_was_read(world: World) -> None:
    room = await world.bob.creates("Sheds")
    await world.ada.joins(room)
    sent = await world.bob.says(room, "kept")
    assert (await world.owner.run()).exit_code == 0
    await world.ada.acts(room, "leave")
    await world.ada.acts(room, "forget")
    learnt, idle = await world.owner.run(), await world.owner.run()
    assert (learnt.exit_code, idle.exit_code) == (0, 0), learnt.stderr
    truth = await world.owner.check_that_all_is_here()
    assert room not in truth
    assert sent in {one["id"] for one in await world.owner.records("messages")}
    assert (await world.owner.partitions())[room]["status"] == "deleted"
    await world.ada.joins(room)
    await world.bob.says(room, "she is back")
    assert (await world.owner.run()).exit_code == 0
    await world.owner.check_that_all_is_here()
    assert (await world.owner.partitions())[room]["status"] == "present"


@pytest.mark.requirement("RS-4.4")
async def test_a_room_that_is_forgotten_after_it_was_left_is_over(world: World) -> None:
    room = await world.bob.creates("Slips")
    await world.ada.joins(room)
    await world.ada.acts(room, "leave")
    assert (await world.owner.run()).exit_code == 0
    assert (await world.owner.partitions())[room]["source_status"] == "left"
    await world.ada.acts(room, "forget")
    assert (await world.owner.run("--full")).exit_code == 0
    assert (await world.owner.partitions())[room]["status"] == "deleted"
    await world.owner.check_that_all_is_here()


@pytest.mark.requirement("RS-4.4")
async def test_an_upgraded_room_goes_on_as_the_new_one_once_it_is_joined(world: World) -> None:
    old = await world.bob.creates("Moorings", version="10")
    await world.ada.joins(old)
    await world.bob.says(old, "in the old room")
    assert (await world.owner.run()).exit_code == 0
    new = (await world.bob.acts(old, "upgrade", new_version="11"))["replacement_room"]
    assert (await world.owner.run()).exit_code == 0
    assert (await world.owner.partitions())[old]["status"] == "present", "she is not in the new one yet"
    await world.owner.check_that_all_is_here()
    await world.ada.joins(new)
    await world.bob.says(new, "in the new room")
    assert (await world.owner.run()).exit_code == 0
    await world.owner.check_that_all_is_here()
    rooms = await world.owner.partitions()
    assert (rooms[old]["status"], rooms[old]["successor"], rooms[new]["predecessors"]) == ("became", new, [old])
    assert (await world.owner.run()).exit_code == 0
    assert (await world.owner.partitions())[old]["status"] == "became"


@pytest.mark.requirement("PR-3.3", "SE-7", "PR-2.7")
async def test_a_narrowed_run_takes_its_room_and_leaves_the_rest_to_the_next(world: World) -> None:
    for room in (world.harbour, world.events["lamps"]):
        await world.bob.says(room, "before the narrowed run")
    ended = await world.owner.run("--resource", f"messages={world.harbour}")
    assert ended.exit_code == 0, ended.stderr
    said = {one["room_id"] for one in await world.owner.records("messages") if one["text"] == "before the narrowed run"}
    assert said == {world.harbour}
    await world.owner.check_claims()
    assert (await world.owner.run()).exit_code == 0
    await world.owner.check_that_all_is_here()


async def test_a_run_of_one_stream_leaves_the_messages_to_the_next(world: World) -> None:
    await world.bob.sets(world.harbour, "m.room.topic", {"topic": "Fog"})
    await world.bob.says(world.harbour, "in the fog")
    ended = await world.owner.run("--stream", "rooms")
    assert ended.exit_code == 0, ended.stderr
    assert "in the fog" not in {one["text"] for one in await world.owner.records("messages")}
    assert (await world.owner.run()).exit_code == 0
    await world.owner.check_that_all_is_here()


async def test_a_run_narrowed_by_time_moves_nothing(world: World) -> None:
    await world.server.bridged(world.bob, world.harbour, "long ago", IN_2017)
    await world.bob.says(world.harbour, "now")
    ended = await world.owner.run("--stream", "messages", "--since", "2026-01-01")
    assert ended.exit_code in (0, 3), ended.stderr
    await world.owner.check_claims()
    assert (await world.owner.run()).exit_code == 0
    await world.owner.check_that_all_is_here()
