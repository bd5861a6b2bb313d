"""Listing and describing conversations. Must not know: what was said in them."""

from __future__ import annotations

from fakes.slack.methods.params import Page, SlackError, page_of
from fakes.slack.methods.registry import Answer, Call, method
from fakes.slack.model import Conversation

TYPES = frozenset({"public_channel", "private_channel", "mpim", "im"})
LIST_DEFAULT, LIST_MAX = 100, 999  # documented: default 100, under 1000
MEMBERS_DEFAULT, MEMBERS_MAX = 100, 999


def type_of(room: Conversation) -> str:
    if room.kind == "channel":
        return "private_channel" if room.is_private else "public_channel"
    return room.kind


def _wanted_types(call: Call) -> frozenset[str]:
    types = frozenset(part.strip() for part in call.params.text("types", "public_channel").split(","))
    if not types <= TYPES:
        raise SlackError("invalid_types")
    return types


def _listing(call: Call, rooms: list[Conversation]) -> tuple[list[Conversation], Page]:
    """The page of `rooms` that was asked for. Where the server filters after paging, pages come out short or empty."""
    if call.behaviour.lists_restricted:
        raise SlackError("enterprise_is_restricted")
    types, live = _wanted_types(call), call.params.flag("exclude_archived")

    def wanted(room: Conversation) -> bool:
        return type_of(room) in types and not (live and room.is_archived)

    before = rooms if call.behaviour.filter_after_paging else [room for room in rooms if wanted(room)]
    before.sort(key=lambda room: room.id)
    page = page_of(call.params, before, lambda room: room.id, kind="channel", default=LIST_DEFAULT, maximum=LIST_MAX)
    return [room for room in page.items if wanted(room)], page


@method("conversations.list", "types", "exclude_archived", "limit", "cursor", items="channels")
def conversations_list(call: Call) -> Answer:
    shown, page = _listing(call, [room for room in call.world.conversations.values() if call.in_sight(room)])
    return {"channels": [call.show(room, num_members=True) for room in shown], "response_metadata": page.metadata()}


@method(
    "users.conversations", "user", "types", "exclude_archived", "exclude_muted", "limit", "cursor", items="channels"
)
def users_conversations(call: Call) -> Answer:
    """Without is_member and num_members: whoever is asked about is in all of them."""
    who = call.params.text("user", call.user)
    if who not in call.world.users:
        raise SlackError("user_not_found")
    hidden = call.behaviour.closed_dms == "hidden"
    rooms = [
        room
        for room in call.world.conversations.values()
        if who in room.members and call.in_sight(room) and not (hidden and who in room.closed_for)
    ]
    shown, page = _listing(call, rooms)
    channels = [{name: value for name, value in call.show(room).items() if name != "is_member"} for room in shown]
    return {"channels": channels, "response_metadata": page.metadata()}


def _direct(call: Call, kind: str, key: str) -> Answer:
    rooms = sorted(
        (room for room in call.world.conversations.values() if room.kind == kind and call.user in room.members),
        key=lambda room: room.id,
    )
    page = page_of(call.params, rooms, lambda room: room.id, kind="channel", default=LIST_DEFAULT, maximum=LIST_MAX)
    latest = call.params.flag("get_latest")
    shapes = [call.show(room) | ({"latest": call.latest(room)} if latest else {}) for room in page.items]
    return {key: shapes, "response_metadata": page.metadata()}


@method("im.list", "get_latest", "get_read_state", "limit", "cursor", items="ims")
def im_list(call: Call) -> Answer:
    """Every DM, closed ones too."""
    return _direct(call, "im", "ims")


@method("mpim.list", "get_latest", "get_read_state", "limit", "cursor", items="groups")
def mpim_list(call: Call) -> Answer:
    return _direct(call, "mpim", "groups")


@method("conversations.info", "channel", "include_num_members", "include_locale")
def conversations_info(call: Call) -> Answer:
    return {"channel": call.show(call.conversation(), num_members=call.params.flag("include_num_members"))}


@method("conversations.genericInfo", "updated_channels", "updated_channel_ids")
def generic_info(call: Call) -> Answer:
    """Many at once: each id with the `updated` the client has. What the account cannot see is left out silently."""
    asked = call.params.json("updated_channels", dict)
    if not all(isinstance(updated, int) for updated in asked.values()):
        raise SlackError("invalid_arguments")
    rooms = [
        room
        for room in (call.world.conversations.get(name) for name in asked)
        if room is not None and call.in_sight(room)
    ]
    return {
        "channels": [call.show(room, num_members=True) for room in rooms if room.updated > asked[room.id]],
        "unchanged_channel_ids": [room.id for room in rooms if room.updated <= asked[room.id]],
    }


@method("conversations.members", "channel", "limit", "cursor", items="members")
def members(call: Call) -> Answer:
    people = sorted(call.conversation().members)
    page = page_of(
        call.params, people, lambda member: member, kind="user", default=MEMBERS_DEFAULT, maximum=MEMBERS_MAX
    )
    return {"members": list(page.items), "response_metadata": page.metadata()}


@method("conversations.mark", "channel", "ts")
def mark(call: Call) -> Answer:
    """Collecting must never mark anything as read: this is answered, and remembered as a violation."""
    room = call.conversation()
    call.violations.append(f"conversations.mark on {room.id}")
    room.last_read[call.user] = call.params.ts("ts", "invalid_timestamp") or 0
    return {}
