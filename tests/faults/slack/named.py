"""What a run names of the fake workspace, in the terms of the truth about it. Must not know: which faults there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from e2e.owner import Ran
from fakes.slack import Fault, truth
from fakes.slack.world import Workspace

__all__ = ["Names", "standing", "unread"]


def standing(ran: Ran) -> set[tuple[str, str, str]]:
    """What stands out: kind, key, reason."""
    return {(one["kind"], one["key"], one["reason"]) for one in ran.value["exceptions"]}


def unread(ran: Ran) -> set[str]:
    """Conversations of which something was not read."""
    told = [one.get("partitions", ()) for one in ran.value["diagnostics"] if one["code"] == "range_unproven"]
    return {key for keys in told for key in keys}


class Names:
    """By what a key of the truth can be named in one run."""

    def __init__(self, ran: Ran, world: Workspace, rules: Sequence[Fault]) -> None:
        found: list[Mapping[str, Any]] = ran.value["exceptions"]
        self._unread = unread(ran)
        self._records = {(one["stream"], one["key"]) for one in found if one["kind"] == "record"}
        self._groups = {(one["partition"], one["key"]) for one in found if one["kind"] == "group"}
        self._streams = {one.get("stream") for one in ran.value["diagnostics"]} - {"messages"}
        self._beside = {one["partition"] for one in found if '"beside ' in one["key"]}
        self._placeless = {rule.holding for rule in rules}
        self._said = truth.visible_messages(world)

    def holds(self, key: tuple[str, ...]) -> bool:
        """Whether a record that is not as it should be is named: itself, its thread, its conversation or its list."""
        stream, *parts = key
        if stream != "messages":
            return stream in self._streams or (stream, parts[0]) in self._records
        channel, ts = parts
        said = self._said.get((channel, ts))
        thread = None if said is None else said.thread_ts
        written = json.dumps([channel, ts], separators=(",", ":"))
        if ts in self._placeless and channel in self._beside:  # a message without a place is named by its neighbour
            return True
        return channel in self._unread or ("messages", written) in self._records or (channel, thread) in self._groups
