"""What was said: history, replies, and messages by ts. Must not know: lists of conversations, people."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from fakes.slack import ts as timestamps
from fakes.slack.methods.params import SlackError, decode_cursor, encode_cursor
from fakes.slack.methods.registry import Answer, Call, method
from fakes.slack.model import Conversation, Message

HISTORY_DEFAULT, HISTORY_MAX = 100, 999
REPLIES_DEFAULT, REPLIES_MAX = 1000, 1000
CURSOR = "next_ts"
END_OF_TIME = 10**17  # microseconds: later than any ts of ten digits
NO_THREADS = frozenset({"channel_join", "channel_leave"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """The asked range, both ends inclusive, in microseconds."""

    low: int
    high: int

    @classmethod
    def of(cls, call: Call) -> Bounds:
        """Bounds are exclusive unless `inclusive`."""
        oldest = call.params.ts("oldest", "invalid_ts_oldest")
        latest = call.params.ts("latest", "invalid_ts_latest")
        step = 0 if call.params.flag("inclusive") else 1
        return cls(0 if oldest is None else oldest + step, END_OF_TIME if latest is None else latest - step)

    def cut(self, sorted_ats: Sequence[int]) -> list[int]:
        return list(sorted_ats[bisect_left(sorted_ats, self.low) : bisect_right(sorted_ats, self.high)])


def _resume_at(call: Call) -> int | None:
    """The ts a cursor stands at: the next message to hand out, or where it was before it vanished."""
    if not call.params.has("cursor"):
        return None
    value = decode_cursor(call.params.text("cursor"), CURSOR)
    if not value.isdigit():
        raise SlackError("invalid_cursor")
    return int(value)


def _limit(call: Call, default: int, maximum: int) -> int:
    asked = call.params.limit(default=default, maximum=maximum)
    cap = call.behaviour.page_cap
    return asked if cap is None else min(asked, cap)


def _window(call: Call, ats: list[int]) -> tuple[list[int], int | None]:
    """One page, newest first, and the ts the next one starts at."""
    limit = _limit(call, HISTORY_DEFAULT, HISTORY_MAX)
    resume = _resume_at(call)
    from_oldest = (
        call.behaviour.oldest_alone == "nearest" and call.params.has("oldest") and not call.params.has("latest")
    )
    if from_oldest:
        rest = ats if resume is None else ats[bisect_left(ats, resume) :]
        return rest[:limit][::-1], rest[limit] if len(rest) > limit else None
    rest = ats if resume is None else ats[: bisect_right(ats, resume)]
    return rest[-limit:][::-1], rest[-limit - 1] if len(rest) > limit else None


@method(
    "conversations.history",
    "channel",
    "oldest",
    "latest",
    "inclusive",
    "limit",
    "cursor",
    "ignore_replies",
    "include_pin_count",
    "include_stories",
    "include_free_team_extra_messages",
    "include_date_joined",
    "include_all_metadata",
    "cached_latest_updates",
    items="messages",
)
def history(call: Call) -> Answer:
    """Roots, plain messages and broadcasts, newest first; replies live in their threads."""
    room = call.conversation()
    in_range = Bounds.of(call).cut(room.timeline)
    seen = [at for at in in_range if not call.world.hides(room, room.messages[at])]
    page, following = _window(call, seen)
    known = call.params.json("cached_latest_updates", dict)
    messages = [room.messages[at] for at in page]
    answer: Answer = {
        "messages": [call.message(room, said) for said in messages if known.get(said.ts) != str(said.version)],
        "has_more": following is not None,
        "pin_count": len(room.pins),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    if call.params.has("cached_latest_updates"):
        answer |= {
            "latest_updates": {said.ts: str(said.version) for said in messages},
            "unchanged_messages": [said.ts for said in messages if known.get(said.ts) == str(said.version)],
        }
    if call.params.has("latest"):
        answer["latest"] = call.params.text("latest")
    if following is not None:
        answer["response_metadata"] = {"next_cursor": encode_cursor(CURSOR, str(following))}
    elif len(seen) < len(in_range):
        answer["is_limited"] = True
    return answer


@method(
    "conversations.replies",
    "channel",
    "ts",
    "oldest",
    "latest",
    "inclusive",
    "limit",
    "cursor",
    "include_all_metadata",
    items="messages",
)
def replies(call: Call) -> Answer:
    """A thread, oldest first: the root, then replies. `ts` may be any member; an unthreaded one stands alone."""
    room = call.conversation()
    root = _thread_root(call, room)
    limit = _limit(call, REPLIES_DEFAULT, REPLIES_MAX)
    resume = _resume_at(call)
    ats = Bounds.of(call).cut(room.threads.get(root.at, []))
    if resume is None or resume <= root.at:
        page, rest = [root.at, *ats[: limit - 1]], ats[limit - 1 :]
    else:
        ats = ats[bisect_left(ats, resume) :]
        repeated = [root.at] if call.behaviour.repeat_root else []
        page, rest = repeated + ats[:limit], ats[limit:]
    answer: Answer = {"messages": [call.message(room, room.messages[at]) for at in page], "has_more": bool(rest)}
    if rest:
        answer["response_metadata"] = {"next_cursor": encode_cursor(CURSOR, str(rest[0]))}
    return answer


def _thread_root(call: Call, room: Conversation) -> Message:
    call.params.require("ts")
    at = call.params.ts("ts", "invalid_ts")
    said = room.messages.get(at or 0)
    root = said if said is None or not said.is_reply else room.messages.get(said.thread or 0)
    if root is None or call.world.hides(room, root) or root.subtype in NO_THREADS:
        raise SlackError("thread_not_found")
    return root


@method("messages.list", "message_ids", "cached_latest_updates", "org_wide_aware")
def messages_list(call: Call) -> Answer:
    """Messages by ts, from many conversations at once. What is gone or out of sight is left out."""
    found: Answer = {}
    for wanted in call.params.json("message_ids", list):
        if not isinstance(wanted, dict) or not wanted.keys() >= {"channel", "timestamps"}:
            raise SlackError("invalid_array_arg")
        room = call.world.conversations.get(wanted["channel"])
        if room is None or not call.in_sight(room):
            continue
        said = (room.messages.get(timestamps.parse(ts) or 0) for ts in wanted["timestamps"])
        shown = [call.message(room, one) for one in said if one is not None and not call.world.hides(room, one)]
        found[room.id] = {"messages": shown}
    return {"messages_data": found}
