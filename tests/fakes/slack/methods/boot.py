"""What the web client asks for first: the boot payload and the counts. Must not know: paging, history."""

from __future__ import annotations

from fakes.slack import ts as timestamps
from fakes.slack import wire
from fakes.slack.methods.registry import Answer, Call, method
from fakes.slack.model import Conversation


def joined(call: Call, *kinds: str) -> list[Conversation]:
    """The account's live conversations of these kinds, busiest first."""
    rooms = [
        room
        for room in call.world.conversations.values()
        if room.kind in kinds
        and call.user in room.members
        and not room.is_deleted
        and not (room.is_archived and not call.behaviour.boot_archived)
    ]
    return sorted(rooms, key=lambda room: (call.latest(room), room.id), reverse=True)


@method(
    "client.userBoot",
    "version_all_channels",
    "return_all_relevant_mpdms",
    "min_channel_updated",
    "omit_extras",
    "include_min_version_bump_check",
    "version_ts",
    "build_version_ts",
)
def user_boot(call: Call) -> Answer:
    """With `min_channel_updated` (milliseconds) only what changed since then comes in full, the rest by id."""
    since = call.params.number("min_channel_updated", 0)
    rooms = joined(call, "channel", "mpim")[: call.behaviour.boot_cap]
    ims = joined(call, "im")
    world, me = call.world, call.world.users[call.user]
    return {
        "self": wire.user(world, me),
        "team": wire.team(world) | {"over_storage_limit": bool(world.horizon), "messages_count": 0},
        "workspaces": [wire.team(world)],
        "default_workspace": world.team_id,
        "channels": [call.show(room) | {"latest": call.latest(room)} for room in rooms if room.updated > since],
        "unchanged_channel_ids": [room.id for room in rooms if room.updated <= since],
        "ims": [_im(call, room) for room in ims],
        "is_open": [room.id for room in ims if call.user not in room.closed_for],
        "starred": [],
        "subteams": {"self": []},
        "prefs": {},
        "emoji_cache_ts": "0",
        "cache_ts": call.now_ms // 1000,
    }


def _im(call: Call, room: Conversation) -> Answer:
    shape = call.show(room)
    return {name: shape[name] for name in ("id", "user", "created", "is_im", "is_open", "last_read", "updated")} | {
        "latest": call.latest(room)
    }


@method(
    "client.counts",
    "thread_counts_by_channel",
    "thread_count_by_channel",
    "org_wide_aware",
    "include_file_channels",
    "include_all_unreads",
    "channel_ids",
    "counts_last_fetched",
)
def counts(call: Call) -> Answer:
    """`latest` of every conversation the account is in, read or not. Archived channels are absent."""
    return {
        "channels": [_count(call, room) for room in joined(call, "channel") if not room.is_archived],
        "mpims": [_count(call, room) for room in joined(call, "mpim") if _listed(call, room)],
        "ims": [_count(call, room) for room in joined(call, "im") if _listed(call, room)],
        "threads": {
            "has_unreads": False,
            "mention_count": 0,
            "unread_count_by_channel": {},
            "mention_count_by_channel": {},
        },
        "channel_badges": {"channels": 0, "dms": 0, "app_dms": 0, "thread_mentions": 0, "thread_unreads": 0},
        "saved": {"uncompleted_count": 0, "uncompleted_overdue_count": 0},
        "counts_last_fetched": call.now_ms // 1000,
    }


def _listed(call: Call, room: Conversation) -> bool:
    return call.behaviour.closed_dms == "listed" or call.user not in room.closed_for


def _count(call: Call, room: Conversation) -> Answer:
    latest, read = call.latest(room), timestamps.text(room.last_read.get(call.user, 0))
    return {
        "id": room.id,
        "last_read": read,
        "latest": latest,
        "updated": timestamps.text(room.updated * 1000),
        "history_invalid": timestamps.NEVER,
        "mention_count": 0,
        "has_unreads": latest > read,  # both have ten digits before the dot: text order is time order
    }
