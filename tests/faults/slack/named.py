"""What a run names of the fake workspace, in the terms of the truth about it. Must not know: which faults there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from e2e.owner import Ran
from fakes.slack import Fault, truth
from fakes.slack.truth import Said
from fakes.slack.world import Workspace

__all__ = ["Names", "standing", "unread"]

Pair = tuple[Any, Any]
"""What is stored and what is true; None where there is nothing."""


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
        self._said = truth.visible_messages(world)
        placeless = {rule.holding for rule in rules}
        self._stretches = {key: self._stretch(*key) for key in self._said if key[1] in placeless}

    def holds(self, key: tuple[str, ...], pair: Pair) -> bool:
        """Whether a record that is not as it should be is named: itself, its thread, its conversation or its list. What
        is stored and gone at the source too: the thread that could not be read, the stretch that was not proven."""
        stream, *parts = key
        if stream != "messages":
            return stream in self._streams or (stream, parts[0]) in self._records
        channel, ts = parts
        written = json.dumps([channel, ts], separators=(",", ":"))
        threads = {(channel, one.thread_ts) for one in (self._said.get((channel, ts)), *pair) if isinstance(one, Said)}
        if channel in self._unread or ("messages", written) in self._records or threads & self._groups:
            return True
        if channel not in self._beside:
            return False
        # A message without a place is named by its neighbour; it may be any that is stored between the two beside it.
        return (channel, ts) in self._stretches or (pair[1] is None and self._is_unproven(channel, pair[0]))

    def _is_unproven(self, channel: str, stored: Said) -> bool:
        position = stored.thread_ts or stored.ts
        return any(low < position < high for (room, _), (low, high) in self._stretches.items() if room == channel)

    def _stretch(self, channel: str, ts: str) -> tuple[str, str]:
        """From the message below one without a place to the one above it."""
        around = [key[1] for key, said in self._said.items() if key[0] == channel and said.thread_ts in (None, said.ts)]
        below, above = [one for one in around if one < ts], [one for one in around if one > ts]
        return max(below, default=""), min(above, default="9")
