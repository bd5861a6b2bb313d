"""A polite connector over a sick source: walks what it is asked for, says by name what it could not read.

Owns: what it claimed, and what it met, each with the tick of its reading. Must not know: what the host makes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from faults.scripted.sickness import Sickness
from faults.scripted.world import World, key_of
from ledger.source import GoneError, Page, Shown, within
from playbooks import AT, coverage, done, inventory, looked, skip, state
from polyhost.connectors.scripted import FLUSH, Said, ScriptHost

__all__ = ["Claim", "Fact", "Met", "Walker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A range that was said to be read. `below`: the head of the page before, which this page did not read again."""

    partition: str
    since: str | None
    until: str
    groups: frozenset[str]
    heads: frozenset[str]
    below: str | None
    limited_before: str | None
    read_at: int

    def tells_of(self, position: str, *, is_head: bool) -> bool:
        """Whether it says that a record at this position is as it was read: a member only where its group was read,
        or its head was not there. Of what is hidden it says nothing."""
        since = self.limited_before or self.since
        if not within(position, since, self.until) or position == self.below:
            return False
        return is_head or position in self.groups or position not in self.heads


@dataclass(frozen=True, slots=True)
class Met:
    """Something that could not be taken."""

    kind: str
    partition: str | None
    key: str
    at: int


Fact = Claim | Met | asyncio.Event
"""What a message means; an event is set once it is acknowledged."""


@dataclass(slots=True)
class Walker:
    """One run's connector. `disturb` is called at each page: the source may change underneath."""

    world: World
    sick: Sickness
    page_size: int
    disturb: Callable[[], None] = lambda: None
    told: dict[int, list[Fact]] = field(default_factory=dict[int, list[Fact]])
    """What a message means, by its identity: it counts once its batch is acknowledged."""
    kept: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    failed: set[str] = field(default_factory=set[str])
    finished: set[str] = field(default_factory=set[str])
    requests: int = 0

    async def script(self, host: ScriptHost) -> AsyncGenerator[Said]:
        """From START to DONE."""
        records = host.start.get("resume", {}).get("records_emitted", 0)
        async for message in self._messages(host):
            records += isinstance(message, dict) and message["type"] == "RECORD"
            yield message
        yield done(records)

    async def _messages(self, host: ScriptHost) -> AsyncGenerator[Said]:
        scope = {entry["name"]: entry for entry in host.start["scope"]["streams"]}
        if "people" in scope:
            for message in self._people():
                yield message
        wanted = scope["messages"].get("resources")
        names = self.world.source.listed()
        if self.sick.inventory_breaks:
            names = names[: len(names) // 2]
        listed, settled = inventory("messages", *names, complete=not self.sick.inventory_breaks), asyncio.Event()
        yield self._tells(listed, settled)
        yield FLUSH
        await settled.wait()  # as the SDK does: `windows` speaks of what the ledger knows
        for name in names:
            if wanted is not None and name not in wanted:
                continue
            try:
                async for message in self._partition(host, name):
                    yield message
            except GoneError as gone:
                self.failed.add(name)
                yield skip("messages", str(gone), resources=[name])
            else:
                self.finished.add(name)

    def _people(self) -> list[dict[str, Any]]:
        self.requests += 1
        if self.sick.people_break:
            return [skip("people")]
        told = [looked("people")]
        for key, edits in self.world.people.items():
            told.append(self._record("people", key, {"id": key, "text": f"person {edits}"}, None, key))
        return [*told, state("people", {"tick": self.world.source.tick})]

    async def _partition(self, host: ScriptHost, name: str) -> AsyncGenerator[Said]:
        reason, pages = self.sick.partitions.get(name, ("", 10_000))
        for window in await host.windows("messages", name):
            until, below, more = window["until"] or self.world.source.now(), None, True
            while more:
                if pages <= 0:
                    raise GoneError(reason)
                pages -= 1
                self.disturb()
                read_at, page = self.world.source.tick, self._page(name, window["since"], until, below)
                groups: set[str] = set()
                for head, shown in page.heads:
                    async for message in self._head(host, name, head, shown, groups, deep=window["deep"]):
                        yield message
                more = page.more
                since = page.heads[-1][0] if more else window["since"]
                yield self._claim(name, since, until, page, groups, read_at, below)
                if since is not None:
                    until = below = since

    def _page(self, name: str, since: str | None, until: str, below: str | None) -> Page:
        self.requests += 1
        try:
            return self.world.source.page(name, since, until, self.page_size, below)
        except GoneError:
            raise GoneError("channel_not_found") from None

    async def _head(
        self, host: ScriptHost, name: str, head: str, shown: Shown, groups: set[str], *, deep: bool
    ) -> AsyncGenerator[Said]:
        text = "/".join(str(part) for part in shown)
        yield self._message(name, head, text, None)
        if not deep:
            known = (await host.groups("messages", name, [head])).get(head, {"count": 0, "latest": None})
            if (known["count"], known["latest"]) == shown[1:]:
                return
        if shown[1]:
            self.requests += 1
            if (name, head) in self.sick.groups:
                yield self._group_exception(name, head)
                return
            for member in self._members(name, head):
                yield member
        groups.add(head)

    def _members(self, name: str, head: str) -> list[dict[str, Any]]:
        try:
            members = self.world.source.members(name, head)
        except GoneError:
            raise GoneError("channel_not_found") from None
        return [self._message(name, one.cursor, str(one.text), head) for one in members]

    def _message(self, name: str, cursor: str, text: str, head: str | None) -> dict[str, Any]:
        key = key_of(name, cursor)
        data = {"id": key, "channel": name, "ts": cursor, "text": text, "thread": head}
        return self._record("messages", key, data, name, head or cursor)

    def _record(self, stream: str, key: str, data: dict[str, Any], name: str | None, place: str) -> dict[str, Any]:
        shape = self.sick.records.get(key)
        if shape == "unmappable":
            told = {"type": "EXCEPTION", "stream": stream, "kind": "record", "key": key, "reason": "unmappable"}
            if name is not None:
                told |= {"partition": name, "position": place, "member": data["thread"] is not None}
            return self._tells(told, Met("record", name, key, self.world.source.tick))
        message = {"type": "RECORD", "stream": stream, "key": key, "emitted_at": AT, "data": self.sick.bend(key, data)}
        message = self.sick.bend_record(message)
        return message if shape is None else self._tells(message, Met("record", name, key, self.world.source.tick))

    def _group_exception(self, name: str, head: str) -> dict[str, Any]:
        reason = self.sick.groups[name, head]
        told = {"type": "EXCEPTION", "stream": "messages", "kind": "group", "key": head, "partition": name}
        return self._tells({**told, "reason": reason}, Met("group", name, head, self.world.source.tick))

    def _claim(
        self, name: str, since: str | None, until: str, page: Page, groups: set[str], read_at: int, below: str | None
    ) -> dict[str, Any]:
        limit = None
        if not page.more and page.horizon is not None and not within(since or "0", page.horizon, None):
            limit = page.horizon
        more = {"groups": sorted(groups), **({} if limit is None else {"limited_before": limit})}
        claim = Claim(
            partition=name,
            since=since,
            until=until,
            groups=frozenset(groups),
            heads=frozenset(head for head, _ in page.heads),
            below=below,
            limited_before=limit,
            read_at=read_at,
        )
        return self._tells(coverage("messages", name, since, until, **more), claim)

    def _tells(self, message: dict[str, Any], fact: Fact) -> dict[str, Any]:
        self.told.setdefault(id(message), []).append(fact)
        self.kept.append(message)  # an identity counts only while its object lives
        return message
