"""The names below which anybody can have a name: com, co.uk, github.io.

Owns: asking the Public Suffix List, its private section included, as the library's release carries it; nothing is
fetched. Must not know: what is asked about.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import idna

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = ["is_public_suffix"]


def is_public_suffix(name: str) -> bool:
    """Whether names below this one belong to anybody. `name`: canonical, of ASCII. A last label that no list knows is
    a public suffix too, as the list itself has it."""
    written = ".".join(idna.ulabel(label) if label.startswith("xn--") else label for label in name.split("."))
    return _rules().is_public(written)


@lru_cache(maxsize=1)
def _rules() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415  30 ms, only where a wildcard is declared

    return PublicSuffixList(accept_encoded_idn=False)
