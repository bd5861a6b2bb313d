"""One day on which everything happens that can happen, then one run: the store equals the truth, event by event.

Provenance: the must-shows of the main job ("for every kind of change the fake can make"), PR-1.1, PR-2.1, PR-2.2.
The day is played once and collected once; each kind of event is then asked about by its name.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from e2e.owner import Owner, Ran
from e2e.truth import difference
from fakes.slack import Behaviour, FakeSlack, Ref, Workspace, happen, scenarios, script
from fakes.slack.faults import ApiError, Fault
from fakes.slack.script import Event, play

OLD = "1787000000.000000"  # before Lantern Bay's first message
BETWEEN = "1789000000.000000"  # in the middle of what was said there
Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """What one run after everything made of it, and another one after that."""

    owner: Owner
    ran: Ran
    again: Ran
    wrong: Mapping[Any, Any]
    """Where the store differed from the truth after the first of them."""
    labels: Mapping[str, str]
    """The keys of the messages that the events speak of."""
    rooms: Mapping[str, str]
    before: Mapping[tuple[str, str], Data]
    after: Mapping[tuple[str, str], Data]

    def message(self, label: str) -> Data:
        """As stored now; it must not be deleted."""
        record = self.after["messages", self.labels[label]]
        assert not record["deleted"]
        return record["data"]

    def turned(self, label: str) -> bool:
        """Whether a stored message was live before and is deleted now, its last content kept."""
        was, now = (records["messages", self.labels[label]] for records in (self.before, self.after))
        return not was["deleted"] and now["deleted"] and now["data"]["text"] == was["data"]["text"]

    def texts(self, room: str) -> set[str]:
        return {record["data"]["text"] for record in self._live("messages") if record["partition"] == self.rooms[room]}

    def channel(self, room: str) -> Data:
        record = self.after["channels", self.rooms[room]]
        assert not record["deleted"]
        return record["data"]

    def user(self, name: str) -> Data:
        (found,) = [record["data"] for record in self._live("users") if record["data"]["name"] == name]
        return found

    def reactions(self, label: str) -> set[tuple[str, int]]:
        return {(one["name"], one["count"]) for one in self.message(label)["reactions"]}

    def is_missing(self, room: str) -> bool:
        """Named as missing, and every record of it as it was."""
        key = self.rooms[room]
        was, now = (
            {name: record for name, record in records.items() if record["partition"] == key}
            for records in (self.before, self.after)
        )
        return key in self.ran.diagnostic("partition_missing")["partitions"] and was == now != {}

    def _live(self, stream: str) -> Sequence[Data]:
        return [record for (name, _), record in self.after.items() if name == stream and not record["deleted"]]


EVENTS: Sequence[Event] = (
    script.Advance(days=1),
    # what is said
    script.Post("harbour", "lena", "Fresh rolls.", label="fresh"),
    script.Post("harbour", "otto", "One word too many.", label="undone"),
    script.Reply("fresh", "otto", "Two, please."),
    script.Reply("timetable", "theo", "Heard by all.", broadcast=True, label="broadcast"),
    script.Reply("regatta", "lena", "A first reply makes this a thread."),
    script.Backfill("kitchen", "lena", ("Found a note from the summer.",), before=BETWEEN),
    script.Edit("sourdough", "It has a name now."),
    script.Delete("rolls"),
    script.Delete("cardamom"),
    script.Delete("undone"),
    script.Delete("minutes"),
    script.DeleteThread("meeting"),
    script.React("storm", "otto", "wave"),
    script.Unreact("morning", "otto", "flashlight"),
    script.Pin("fresh"),
    script.DeleteFile("F0BENCH0020"),
    # where it is said
    script.CreateChannel("fog", "theo", ("mina", "otto"), is_private=True),
    script.Post("fog", "theo", "Can anybody see anything?", label="fog"),
    script.CreateChannel("ropes", "theo", ("otto",)),
    script.Backfill("ropes", "theo", ("A bowline.", "A sheet bend."), before=OLD),
    script.Join("ropes", "mina"),
    script.Rename("kitchen", "bakery"),
    script.SetTopic("bakery", "Rolls"),
    script.Archive("bakery"),
    script.Unarchive("regatta-2026"),
    script.MakePrivate("harbour"),
    script.ConvertGroupDm("mpdm-mina--otto--theo-1", "cake"),
    script.OpenDm("mina", "theo"),
    script.CloseDm("mina", "otto"),
    script.OpenGroupDm(("mina", "lena", "solveig")),
    # who says it
    script.UserJoins("juno", "Juno Achterberg"),
    script.RenameUser("otto", real_name="Otto Brandt-Vogelsang"),
    script.Deactivate("anselm"),
    # what is gone
    script.Leave("lamp-room", "mina"),
    script.DeleteChannel("tides"),
)
GONE = ("lamp-room", "tides")

SEEN: Mapping[type, Callable[[Day], bool]] = {
    script.Advance: lambda day: day.ran.value["started_at"] != day.again.value["started_at"],
    script.Post: lambda day: day.message("fresh")["text"] == "Fresh rolls.",
    script.Reply: lambda day: (
        "Two, please." in day.texts("harbour")
        and "A first reply makes this a thread." in day.texts("harbour")
        and day.message("broadcast")["subtype"] == "thread_broadcast"
    ),
    script.Backfill: lambda day: (
        "Found a note from the summer." in day.texts("bakery") and day.texts("ropes") >= {"A bowline.", "A sheet bend."}
    ),
    script.Edit: lambda day: (
        day.message("sourdough")["text"] == "It has a name now." and day.message("sourdough")["edited_ts"] is not None
    ),
    script.Delete: lambda day: (
        all(day.turned(label) for label in ("rolls", "cardamom", "minutes"))
        and ("messages", day.labels["undone"]) not in day.after
    ),
    script.DeleteThread: lambda day: day.turned("meeting"),
    script.React: lambda day: ("wave", 1) in day.reactions("storm"),
    script.Unreact: lambda day: day.reactions("morning") == {("flashlight", 1)},
    script.Pin: lambda day: day.message("fresh")["pinned_to"] == [day.rooms["harbour"]],
    script.DeleteFile: lambda day: day.message("bench-picture")["files"][0]["mode"] == "tombstone",
    script.CreateChannel: lambda day: day.channel("fog")["kind"] == "private" and day.message("fog") is not None,
    script.Join: lambda day: day.channel("ropes")["name"] == "ropes",
    script.Rename: lambda day: day.channel("bakery")["previous_names"] == ["kitchen"],
    script.SetTopic: lambda day: day.channel("bakery")["topic"] == "Rolls",
    script.Archive: lambda day: day.channel("bakery")["is_archived"],
    script.Unarchive: lambda day: not day.channel("regatta-2026")["is_archived"],
    script.MakePrivate: lambda day: day.channel("harbour")["kind"] == "private",
    script.ConvertGroupDm: lambda day: (
        (day.channel("cake")["kind"], day.channel("cake")["name"]) == ("private", "cake")
    ),
    script.OpenDm: lambda day: day.channel("dm with theo")["kind"] == "dm",
    script.CloseDm: lambda day: day.channel("dm with otto")["kind"] == "dm",
    script.OpenGroupDm: lambda day: day.channel("mpdm-mina--lena--solveig-1")["kind"] == "group_dm",
    script.UserJoins: lambda day: day.user("juno")["real_name"] == "Juno Achterberg",
    script.RenameUser: lambda day: day.user("otto")["real_name"] == "Otto Brandt-Vogelsang",
    script.Deactivate: lambda day: day.user("anselm")["deleted"] is True,
    script.Leave: lambda day: day.is_missing("lamp-room"),
    script.DeleteChannel: lambda day: day.is_missing("tides"),
}
"""What the store shows of each kind of event afterwards."""
ELSEWHERE = {script.HideBefore, script.SignIn, script.SignOut}
"""These end a run or hide what is there: test_trouble.py has them."""


@pytest.fixture(scope="module")
async def day(collected_home: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Day]:
    """Everything happens, a run, and a second run after which nothing has happened."""
    world = scenarios.small()
    harbour = world.conversation("harbour")
    async with FakeSlack(world) as slack:
        owner = Owner(slack, tmp_path_factory.mktemp("day") / "home")
        owner.copy_of(collected_home)
        world.labels["morning"] = Ref(harbour.id, min(said.ts for said in harbour.messages.values()))
        labels = dict(world.labels)  # a deleted message's label leads nowhere afterwards
        before = await _everything(owner)
        play(world, EVENTS)
        labels |= world.labels
        rooms = {name: room.id for room in world.conversations.values() for name in (room.name, *room.previous_names)}
        rooms |= {f"dm with {name}": world.dm("mina", name).id for name in ("theo", "solveig")}
        rooms["dm with otto"] = _closed_dm(world, "otto")
        owner.clock.passed += timedelta(days=1)
        ran = await owner.run()
        after, wrong = await _everything(owner), await difference(owner)
        again = await owner.run()
        assert await _everything(owner) == after
        assert slack.violations == []
        yield Day(
            owner=owner,
            ran=ran,
            again=again,
            wrong=wrong,
            labels={label: f'["{place.channel}","{place.ts}"]' for label, place in labels.items()},
            rooms=rooms,
            before=before,
            after=after,
        )


def _closed_dm(world: Workspace, other: str) -> str:
    """`world.dm` would open it again."""
    pair = {world.user("mina").id, world.user(other).id}
    (room,) = [room for room in world.conversations.values() if room.kind == "im" and set(room.members) == pair]
    return room.id


async def _everything(owner: Owner) -> dict[tuple[str, str], Data]:
    return {
        (stream, record["key"]): record
        for stream in ("workspace", "users", "channels", "messages")
        for record in await owner.records(stream, deleted=True)
    }


def test_every_kind_of_event_the_fake_can_make_is_played() -> None:
    kinds = {getattr(script, name) for name in script.__all__} - {script.Event, script.play}
    assert kinds == SEEN.keys() | ELSEWHERE
    assert {type(event) for event in EVENTS} == SEEN.keys()


@pytest.mark.requirement("PR-2.1", "PR-2.2")
def test_after_a_day_of_everything_one_run_makes_the_store_equal_the_truth(day: Day) -> None:
    assert day.wrong == {}


@pytest.mark.parametrize("kind", SEEN, ids=lambda kind: kind.__name__)
def test_the_store_shows_what_came_of(kind: type, day: Day) -> None:
    assert SEEN[kind](day)


def test_the_run_counts_what_it_changed_and_nothing_else(day: Day) -> None:
    """New, updated and deleted are what comparing the store before and after the run says they are."""
    for stream in ("workspace", "users", "channels", "messages"):
        was, now = (
            {key: record for (name, key), record in records.items() if name == stream}
            for records in (day.before, day.after)
        )
        fresh = [now[key] for key in now.keys() - was.keys()]
        changed = [now[key] for key in was if now[key]["version"] != was[key]["version"]]
        deleted = [record for record in (*fresh, *changed) if record["deleted"]]
        expected = (
            sum(not record["deleted"] for record in fresh),
            sum(not record["deleted"] for record in changed),
            len(deleted),
        )
        assert day.ran.counts(stream) == expected
        assert was.keys() <= now.keys()


@pytest.mark.requirement("PR-1.1", "PR-1.2", "PR-1.3", "PR-1.4")
def test_the_run_names_the_two_conversations_that_are_gone_and_no_other(day: Day) -> None:
    assert (day.ran.status, day.ran.exit_code) == ("complete_with_gaps", 3)
    assert day.ran.codes == {"partition_missing"}
    missing = day.ran.diagnostic("partition_missing")
    gone = sorted(day.rooms[name] for name in GONE)
    assert (missing["stream"], missing["partitions"], missing["total"]) == ("messages", gone, 2)
    assert missing["truncated"] is False
    words = "".join(str(value) for name, value in missing.items() if name != "partitions")
    assert not any(name in words for name in (*GONE, "mina", "Okafor"))
    assert [gap["code"] for gap in day.ran.value["receipt"]["gaps"]] == ["partition_missing"]


@pytest.mark.requirement("PR-1.7", "PR-1.8")
def test_another_run_adds_nothing_names_them_again_and_asks_nothing_about_them(day: Day) -> None:
    assert day.again.diagnostic("partition_missing") == day.ran.diagnostic("partition_missing")
    assert {stream: day.again.counts(stream) for stream in day.again.value["streams"]} == dict.fromkeys(
        ("workspace", "users", "channels", "messages"), (0, 0, 0)
    )
    gone = {day.rooms[name] for name in GONE}
    assert [seen for seen in day.owner.slack.requests() if seen.params.get("channel") in gone] == []


@pytest.mark.requirement("PR-2.4", "PR-2.5")
async def test_a_channel_first_seen_today_is_read_from_its_beginning_however_old_that_is(day: Day) -> None:
    ropes = (await day.owner.partitions())[day.rooms["ropes"]]
    assert (ropes["extent"], ropes["holes"]) == ("complete", [])
    oldest = min(record["data"]["ts"] for record in day.after.values() if record["partition"] == ropes["key"])
    known = [
        data["ts"] for (stream, _), record in day.before.items() if stream == "messages" and (data := record["data"])
    ]
    assert oldest < OLD < min(known)


async def test_a_channel_that_came_and_was_archived_between_two_runs_is_found_within_a_week(owner: Owner) -> None:
    """Slack counts archived channels nowhere; only asking for all of them finds one that nobody saw alive."""
    play(
        owner.slack.world,
        [
            script.CreateChannel("incident", "theo", ("mina",)),
            script.Post("incident", "theo", "The lamp is out."),
            script.Archive("incident"),
            script.Advance(days=8),
        ],
    )
    ran = await owner.run()
    assert (ran.status, ran.value["diagnostics"]) == ("complete", [])
    assert await difference(owner) == {}


@pytest.mark.requirement("PR-2.6")
@pytest.mark.parametrize("seed", [5])
async def test_whatever_happens_and_wherever_a_run_is_cut_the_next_one_ends_with_the_truth(
    seed: int, home: Path
) -> None:
    """Days of anything; each day one run loses its session somewhere and one is left in peace. Small pages and repeated
    roots, so that every walk takes several requests; no more happens than a day's look-back can see."""
    die = random.Random(seed)
    behaviour = Behaviour(page_cap=9, repeat_root=True, closed_dms="hidden", filter_after_paging=True)
    async with FakeSlack(scenarios.small(), behaviour=behaviour) as slack:
        owner = Owner(slack, home)
        await owner.connect()
        for round_ in range(3):
            happen(slack.world, seed + round_, times=25)
            owner.clock.passed += timedelta(days=1)
            slack.faults.sign_out_at(die.randrange(2, 20))
            assert (await owner.run()).status == "needs_owner"
            slack.faults.clear()
            whole = await owner.run()
            assert whole.status in {"complete", "complete_with_gaps"}
            assert whole.codes <= {"partition_missing"}
            assert await difference(owner) == {}
        assert slack.violations == []


