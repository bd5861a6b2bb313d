"""Comparing what was collected with what the server knows to be true, record by record."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from fakes.slack import truth
from fakes.slack.truth import Said
from fakes.slack.world import Workspace
from polyfills.slack.host import Home


def difference(home: Home, world: Workspace) -> dict[str, tuple[Any, Any]]:
    """Everything that is not as it should be, by key: (collected, true). Empty: the store equals the truth.

    What the account can no longer see is left out: its last state is kept, and nobody can say what is true of it.
    """
    pairs = {
        **_pairs("messages", _collected_messages(home, world), _true_messages(world)),
        **_pairs("channels", _collected_channels(home, world), _true_channels(world)),
        **_pairs("users", _collected_users(home), _true_users(world)),
    }
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _pairs(stream: str, collected: dict[str, Any], true: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {f"{stream} {key}": (collected.get(key), true.get(key)) for key in collected.keys() | true.keys()}


def _true_messages(world: Workspace) -> dict[str, Any]:
    """A tombstone is a deleted message: it is not a record, though its replies are."""
    said = truth.visible_messages(world)
    return {f"{channel}/{ts}": _as_record(one) for (channel, ts), one in said.items() if not one.is_tombstone}


def _as_record(said: Said) -> dict[str, Any]:
    fields = asdict(said)
    return fields | {"reactions": [list(pair) for pair in said.reactions], "files": list(said.files)}


def _collected_messages(home: Home, world: Workspace) -> dict[str, Any]:
    visible = truth.visible_conversations(world)
    found: dict[str, Any] = {}
    for key, data in home.live("messages").items():
        channel, ts = json.loads(key)
        room = visible.get(channel)
        if room is None or (home.states[channel].limited_before or "") > (data["thread_ts"] or ts):
            continue
        kept = {name: data[name] for name in Said.__slots__}
        kept["reactions"] = [[one["name"], one["count"]] for one in data["reactions"]]
        kept["files"] = [file["id"] for file in data["files"]]
        found[f"{channel}/{ts}"] = kept
    return found


def _true_channels(world: Workspace) -> dict[str, Any]:
    return {
        room.id: {
            "name": None if room.kind == "im" else room.name,
            "is_archived": room.is_archived,
            "topic": room.topic or None,
            "purpose": room.purpose or None,
            "previous_names": room.previous_names if room.kind != "im" else [],
            "is_private": room.is_private,
        }
        for room in truth.visible_conversations(world).values()
    }


def _collected_channels(home: Home, world: Workspace) -> dict[str, Any]:
    visible = truth.visible_conversations(world)
    names = ("name", "is_archived", "topic", "purpose", "previous_names", "is_private")
    return {key: {name: data[name] for name in names} for key, data in home.live("channels").items() if key in visible}


def _true_users(world: Workspace) -> dict[str, Any]:
    people = truth.visible_users(world)
    return {
        one.id: {"name": one.name, "real_name": one.real_name, "deleted": one.deleted, "is_bot": one.is_bot}
        for one in people.values()
    }


def _collected_users(home: Home) -> dict[str, Any]:
    names = ("name", "real_name", "deleted", "is_bot")
    return {key: {name: data[name] for name in names} for key, data in home.live("users").items()}
