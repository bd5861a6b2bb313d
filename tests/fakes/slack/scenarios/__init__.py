"""Ready-made workspaces and what happens in them. All deterministic: the same bytes each time.

world = small()                 Lantern Bay as the first run finds it
play(world, second())           what changed before the second run
FakeSlack(world, faults=rate_limited())     the same place on a bad day
"""

from __future__ import annotations

from fakes.slack.faults import EmptyPage, Fault, HttpStatus, RateLimit
from fakes.slack.scenarios.lantern_bay import lantern_bay
from fakes.slack.script import (
    Advance,
    Backfill,
    CreateChannel,
    Deactivate,
    Delete,
    Edit,
    Event,
    Join,
    Leave,
    Post,
    React,
    Rename,
    Reply,
    UserJoins,
)
from fakes.slack.world import Workspace

__all__ = ["rate_limited", "second", "small"]

OLDER_THAN_ALL = "1787000000.000000"  # a ts before Lantern Bay's first message


def small() -> Workspace:
    """Lantern Bay. The account is mina's."""
    return lantern_bay()


def second() -> tuple[Event, ...]:
    """Channels grew, one vanished, one appeared with older history, an edit, deletions, late replies to old threads."""
    return (
        Advance(days=1),
        Post("harbour", "lena", "First frost. The steps are salted.", label="frost"),
        Reply("frost", "otto", "The ferry says thank you."),
        Post("tides", "tidebot", "Saturday: high water 07:32, low water 13:44", subtype="bot_message"),
        # late: the root is weeks old, and neither it nor the channel's newest message moves
        Reply("minutes", "solveig", "I vote for green like a lighthouse at night."),
        # a first reply turns an old plain message into a thread
        Reply("regatta", "anselm", "I am in the fourth one, under the water."),
        Edit("sourdough", "The sourdough needs a name. Suggestions here. (She has one now: Súrdís.)"),
        React("storm", "anselm", "umbrella"),
        Delete("rolls"),
        Delete("over"),
        Delete("glove"),
        # gone for the account: no longer a member of a private channel
        Leave("lamp-room", "mina"),
        # new to the account, although most of it is older than what other channels were read up to
        CreateChannel("night-sailing", "solveig", ("theo",), is_private=True),
        Backfill(
            "night-sailing",
            "solveig",
            (
                "Red light on the mole is out.",
                "Moon rises at nine.",
                "We were three boats and one accordion.",
                "Nobody fell in.",
            ),
            before=OLDER_THAN_ALL,
        ),
        Post("night-sailing", "theo", "Same time next week?", label="next-week"),
        Join("night-sailing", "mina"),
        Rename("kitchen", "bakery"),
        UserJoins("juno", "Juno Achterberg"),
        Join("harbour", "juno"),
        Deactivate("anselm"),
        Post("bakery", "lena", "New sign above the door. It says *Bakery*. We kept it simple."),
        Advance(seconds=600),
    )


def rate_limited(*, retry_after: int = 1) -> tuple[Fault, ...]:
    """A bad day: two 429 at the start, then every fifth history call, an empty page, and one gateway error."""
    return (
        Fault(action=RateLimit(retry_after), method="*", times=2),
        Fault(action=RateLimit(retry_after), method="conversations.history", times=None, every=5),
        Fault(action=EmptyPage(), method="conversations.history", times=1, after=1),
        Fault(action=HttpStatus(503), method="conversations.replies", times=1),
    )
