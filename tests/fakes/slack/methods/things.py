"""Files, pins and bookmarks: what hangs on conversations beside messages. Must not know: paging of history."""

from __future__ import annotations

from fakes.slack import wire
from fakes.slack.methods.params import SlackError
from fakes.slack.methods.registry import Answer, Call, method
from fakes.slack.model import File

FILES_PER_PAGE, FILES_MAX = 100, 1000


def _in_sight(call: Call, file: File) -> bool:
    rooms = (call.world.conversations[room] for room in file.channels)
    return file.user == call.user or any(call.in_sight(room) for room in rooms)


@method(
    "files.list",
    "channel",
    "user",
    "types",
    "ts_from",
    "ts_to",
    "count",
    "page",
    "show_files_hidden_by_limit",
    items="files",
)
def files_list(call: Call) -> Answer:
    """Newest first, by page numbers: this method knows no cursor."""
    room = call.conversation().id if call.params.has("channel") else None
    user = call.params.text("user")
    since, until = call.params.number("ts_from", 0), call.params.number("ts_to", 1 << 62)
    found = [
        file
        for file in call.world.files.values()
        if _in_sight(call, file)
        and not file.deleted
        and (room is None or room in file.channels)
        and user in ("", file.user)
        and since <= file.created <= until
    ]
    found.sort(key=lambda file: (file.created, file.id), reverse=True)
    count = min(call.params.number("count", FILES_PER_PAGE), FILES_MAX)
    page = call.params.number("page", 1)
    pages = max(1, -(-len(found) // count))
    shown = found[(page - 1) * count : page * count]
    return {
        "files": [wire.file(call.world, file) for file in shown],
        "paging": {"count": count, "total": len(found), "page": page, "pages": pages},
    }


@method("files.info", "file", "count", "cursor", "limit", "page")
def files_info(call: Call) -> Answer:
    file = call.world.files.get(call.params.require("file"))
    if file is None or not _in_sight(call, file):
        raise SlackError("file_not_found")
    if file.deleted:
        raise SlackError("file_deleted")
    return {"file": wire.file(call.world, file), "comments": [], "response_metadata": {"next_cursor": ""}}


@method("pins.list", "channel")
def pins_list(call: Call) -> Answer:
    room = call.conversation()
    items = [
        {
            "type": "message",
            "channel": room.id,
            "created": at // 1_000_000,
            "created_by": room.messages[at].user,
            "message": call.message(room, room.messages[at]),
        }
        for at in room.pins
        if not call.world.hides(room, room.messages[at])
    ]
    return {"items": items}


@method("bookmarks.list", "channel_id", "channel")
def bookmarks_list(call: Call) -> Answer:
    """Documented with `channel_id`; the web client sends `channel`."""
    room = call.conversation("channel_id" if call.params.has("channel_id") else "channel")
    marks = [
        {
            "id": mark.id,
            "channel_id": room.id,
            "title": mark.title,
            "link": mark.link,
            "emoji": "",
            "type": "link",
            "rank": f"{rank:02d}",
            "date_created": mark.created,
            "date_updated": 0,
        }
        for rank, mark in enumerate(room.bookmarks)
    ]
    return {"bookmarks": marks}
