"""The fake workspace as the export Slack would make of it: index files, a folder per conversation, a file per day.

Written from the same world the API answers from, so that a test can hold an import against a live collection. Must not
know: how an export is read.
"""

from __future__ import annotations

import json
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fakes.slack import truth, wire
from fakes.slack.behaviour import Behaviour
from fakes.slack.model import Conversation, File, Message
from fakes.slack.world import Workspace

__all__ = ["SECRET", "export_files", "held_files", "write_export"]

SECRET = "xoxe-1-2-3-0123456789abcdef"
"""What an export's links carry, and what must never be stored."""
_INDEX = ("channels", "groups", "dms", "mpims")


def write_export(world: Workspace, path: Path, *, with_files: bool = False, **options: Any) -> Path:
    """The export as a ZIP. `with_files`: the shared files are in it too, as in exports that tools make. Options as for
    `export_files`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in export_files(world, **options).items():
            archive.writestr(name, content)
        for file in held_files(world) if with_files else ():
            archive.writestr(f"{options.get('top', '')}__uploads/{file.id}/{file.name}", file.content)
    return path


def held_files(world: Workspace) -> list[File]:
    """Files that such an export holds: shared where its maker sees it, and not gone."""
    rooms = truth.visible_conversations(world).values()
    shared = {name for room in rooms for message in room.messages.values() for name in message.files}
    return [file for file in world.files.values() if file.id in shared and not file.deleted]


def export_files(
    world: Workspace, *, top: str = "", with_replies: bool = True, with_counts: bool = True, until: str | None = None
) -> dict[str, str]:
    """Every file by its name. `until`: days from this one on are left out. `with_replies` and `with_counts`: what newer
    exports leave out of a thread's root."""
    rooms = truth.visible_conversations(world)
    said: dict[str, str] = {}
    index: dict[str, list[dict[str, Any]]] = {name: [] for name in _INDEX}
    for room in rooms.values():
        index[_kind(room)].append(_conversation(world, room))
        days: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for message in _messages(room):
            day = f"{datetime.fromtimestamp(message.at / 1_000_000, UTC):%Y-%m-%d}"
            if until is None or day < until:
                days[day].append(_message(world, room, message, with_replies=with_replies, with_counts=with_counts))
        folder = room.id if room.kind == "im" else room.name
        said |= {f"{folder}/{day}.json": json.dumps(messages) for day, messages in days.items()}
    people = [wire.user(world, one) for one in world.users.values()]
    lists = {f"{name}.json": json.dumps(rows) for name, rows in [*index.items(), ("users", people)]}
    return {top + name: content for name, content in (lists | said).items()}


def _kind(room: Conversation) -> str:
    if room.kind == "im":
        return "dms"
    if room.kind == "mpim":
        return "mpims"
    return "groups" if room.is_private else "channels"


def _conversation(world: Workspace, room: Conversation) -> dict[str, Any]:
    if room.kind == "im":
        return {"id": room.id, "created": room.created, "members": list(room.members)}
    shown = wire.channel(world, room, world.account)
    kept = ("id", "name", "created", "creator", "is_archived", "is_general", "topic", "purpose")
    return {name: shown[name] for name in kept} | {"members": list(room.members)}


def _messages(room: Conversation) -> Iterator[Message]:
    for at in sorted(room.messages):
        yield room.messages[at]


def _message(
    world: Workspace, room: Conversation, said: Message, *, with_replies: bool, with_counts: bool
) -> dict[str, Any]:
    shape = wire.message(world, room, said, world.account, Behaviour())
    for name in ("subscribed", "last_read", "root"):
        shape.pop(name, None)
    if not with_counts:
        for name in ("reply_count", "latest_reply", "reply_users", "reply_users_count"):
            shape.pop(name, None)
    for file in shape.get("files", ()):
        for link in ("url_private", "url_private_download", "permalink"):
            if link in file:
                file[link] += f"?t={SECRET}"
    if with_replies and room.replies(said.at):
        shape["replies"] = [{"user": one.user, "ts": one.ts} for one in room.replies(said.at)]
    return shape | {
        "user_team": world.team_id,
        "source_team": world.team_id,
        "user_profile": {"name": said.user, "real_name": said.user},
    }
