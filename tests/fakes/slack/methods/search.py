"""search.messages, as far as a collector could want it: words, newest first, page by page. No operators.

Must not know: how Slack ranks.
"""

from __future__ import annotations

from fakes.slack import ts as timestamps
from fakes.slack.methods.params import SlackError
from fakes.slack.methods.registry import Answer, Call, method
from fakes.slack.model import Conversation, Message

COUNT_DEFAULT, COUNT_MAX, PAGE_MAX = 20, 100, 100


@method("search.messages", "query", "sort", "sort_dir", "count", "page", "highlight")
def search_messages(call: Call) -> Answer:
    words = call.params.text("query").lower().split()
    if not words:
        raise SlackError("no_query")
    found = sorted(
        _matches(call, words), key=lambda hit: hit[1].at, reverse=call.params.text("sort_dir", "desc") == "desc"
    )
    count = min(call.params.number("count", COUNT_DEFAULT), COUNT_MAX)
    page = call.params.number("page", 1)
    page = page if 1 <= page <= PAGE_MAX else 1  # observed: a page beyond the last silently starts again
    pages = -(-len(found) // count)
    shown = found[(page - 1) * count : page * count]
    matches = [_match(call, room, said) for room, said in shown]
    paging = {"count": count, "total": len(found), "page": page, "pages": pages}
    return {"query": call.params.text("query"), "messages": {"matches": matches, "total": len(found), "paging": paging}}


def _matches(call: Call, words: list[str]) -> list[tuple[Conversation, Message]]:
    rooms = [room for room in call.world.conversations.values() if call.in_sight(room)]
    return [
        (room, said)
        for room in rooms
        for said in room.messages.values()
        if not call.world.hides(room, said) and all(word in said.text.lower() for word in words)
    ]


def _match(call: Call, room: Conversation, said: Message) -> Answer:
    link = f"https://{call.world.domain}.slack.com/archives/{room.id}/p{said.ts.replace('.', '')}"
    if said.is_reply and said.thread is not None:
        link += f"?thread_ts={timestamps.text(said.thread)}&cid={room.id}"
    return {
        "type": "message",
        "channel": {"id": room.id, "name": room.name},
        "user": said.user,
        "ts": said.ts,
        "text": said.text,
        "permalink": link,
    }
