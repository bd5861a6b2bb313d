"""Emoji by the names that chat programs write between colons.

Owns: from a name to a symbol. Must not know: formats. The table is the `emoji` package's.
"""

from __future__ import annotations

import re
from functools import lru_cache

from polyhost.text.tree import Emoji

__all__ = ["emoji_called"]

_SKIN_TONES = {f"skin-tone-{number}": chr(0x1F3F9 + number) for number in range(2, 7)}
_MOST_NAMES = 4096
_NAME = re.compile(r"[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?")
_AS_PICTURE = "\ufe0f"


def emoji_called(name: str) -> Emoji:
    """`tada`, `+1`, `wave::skin-tone-2`. One that Unicode does not have (a workspace's own) keeps its name alone."""
    return _looked_up(name) if _NAME.fullmatch(name) else Emoji(name)


@lru_cache(maxsize=_MOST_NAMES)
def _looked_up(name: str) -> Emoji:
    import emoji  # noqa: PLC0415  its table takes time to load, and most texts have none

    first, _, tone = name.partition("::")
    for alias in (first, first.replace("-", "_")):
        symbol = emoji.emojize(f":{alias}:", language="alias", variant="emoji_type")
        if not symbol.startswith(":"):
            return Emoji(name, symbol.removesuffix(_AS_PICTURE) + _SKIN_TONES[tone] if tone else symbol)
    return Emoji(name)
