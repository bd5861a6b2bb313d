"""Slack's JSON shapes: a conversation, a message, a person, a file, as one signed-in account gets to see them.

Must not know: parameters, paging, HTTP.
"""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

from fakes.slack import ts as timestamps
from fakes.slack.behaviour import Behaviour
from fakes.slack.model import Conversation, File, Message, User
from fakes.slack.world import SLACKBOT, Workspace

__all__ = ["channel", "file", "latest_at", "message", "team", "user"]

_MESSAGE_IDS = uuid.UUID("6c6f6361-6c00-4000-8000-000000000000")  # name space of made-up client_msg_id values

_NOT_IN_URLS = re.compile(r"[^A-Za-z0-9._-]")

Json = dict[str, Any]


def team(world: Workspace) -> Json:
    return {
        "id": world.team_id,
        "name": world.name,
        "domain": world.domain,
        "url": f"https://{world.domain}.slack.com/",
        "email_domain": f"{world.domain}.example",
        "icon": {"image_default": True},
        "plan": world.plan,
    }


def latest_at(world: Workspace, room: Conversation) -> str:
    """The newest message history would show, or Slack's zero where there is none."""
    for at in reversed(room.timeline):
        if not world.hides(room, room.messages[at]):
            return timestamps.text(at)
    return timestamps.NEVER


def channel(world: Workspace, room: Conversation, viewer: str, *, num_members: bool = False) -> Json:
    base: Json = {
        "id": room.id,
        "created": room.created,
        "is_im": room.kind == "im",
        "is_mpim": room.kind == "mpim",
        "is_archived": room.is_archived,
        "context_team_id": world.team_id,
        "updated": room.updated,
        "is_org_shared": False,
    }
    if viewer in room.members:
        base["last_read"] = timestamps.text(room.last_read.get(viewer, 0))
    if room.kind == "im":
        other = next((member for member in room.members if member != viewer), viewer)
        base |= {
            "user": other,
            "is_user_deleted": world.users[other].deleted,
            "is_open": viewer not in room.closed_for,
            "priority": 0,
        }
    else:
        base |= _named(world, room, viewer)
    if num_members:
        base["num_members"] = len(room.members)
    return base


def _named(world: Workspace, room: Conversation, viewer: str) -> Json:
    shape: Json = {
        "name": room.name,
        "name_normalized": room.name,
        "creator": room.creator,
        "is_channel": room.kind == "channel" and not room.id.startswith("G"),
        "is_group": room.id.startswith("G"),
        "is_private": room.is_private,
        "is_general": room.is_general,
        "is_member": viewer in room.members,
        "is_shared": room.is_ext_shared,
        "is_ext_shared": room.is_ext_shared,
        "is_pending_ext_shared": False,
        "unlinked": 0,
        "previous_names": list(room.previous_names),
        "topic": {
            "value": room.topic,
            "creator": room.creator if room.topic else "",
            "last_set": room.created if room.topic else 0,
        },
        "purpose": {
            "value": room.purpose,
            "creator": room.creator if room.purpose else "",
            "last_set": room.created if room.purpose else 0,
        },
    }
    if room.kind == "mpim":
        shape |= {"is_open": viewer not in room.closed_for, "members": list(room.members)}
    return shape


def user(world: Workspace, person: User) -> Json:
    shape: Json = {
        "id": person.id,
        "team_id": world.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "updated": person.updated,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "profile": {
            "title": person.title,
            "real_name": person.real_name,
            "display_name": person.name,
            "real_name_normalized": person.real_name,
            "email": person.email,
            "team": world.team_id,
            **({"bot_id": person.bot_id} if person.bot_id else {}),
        },
    }
    if person.deleted:
        return shape
    return shape | {
        "real_name": person.real_name,
        "color": "9f69e7",
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "is_admin": person.is_admin,
        "is_owner": person.is_admin,
        "is_restricted": False,
        "is_ultra_restricted": False,
    }


