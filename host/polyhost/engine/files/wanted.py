"""Which files somebody asks for.

Must not know: how one is fetched or kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from polyhost.engine.settings.config import FilesConfig
from polyhost.engine.settings.file_sizes import size_in_bytes
from polyhost.errors import RefusedError
from polyhost.files.kinds import type_of
from polyhost.ledger.files import FileFacts

__all__ = ["FilesWanted"]

_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*(/[a-z0-9][a-z0-9.+-]*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesWanted:
    """`max_size`: bytes of one file. `types`: kinds (`image`) or whole types (`application/pdf`); none: every one.
    `budget`: bytes that one run takes in all; later runs go on. `again`: also those that were given up."""

    max_size: int = size_in_bytes(FilesConfig().max_size)
    types: Sequence[str] = ()
    budget: int = size_in_bytes(FilesConfig().per_run)
    again: bool = False

    @classmethod
    def of(
        cls, settings: FilesConfig, *, max_size: str | None = None, types: Sequence[str] = (), again: bool = False
    ) -> FilesWanted:
        """As it is set, unless an owner types otherwise. RefusedError for a size or a type that is not one."""
        for kind in types:
            if not _TYPE.fullmatch(kind):
                raise RefusedError(
                    f"{kind!r} is not a valid type of files", "Use a kind or a whole type: image, application/pdf."
                )
        return cls(
            max_size=size_in_bytes(max_size or settings.max_size),
            types=tuple(kind.lower() for kind in types),
            budget=size_in_bytes(settings.per_run),
            again=again,
        )

    def is_of_type(self, facts: FileFacts) -> bool:
        """Whether what the source says of a file is among the types; its name tells where the source does not. One
        without either is, where there are none."""
        kind = type_of(facts.type, facts.name) or ""
        return not self.types or any(kind == one or kind.startswith(f"{one}/") for one in self.types)
