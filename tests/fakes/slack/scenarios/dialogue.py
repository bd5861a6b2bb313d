"""A way to write conversations down as they read, and to let them happen in a workspace.

    @ 2026-09-02T09:14:00Z      what follows starts here, one line every 50 seconds or so
    mina: Good morning.         a message
    -> otto: Good morning.      a reply to the last message that is not a reply
    => otto: See you there.     a reply that is also sent to the channel
    :wave: otto lena            reactions to the line before
    ~ Good morning, all.        the line before was edited to this
    #ferry                      a label for the line before

Must not know: what is said.
"""

from __future__ import annotations

from fakes.slack import ts as timestamps
from fakes.slack.model import Message
from fakes.slack.world import Ref, Workspace

__all__ = ["tell"]

PACE = 50 * timestamps.MICRO + 137_211  # between two lines


class _Telling:
    """One conversation being told: where the clock stands, what was said last."""

    def __init__(self, world: Workspace, channel: str) -> None:
        self.world = world
        self.channel = world.conversation(channel).id
        self.at = world.now
        self.root: Message | None = None
        self.last: Message | None = None

    def line(self, line: str) -> None:
        mark, _, rest = line.partition(" ")
        if mark == "@":
            self.at = timestamps.from_iso(rest)
        elif mark == "~":
            self._edit(rest)
        elif mark.startswith(":"):
            self._react(mark.strip(":"), rest.split())
        elif mark.startswith("#"):
            self.world.labels[mark[1:]] = self._place(self.last)
        elif mark in ("->", "=>"):
            self._say(rest, thread=self._place(self.root), broadcast=mark == "=>")
        else:
            self.root = self._say(line)

    def _say(self, words: str, *, thread: Ref | None = None, broadcast: bool = False) -> Message:
        who, _, text = words.partition(": ")
        self.at += PACE
        self.last = self.world.post(self.channel, who, text, at=self.at, thread=thread, broadcast=broadcast)
        return self.last

    def _edit(self, text: str) -> None:
        self.at += PACE
        self.world.edit(self._place(self.last), text, at=self.at)

    def _react(self, name: str, people: list[str]) -> None:
        for person in people:
            self.world.react(self._place(self.last), person, name)

    def _place(self, message: Message | None) -> Ref:
        if message is None:
            raise ValueError("nothing was said yet")
        return Ref(self.channel, message.ts)


def tell(world: Workspace, channel: str, story: str) -> None:
    telling = _Telling(world, channel)
    for line in story.strip().splitlines():
        if line.strip():
            telling.line(line.strip())
