"""Lantern Bay: a harbour, a bakery, a lighthouse. Small, with one of everything a collector must survive.

Must not know: HTTP, what a client does with it.
"""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime, time, timedelta

from fakes.slack import ts as timestamps
from fakes.slack.scenarios import stories
from fakes.slack.scenarios.dialogue import tell
from fakes.slack.world import Workspace

__all__ = ["lantern_bay"]

TIDES_FROM, TIDES_DAYS = date(2026, 9, 4), 70
TIDE_SHIFT = 50  # minutes the tide comes later each day
DAY_MINUTES = 24 * 60
PNG = base64.b64decode(  # one green pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGPQ6w4HAAH7ARF0JhTpAAAAAElFTkSuQmCC"
)


def lantern_bay() -> Workspace:
    """Nine people (a bot and a deactivated one among them), eight conversations, about two hundred messages."""
    world = Workspace(domain="lanternbay", name="Lantern Bay", team_id="T0LANTERN1", start="2026-09-01T08:00:00Z")
    _people(world)
    _rooms(world)
    _tides(world)
    for channel, story in (
        ("harbour", stories.HARBOUR),
        ("kitchen", stories.KITCHEN),
        ("lamp-room", stories.LAMP_ROOM),
        ("regatta-2026", stories.REGATTA),
        (world.dm("mina", "otto").id, stories.DM_OTTO),
        (world.dm("mina", "solveig").id, stories.DM_SOLVEIG),
        ("mpdm-mina--otto--theo-1", stories.CAKE),
    ):
        tell(world, channel, story)
    world.now = timestamps.from_iso("2026-11-20T08:00:00Z")
    _changes(world)
    return world


def _people(world: Workspace) -> None:
    world.add_user("mina", "Mina Okafor-Lund", title="Keeper of the lamp", is_admin=True)
    world.add_user("otto", "Otto Brandt", title="Ferryman")
    world.add_user("lena", "Lena Vogelsang", title="Baker")
    world.add_user("theo", "Théo Marchetti", title="Boats &amp; nets")
    world.add_user("solveig", "Sólveig Jónsdóttir", title="Sails the Lítla")
    world.add_user("anselm", "Anselm Kirsch", title="Regular")
    world.add_user("tidebot", "Tide Bot", is_bot=True)
    world.add_user("berta", "Berta Hallberg", title="Keeper of the lamp, until spring")
    world.emoji |= {
        "green_bench": "https://emoji.slack-edge.com/T0LANTERN1/green_bench/0a1b2c3d.png",
        "bench": "alias:green_bench",
    }


def _rooms(world: Workspace) -> None:
    everyone = ("otto", "lena", "theo", "solveig", "anselm", "berta")
    world.create_channel(
        "harbour",
        "mina",
        everyone,
        is_general=True,
        topic="Boats, lamps, people",
        purpose="Everything that concerns us all",
    )
    world.create_channel("kitchen", "lena", ("mina", "otto", "theo", "solveig", "anselm"), topic="Bread &amp; cardamom")
    world.create_channel("tides", "otto", ("mina", "tidebot"), purpose="High and low water, every morning")
    world.create_channel("lamp-room", "mina", ("otto", "berta"), is_private=True, purpose="Keepers only")
    world.create_channel("regatta-2026", "theo", ("mina", "otto", "lena", "solveig", "anselm"))
    world.open_dm("mina", "otto")
    world.open_dm("mina", "solveig")
    world.open_group_dm(["mina", "otto", "theo"])
    world.bookmark("harbour", "Ferry timetable", "https://lanternbay.example/ferry?day=today&from=pier")


def _tides(world: Workspace) -> None:
    """A bot's daily message: plain arithmetic, so that it never changes."""
    for day in range(TIDES_DAYS):
        moment = datetime.combine(TIDES_FROM + timedelta(days=day), time(5, 0), tzinfo=UTC)
        high = (4 * 60 + 12 + day * TIDE_SHIFT) % DAY_MINUTES
        low = (high + 6 * 60 + 12) % DAY_MINUTES
        text = f"{moment:%A}: high water {_clock(high)}, low water {_clock(low)}"
        world.post(
            "tides",
            "tidebot",
            text,
            at=timestamps.from_iso(moment.isoformat()) + 100 * (day + 1),
            subtype="bot_message",
            username="Tide Bot",
        )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _changes(world: Workspace) -> None:
    """What was done to all this since it was said: files, a pin, deletions, an archive, a farewell."""
    timetable = world.upload(
        "otto",
        "ferry-autumn.txt",
        b"06:10\n10:00\n18:40 (waits six minutes)\n",
        mimetype="text/plain",
        title="Ferry, autumn",
    )
    world.post("harbour", "otto", "", files=[timetable], label="timetable-file")
    picture = world.upload("mina", "bench.png", PNG, mimetype="image/png", title="The bench, green")
    world.post("harbour", "mina", "As promised:", files=[picture], label="bench-picture")
    world.pin("timetable")
    hasty = world.post("kitchen", "anselm", "Is there rye?", label="hasty")
    world.reply(hasty, "lena", "There is always rye.")
    world.reply(hasty, "theo", "There was.")
    world.delete(hasty)
    lonely = world.post("harbour", "theo", "Has anybody seen my other glove?", label="glove")
    answer = world.reply(lonely, "lena", "It is on the counter.")
    world.delete(answer)
    world.archive("regatta-2026", by="theo")
    world.leave("lamp-room", "berta", announce=False)
    world.deactivate("berta")
    world.read_up_to("kitchen", "mina", world.now)