@pytest.mark.requirement("PR-2.6")
async def test_a_full_run_too_notices_that_the_newest_message_is_gone(owner: Owner) -> None:
    """Slack then counts an older one as the latest."""
    world = owner.slack.world
    play(world, [script.Post("harbour", "otto", "Sent too soon.", label="soon")])
    await owner.run()
    play(world, [script.Delete("soon")])
    ran = await owner.run(full=True)
    assert (ran.status, ran.counts("messages")[2]) == ("complete", 1)
    assert await difference(owner) == {}


@pytest.mark.requirement("PR-2.6")
@pytest.mark.parametrize("full", [False, True])
async def test_a_newest_message_that_an_ended_run_left_and_that_is_gone_is_noticed(owner: Owner, full: bool) -> None:
    """It is stored, and lies above all that was proven."""
    world = owner.slack.world
    play(world, [script.Post("harbour", "otto", "Sent too soon.", label="soon"), script.Reply("soon", "mina", "Oh.")])
    owner.slack.faults.add(
        *(
            Fault(ApiError("invalid_auth"), method=method, times=None)
            for method in ("conversations.replies", "auth.test")
        )
    )
    assert (await owner.run()).status == "needs_owner"
    assert "Sent too soon." in {one["data"]["text"] for one in await owner.records("messages")}
    owner.slack.faults.clear()
    play(world, [script.DeleteThread("soon")])
    assert (await owner.run(full=full)).status == "complete"
    assert await difference(owner) == {}


@pytest.mark.requirement("PR-2.6")
@pytest.mark.parametrize("full", [False, True])
async def test_a_newest_message_that_is_gone_is_noticed_where_no_latest_is_counted(owner: Owner, full: bool) -> None:
    """As for a conversation that is archived."""
    world = owner.slack.world
    play(world, [script.Post("harbour", "otto", "Sent too soon.", label="soon")])
    await owner.run()
    play(world, [script.Delete("soon")])
    world.conversation("harbour").is_archived = True
    assert (await owner.run(full=full)).status == "complete"
    assert [key for key in await difference(owner) if key[0] == "messages"] == []
