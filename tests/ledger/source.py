"""A source to collect from, small and exact: partitions of heads and members that change in every way a site can.

Positions are decimal cursors. Every event takes the next tick; a record remembers the tick it appeared at, which is not
its cursor: history can be filled in behind everyone's back. Pages come newest first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from polyhost.ledger.cursor import sort_key
from polyhost.ledger.state import CursorOrder


def key(cursor: str) -> str:
    return sort_key(cursor, CursorOrder.DECIMAL)


def within(position: str, since: str | None, until: str | None) -> bool:
    return (since is None or key(since) <= key(position)) and (until is None or key(position) <= key(until))


@dataclass
class Message:
    cursor: str
    appeared: int
    text: int = 0


@dataclass
class Head(Message):
    members: dict[str, Message] = field(default_factory=dict)

    def shown(self) -> Shown:
        return (self.text, len(self.members), max(self.members, key=key, default=None))


@dataclass
class Partition:
    heads: dict[str, Head] = field(default_factory=dict)
    present: bool = True
    horizon: str | None = None
    over: bool = False
    """Deleted, or gone on under another name."""
    became: str | None = None
    hidden: list[tuple[str | None, str]] = field(default_factory=list)
    """Stretches that are hidden, their ends not."""

    past: set[str] = field(default_factory=set)
    """Cursors of heads that were deleted: none of them comes again, from wherever."""

    def conceals(self, cursor: str) -> bool:
        return any(key(since or "0.0") < key(cursor) < key(until) for since, until in self.hidden)

    def visible(self) -> list[Head]:
        """Oldest first."""
        above = (head for head in self.heads.values() if within(head.cursor, self.horizon, None))
        shown = (head for head in above if not self.conceals(head.cursor))
        return sorted(shown, key=lambda head: key(head.cursor))

    def hides(self) -> bool:
        return any(not within(cursor, self.horizon, None) for cursor in self.heads)


Shown = tuple[int, int, str | None]
"""What the source says of a head: its text, how many members, the latest of them."""


@dataclass(frozen=True)
class Page:
    """A page as it was when it was fetched."""

    heads: list[tuple[str, Shown]]
    more: bool
    horizon: str | None
    hidden: list[tuple[str | None, str]] = field(default_factory=list)


class GoneError(Exception):
    """The partition cannot be read."""


class Source:
    def __init__(self) -> None:
        self.tick = 0
        self.partitions: dict[str, Partition] = {}

    def now(self) -> str:
        """The source's clock, as a cursor: everything posted from here on is later."""
        return f"{self.tick}.000001"

    def _next(self) -> str:
        self.tick += 1
        return f"{self.tick}.000000"

    # what its people do
    def appear(self, name: str, history: int) -> None:
        """A partition turns up with old messages in it."""
        self._next()
        old = {f"0.{index:06}": Head(f"0.{index:06}", self.tick) for index in range(1, history + 1)}
        self.partitions[name] = Partition(old)

    def post(self, name: str) -> None:
        cursor = self._next()
        self.partitions[name].heads[cursor] = Head(cursor, self.tick)

    def fill_in(self, name: str, gap: int) -> None:
        """A message with an old time, between what was there."""
        self._next()
        cursor = f"{gap % self.tick}.{500000 + self.tick:06}"
        self.partitions[name].heads[cursor] = Head(cursor, self.tick)

    def reply(self, name: str, nth: int) -> None:
        cursor, head = self._next(), self._nth(name, nth)
        if head is not None:
            head.members[cursor] = Message(cursor, self.tick)

    def edit(self, name: str, nth: int, member: int | None) -> None:
        self._next()
        message = self._pick(name, nth, member)
        if message is not None:
            message.text += 1

    def delete(self, name: str, nth: int, member: int | None) -> None:
        self._next()
        head, message = self._nth(name, nth), self._pick(name, nth, member)
        if head is message and head is not None:
            del self.partitions[name].heads[head.cursor]
            self.partitions[name].past.add(head.cursor)
        elif head is not None and message is not None:
            del head.members[message.cursor]

    def leave(self, name: str) -> None:
        self._next()
        self.partitions[name].present = False

    def come_back(self, name: str) -> None:
        self._next()
        self._be_there(self.partitions[name])

    def _be_there(self, partition: Partition) -> None:
        partition.present, partition.over, partition.became = True, False, None

    def end(self, name: str) -> None:
        """Its people delete the partition itself."""
        self._next()
        partition = self.partitions[name]
        partition.present, partition.over, partition.became = False, True, None

    def become(self, name: str, other: str) -> None:
        """It is renamed, or merged into another one; what was in it turns up there."""
        if name == other:
            return
        self._next()
        old, new = self.partitions[name], self.partitions.setdefault(other, Partition())
        self._be_there(new)
        fresh = old.heads.keys() - new.heads.keys() - new.past
        new.heads |= {cursor: self._moved(old.heads[cursor]) for cursor in sorted(fresh)}
        old.present, old.over, old.became = False, True, other

    def _moved(self, head: Head) -> Head:
        members = {one.cursor: Message(one.cursor, self.tick, one.text) for one in head.members.values()}
        return Head(head.cursor, self.tick, head.text, members)

    def move_horizon(self, name: str, nth: int) -> None:
        """Hide what is older than some head, but never show again what was hidden."""
        self._next()
        head, partition = self._nth(name, nth), self.partitions[name]
        if head is not None and within(head.cursor, partition.horizon, None):
            partition.horizon = head.cursor

    def hide_everything(self, name: str) -> None:
        """A plan that lapses long after the last word."""
        self._next()
        self.partitions[name].horizon = self.now()

    def lift_horizon(self, name: str) -> None:
        self._next()
        self.partitions[name].horizon = None

    def hide(self, name: str, low: int, high: int) -> None:
        """A stretch between two heads that are shown, or from the beginning to one."""
        self._next()
        partition = self.partitions[name]
        shown = [head.cursor for head in partition.visible()]
        if shown:
            first, last = low % (len(shown) + 1) - 1, high % len(shown)
            if first < last:
                partition.hidden.append((None if first < 0 else shown[first], shown[last]))

    def show(self, name: str) -> None:
        self._next()
        self.partitions[name].hidden.clear()

    def _nth(self, name: str, nth: int) -> Head | None:
        heads = list(self.partitions[name].heads.values())
        return heads[nth % len(heads)] if heads else None

    def _pick(self, name: str, nth: int, member: int | None) -> Message | None:
        head = self._nth(name, nth)
        if head is None or member is None or not head.members:
            return head
        members = list(head.members.values())
        return members[member % len(members)]

    # what a client can ask
    def listed(self) -> list[str]:
        return sorted(name for name, partition in self.partitions.items() if partition.present)

    def over(self) -> dict[str, str | None]:
        """What it says of those that are not there any more: what they became, None where they were deleted."""
        return {name: partition.became for name, partition in self.partitions.items() if partition.over}

    def page(self, name: str, since: str | None, until: str, limit: int, below: str | None) -> Page:
        """Heads in [since, until], newest first; the next page is what lies below the last one."""
        partition = self._open(name)
        visible = reversed(partition.visible())
        found = [
            (head.cursor, head.shown())
            for head in visible
            if within(head.cursor, since, until) and (below is None or key(head.cursor) < key(below))
        ]
        horizon = partition.horizon if partition.hides() else None
        return Page(found[:limit], len(found) > limit, horizon, [*partition.hidden])

    def members(self, name: str, head: str) -> list[Message]:
        """The members of a head; none where the head is gone meanwhile."""
        found = self._open(name).heads.get(head)
        return [] if found is None else list(found.members.values())

    def _open(self, name: str) -> Partition:
        partition = self.partitions[name]
        if not partition.present:
            raise GoneError(name)
        return partition
