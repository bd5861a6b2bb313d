"""How a place in a recording is named: for a finding, and for an owner who lets something stay there. Pure.

Owns: what of a place is shown, what changes from recording to recording, which places a pattern speaks of. Must not
know: what is looked for, why something may stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from polyhost.browser.recordings.looks import looks_in

__all__ = ["KEY", "is_pattern", "is_spoken_of", "path_of", "place_of"]

KEY = "(key)"
"""The last step of a path that leads to an object's key, or a field's name, rather than to a value."""
_NAME = re.compile(r"[A-Za-z_$][\w$:/\[\]-]{0,63}", re.ASCII)
"""A step that reads as the name of a field."""
_ENTRY = re.compile(r"^(recording\.har|expected\.jsonl), (?:entry|line) \d+,? ?")
_POSITION = re.compile(r"(?<![^. ])\d+(?=\.|$)")
_STARS = re.compile(r"(?<![^. ])\*(?![^. ])")
"""A `*` that is one whole step."""


def path_of(path: Sequence[str | int]) -> str:
    """A path as it may be shown. A key that does not read as a field's name, or looks like a secret, is `*`: it may be
    somebody's token, or address."""
    return ".".join(str(step) if isinstance(step, int) or step == KEY else _shown(step) for step in path)


def place_of(where: str) -> str:
    """A place without what changes from recording to recording: the entry's number, a list's positions."""
    return _POSITION.sub("*", _ENTRY.sub("", where))


def is_pattern(text: str) -> bool:
    """Whether this names a place: some step of it is a name, and each `*` is one whole step."""
    left = _STARS.sub("", text)
    return "*" not in left and bool(left.strip(" ."))


def is_spoken_of(place: str, pattern: str) -> bool:
    """Whether the pattern names this place; its `*` is any one step of a path, and nothing else in it is special."""
    return re.fullmatch(r"[^.]+".join(map(re.escape, _STARS.split(pattern))), place) is not None


@lru_cache(maxsize=4096)
def _shown(step: str) -> str:
    return step if _NAME.fullmatch(step) and next(looks_in(step), None) is None else "*"
