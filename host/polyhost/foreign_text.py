"""Foreign text as a page or a file for readers may hold it: nothing in it speaks to a terminal or turns what follows.

Owns: which characters these are. Must not know: formats.
"""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

__all__ = ["clean", "one_line", "shown"]

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters apart from the line feed, and those that break lines or turn the direction of what follows."""


def clean(text: str) -> str:
    """In as many lines as it has."""
    if text.isprintable():
        return text
    return _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """A name: what follows a line break in it would look like a heading, or a record."""
    return " ".join(clean(text).split())


def shown(value: Any) -> Any:
    """What a template was given, before it is escaped: text without them, all else as it is."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
