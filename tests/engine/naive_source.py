"""A source kept as simply as can be: a list of what happened. It shares nothing with the ledger, so that the two agree
only where both are right.

Pages and feeds are had by tokens alone, as at many a site: `page:120:3` goes on from position 120, `feed:7:3` after the
seventh event. The 3 tells one lot of tokens from another: `expire` ends all that were handed out before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

Claim = tuple[str | None, str]


@dataclass
class Item:
    room: str
    name: str
    position: int
    text: int = 0
    gone: bool = False


class NaiveSource:
    """Rooms of items. Every event is numbered, whichever room it is in."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.events: list[Item] = []
        self.made = 0
        self.age = 0

    # what its people do

    def post(self, room: str) -> None:
        """Above all that is there."""
        self._add(room, max((item.position for item in self.items), default=0) + 10)

    def come_late(self, room: str, nth: int) -> None:
        """Somewhere among what is there, or below it: from another server, an import, a queue."""
        taken = {item.position for item in self.items}
        wanted = 1 + nth * 7 % (max(taken, default=0) + 10)
        self._add(room, next(position for position in range(wanted, wanted + 1000) if position not in taken))

    def edit(self, room: str, nth: int) -> None:
        if (item := self._pick(room, nth)) is not None:
            item.text += 1
            self.events.append(item)

    def delete(self, room: str, nth: int) -> None:
        if (item := self._pick(room, nth)) is not None:
            item.gone = True
            self.events.append(item)

    def rename(self, room: str, to: str) -> None:
        """All of a room is in another one from now on; the feed does not tell of it."""
        for item in self.items:
            if item.room == room:
                item.room = to

    def expire(self) -> None:
        self.age += 1

    def _add(self, room: str, position: int) -> None:
        self.made += 1
        self.items.append(Item(room, f"i{self.made}", position))
        self.events.append(self.items[-1])

    def _pick(self, room: str, nth: int) -> Item | None:
        there = self.there(room)
        return there[nth % len(there)] if there else None

    # what a client can ask

    def there(self, room: str) -> list[Item]:
        return sorted(
            (item for item in self.items if item.room == room and not item.gone), key=lambda one: one.position
        )

    def takes(self, token: str) -> bool:
        return token.rsplit(":", maxsplit=1)[-1] == str(self.age)

    def older(self, room: str, token: str | None, size: int) -> tuple[list[Item], str | None]:
        """A page, newest first, from the top or below the token's place, and the token of the next one."""
        place = None if token is None else int(token.split(":")[1])
        below = [item for item in reversed(self.there(room)) if place is None or item.position < place]
        page = below[:size]
        return page, (f"page:{page[-1].position}:{self.age}" if len(below) > size else None)

    def newer(self, room: str, token: str | None, size: int) -> tuple[list[Item], str | None]:
        """A page, oldest first, from the bottom or above the token's place, and the token of the next one."""
        place = 0 if token is None else int(token.split(":")[1])
        above = [item for item in self.there(room) if item.position > place]
        page = above[:size]
        return page, (f"page:{page[-1].position}:{self.age}" if page else None)

    def head(self) -> str:
        return f"feed:{len(self.events)}:{self.age}"

    def feed(self, room: str | None, token: str, size: int) -> tuple[list[Item], str, bool]:
        """What happened since the token, in the order it happened; the token after it, and whether there is more."""
        since = int(token.split(":")[1])
        page = self.events[since : since + size]
        found = [item for item in page if room is None or item.room == room]
        return found, f"feed:{since + len(page)}:{self.age}", since + size < len(self.events)

    def told_after(self, token: str, item: Item) -> bool:
        """Whether the feed has yet to tell of it, for whoever has read up to this token."""
        return any(event is item for event in self.events[int(token.split(":")[1]) :])

    def lost(self, room: str, stored: Collection[str], claimed: Iterable[Claim], token: str | None) -> list[Item]:
        """What was claimed to be read of a room, is not among what is stored, and will not be told by the feed either,
        for whoever has read it up to this token (None: nobody reads it). A claim includes both its ends."""
        claims = [(int(since or 0), int(until)) for since, until in claimed]
        return [
            item
            for item in self.there(room)
            if item.name not in stored
            and any(since <= item.position <= until for since, until in claims)
            and not (token is not None and self.told_after(token, item))
        ]
