"""Sizes of files, as a person writes them."""

from __future__ import annotations

import re

from polyhost.errors import RefusedError

__all__ = ["size_in_bytes"]

_SIZE = re.compile(r"([0-9]{1,9})\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def size_in_bytes(text: str) -> int:
    """`500KB`, `100MB`, `2GB`: whole numbers, counted in 1024s. RefusedError for anything else."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise RefusedError(
            f"{text!r} is not a valid size of files", "Use a whole number with a unit: 500KB, 100MB, 2GB."
        )
    return int(found[1]) * 1024 ** _POWERS[found[2].lower()]
