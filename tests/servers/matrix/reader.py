"""What an account may read, by matrix-nio: run by the interpreter of .venv-servers, it prints JSON.

    .venv-servers/bin/python reader.py URL USER TOKEN [--files]

Nothing here is imported by the project, and nothing of the project is imported here: the truth that the polyfill is
held to is somebody else's reading. What an event reads as now is worked out from the events alone, without what the
server says of them.
"""

import asyncio
import hashlib
import json
import sys

from nio import AsyncClient, MessageDirection, RoomMessagesResponse, SyncResponse

FILTER = {
    "presence": {"types": []},
    "room": {
        "include_leave": True,
        "ephemeral": {"types": []},
        "timeline": {"limit": 1, "not_senders": ["@%d:nobody"]},
    },
}


async def read(url, user, token, nonce, files):
    client = AsyncClient(url, user)
    client.restore_login(user, "READER", token)
    try:
        fresh = json.loads(
            json.dumps(FILTER).replace("%d", str(nonce))
        )  # a filter of its own: an older answer is not wanted
        first = await client.sync(timeout=0, sync_filter=fresh, full_state=True)
        assert isinstance(first, SyncResponse), first
        rooms = {}
        for membership, some in (("join", first.rooms.join), ("leave", first.rooms.leave)):
            for room in some:
                told = await room_of(client, room, membership, user)
                if told is not None:
                    rooms[room] = told
        if files:
            await fetch(client, rooms)
        return {"rooms": rooms}
    finally:
        await client.close()


async def room_of(client, room, membership, user):
    events = await history(client, room)
    if events is None:
        return None
    state = {}
    for event in reversed(events):
        if "state_key" in event:
            state[(event["type"], event["state_key"])] = event
    own = state.get(("m.room.member", user), {})
    if membership == "leave":
        content = own.get("content", {})
        kicked = content.get("membership") == "leave" and own.get("sender") != user
        membership = "kicked" if kicked else content.get("membership", "leave")
    answer = await client.room_get_state(room)
    now = {(one["type"], one["state_key"]): one for one in getattr(answer, "events", [])} or state
    return {
        "membership": membership,
        "name": now.get(("m.room.name", ""), {}).get("content", {}).get("name"),
        "topic": now.get(("m.room.topic", ""), {}).get("content", {}).get("topic"),
        "became": now.get(("m.room.tombstone", ""), {}).get("content", {}).get("replacement_room"),
        "members": {
            key: one["content"].get("membership") for (kind, key), one in now.items() if kind == "m.room.member"
        },
        "events": {event["event_id"]: reads_as(event, events) for event in events},
    }


async def history(client, room):
    """Newest first; None of a room that shows the account nothing, for it is under a ban."""
    found, start = [], ""
    while True:
        page = await client.room_messages(room, start, direction=MessageDirection.back, limit=100)
        if getattr(page, "status_code", None) == "M_FORBIDDEN":
            return None
        assert isinstance(page, RoomMessagesResponse), page
        found += [event.source for event in page.chunk]
        if not page.end or page.end == start:
            return found
        start = page.end


def reads_as(event, events):
    content, unsigned = event["content"], event.get("unsigned", {})
    relation = content.get("m.relates_to", {})
    edits = [
        one
        for one in events
        if one["content"].get("m.relates_to", {}).get("rel_type") == "m.replace"
        and one["content"]["m.relates_to"].get("event_id") == event["event_id"]
        and one["sender"] == event["sender"]
        and one["type"] == event["type"]
    ]
    latest = max(edits, key=lambda one: (one["origin_server_ts"], one["event_id"]), default=None)
    text = content.get("body")
    if relation.get("rel_type") == "m.replace":
        text = content["m.new_content"]["body"]
    elif latest is not None and "body" in content:
        text = latest["content"]["m.new_content"]["body"]
    elif event["type"] == "m.reaction":
        text = relation.get("key")
    elif event["type"] == "m.room.redaction":
        text = content.get("reason")
    elif event["type"] in ("m.room.name", "m.room.topic"):
        text = content.get(event["type"].rpartition(".")[2])
    return {
        "sender": event["sender"],
        "type": event["type"],
        "ts": event["origin_server_ts"],
        "text": text,
        "thread": relation.get("event_id") if relation.get("rel_type") == "m.thread" else None,
        "about": relation.get("event_id") if relation.get("rel_type") in ("m.replace", "m.annotation") else None,
        "redacted_by": unsigned.get("redacted_because", {}).get("event_id"),
        "mxc": content.get("url") if event["type"] == "m.room.message" else None,
    }


async def fetch(client, rooms):
    for room in rooms.values():
        for event in room["events"].values():
            if event["mxc"]:
                got = await client.download(event["mxc"])
                event["digest"] = hashlib.sha256(got.body).hexdigest() if hasattr(got, "body") else None


if __name__ == "__main__":
    *words, last = sys.argv[1:]
    print(json.dumps(asyncio.run(read(*words[:4], last == "files"))))
