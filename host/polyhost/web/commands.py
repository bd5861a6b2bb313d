"""What an owner is told to type, as something to press: the dashboard's way of doing the same.

Owns: which commands have a button or a page here. Must not know: why a command is advised; what has neither is shown to
be copied.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

__all__ = ["WebAction", "web_action"]


@dataclass(frozen=True, slots=True)
class WebAction:
    """`kind`: `link` to `href`, or a `post` of `body` to `href`. `label`: what it says."""

    kind: Literal["link", "post"]
    label: str
    href: str
    body: str = "{}"


def web_action(command: str) -> WebAction | None:
    """The same as a button or a link; None where only a terminal will do."""
    match shlex.split(command):
        case ["polyhost", "run", name]:
            return WebAction("post", "Run now", f"/v1/connections/{quote(name, safe='')}/runs")
        case ["polyhost", "runs", _]:
            return WebAction("link", "Answer", "/questions")
        case ["polyhost", "coverage", name]:
            return WebAction("link", "Look", f"/connections/{quote(name, safe='')}/coverage")
        case ["polyhost", "hosts", name]:
            return WebAction("link", "Look", f"/connections/{quote(name, safe='')}#hosts")
        case ["polyhost", "exceptions", name]:
            return WebAction("link", "Look", f"/connections/{quote(name, safe='')}/coverage#exceptions")
        case ["polyhost", "import", name, _]:
            return WebAction("link", "Import a file", f"/import?name={quote(name, safe='')}")
        case ["polyhost", "partitions", "retire", name, stream, key]:
            place = "/".join(quote(part, safe="") for part in (name, "streams", stream, "partitions", key))
            return WebAction("post", "Retire", f"/v1/connections/{place}/retire")
        case _:
            return None
