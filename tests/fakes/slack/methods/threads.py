"""The Threads view: followed threads by latest activity. Must not know: unfollowed threads exist."""

from __future__ import annotations

from fakes.slack import ts as timestamps
from fakes.slack.methods.registry import Answer, Call, method
from fakes.slack.model import Conversation, Message

PAGE = 10  # threads; the limit parameter was observed to change nothing
LATEST_REPLIES = 3  # shown with each thread


@method(
    "subscriptions.thread.getView",
    "limit",
    "current_ts",
    "priority_mode",
    "channel_id",
    "fetch_threads_state",
    "org_wide_aware",
)
def get_view(call: Call) -> Answer:
    """`current_ts`: only threads whose latest reply is older."""
    before = call.params.ts("current_ts", "invalid_ts_latest")
    found = sorted(_followed(call), key=lambda entry: entry[0], reverse=True)
    older = [entry for entry in found if before is None or entry[0] < before]
    return {
        "threads": [_thread(call, room, root) for _, room, root in older[:PAGE]],
        "has_more": len(older) > PAGE,
        "max_ts": timestamps.text(call.world.now),
        "total_unread_replies": 0,
        "new_threads_count": 0,
    }


def _followed(call: Call) -> list[tuple[int, Conversation, Message]]:
    """Threads the account started or replied in, with the ts of their latest reply."""
    rooms = [room for room in call.world.conversations.values() if call.in_sight(room) and call.user in room.members]
    entries: list[tuple[int, Conversation, Message]] = []
    for room in rooms:
        for at, replies in room.threads.items():
            people = {room.messages[reply].user for reply in replies} | {room.messages[at].user}
            if replies and call.user in people and not call.world.hides(room, room.messages[at]):
                entries.append((replies[-1], room, room.messages[at]))
    return entries


def _thread(call: Call, room: Conversation, root: Message) -> Answer:
    latest = room.replies(root.at)[-LATEST_REPLIES:]
    return {
        "root_msg": call.message(room, root) | {"channel": room.id},
        "unread_replies": [],
        "latest_replies": [call.message(room, reply) for reply in latest],
    }