def file(world: Workspace, shared: File) -> Json:
    if shared.deleted:
        return {"id": shared.id, "created": 0, "timestamp": 0, "mode": "tombstone"}
    if shared.created * timestamps.MICRO < world.horizon:
        return {"id": shared.id, "mode": "hidden_by_limit"}
    private = f"https://files.slack.com/files-pri/{world.team_id}-{shared.id}"
    name = _NOT_IN_URLS.sub("_", shared.name).strip(".") or "file"
    return {
        "id": shared.id,
        "created": shared.created,
        "timestamp": shared.created,
        "name": shared.name,
        "title": shared.title,
        "mimetype": shared.mimetype,
        "filetype": shared.filetype,
        "pretty_type": shared.filetype.upper(),
        "user": shared.user,
        "user_team": world.team_id,
        "mode": shared.mode,
        "is_external": False,
        "is_public": any(not world.conversations[room].is_private for room in shared.channels),
        "size": len(shared.content),
        "url_private": f"{private}/{name}",
        "url_private_download": f"{private}/download/{name}",
        "permalink": f"https://{world.domain}.slack.com/files/{shared.user}/{shared.id}/{shared.name}",
        "channels": [room for room in shared.channels if room.startswith("C")],
        "groups": [room for room in shared.channels if room.startswith("G")],
        "ims": [room for room in shared.channels if room.startswith("D")],
        "file_access": "visible",
    }


def message(world: Workspace, room: Conversation, said: Message, viewer: str, behaviour: Behaviour) -> Json:
    shape: Json = {"type": "message", "ts": said.ts, "user": said.user, "text": said.text, "team": world.team_id}
    if said.subtype:
        shape["subtype"] = said.subtype
    if said.subtype in (None, "thread_broadcast", "me_message") and "bot_id" not in said.extra:
        shape["client_msg_id"] = str(uuid.uuid5(_MESSAGE_IDS, f"{room.id}/{said.ts}"))
    if said.subtype in (None, "thread_broadcast") and said.text:
        shape["blocks"] = [_rich_text(said)]
    if said.files:
        shape |= {"files": [file(world, world.files[name]) for name in said.files], "upload": True}
    if said.reactions:
        cap = behaviour.reaction_users_cap
        shape["reactions"] = [{"name": r.name, "users": r.users[:cap], "count": len(r.users)} for r in said.reactions]
    if said.edited:
        shape["edited"] = {"user": said.edited[0], "ts": f"{said.edited[1] // timestamps.MICRO}.000000"}
    if said.at in room.pins:
        shape["pinned_to"] = [room.id]
    shape |= _bot(world, said) | said.extra
    return shape | _thread(world, room, said, viewer, behaviour)


def _bot(world: Workspace, said: Message) -> Json:
    bot_id = said.extra.get("bot_id")
    if not bot_id:
        return {}
    return {
        "bot_profile": {
            "id": bot_id,
            "name": world.users[said.user].real_name,
            "deleted": False,
            "team_id": world.team_id,
        }
    }


def _rich_text(said: Message) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": html.unescape(said.text)}]}
    return {"type": "rich_text", "block_id": f"b{said.at % timestamps.MICRO:06d}", "elements": [section]}


def _thread(world: Workspace, room: Conversation, said: Message, viewer: str, behaviour: Behaviour) -> Json:
    if said.is_reply and said.thread is not None:
        root = room.messages[said.thread]
        shape: Json = {"thread_ts": root.ts, "parent_user_id": root.user}
        if said.broadcast and not world.hides(room, root):
            shape["root"] = message(world, room, root, viewer, behaviour)
        return shape
    if said.at not in room.threads:
        return {}
    replies = room.replies(said.at)
    people = list(dict.fromkeys(reply.user for reply in replies))
    shape = {
        "thread_ts": said.ts,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts if replies else timestamps.NEVER,
        "reply_users": people[: behaviour.reply_users_cap],
        "is_locked": False,
        "subscribed": viewer == said.user or viewer in people,
    }
    if said.is_tombstone:
        shape |= {"hidden": True, "parent_user_id": SLACKBOT}
    return shape
