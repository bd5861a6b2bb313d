"""Which files somebody asks for.

Must not know: how one is fetched or kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from polyhost.errors import RefusedError
from polyhost.ledger.files import FileFacts

__all__ = ["FilesWanted", "size_in_bytes"]

MiB = 1 << 20
_SIZE = re.compile(r"([0-9]{1,9})\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*(/[a-z0-9][a-z0-9.+-]*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesWanted:
    """`max_size`: bytes of one file. `types`: kinds (`image`) or whole types (`application/pdf`); none: every one.
    `budget`: bytes that one run takes in all; later runs go on. `thumbnails`, `external`: whether smaller likenesses,
    and what somebody else keeps, are wanted too."""

    max_size: int = 1024 * MiB
    types: Sequence[str] = ()
    budget: int = 20 * 1024 * MiB
    thumbnails: bool = False
    external: bool = False

    @classmethod
    def of(cls, *, max_size: str | None, types: Sequence[str]) -> FilesWanted:
        """As an owner types it. RefusedError for a size or a type that is not one."""
        for kind in types:
            if not _TYPE.fullmatch(kind):
                raise RefusedError(
                    f"{kind!r} is not a valid type of files", "Use a kind or a type: image, application/pdf."
                )
        lowered = tuple(kind.lower() for kind in types)
        return cls(types=lowered) if max_size is None else cls(types=lowered, max_size=size_in_bytes(max_size))

    def is_of_type(self, facts: FileFacts) -> bool:
        """Whether what the source says of a file is among the types. One without a type is, where there are none."""
        kind = (facts.type or "").lower()
        return not self.types or any(kind == one or kind.startswith(f"{one}/") for one in self.types)


def size_in_bytes(text: str) -> int:
    """`100MB`, `1.5` is none: whole numbers with k, M, G or T, counted in 1024s. RefusedError for anything else."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise RefusedError(
            f"{text!r} is not a valid size of files", "Use a whole number with a unit: 500KB, 100MB, 2GB."
        )
    return int(found[1]) * 1024 ** _POWERS[found[2].lower()]
