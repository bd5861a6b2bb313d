"""A snippet as every surface shows it.

Must not know: how it is cut. Kept free of heavy imports: results of operations are made of it.
"""

from __future__ import annotations

from typing_extensions import TypedDict

__all__ = ["SnippetJson"]


class SnippetJson(TypedDict):
    """The piece of text around what was found; `highlights` are character offsets into it, from and to."""

    field: str
    text: str
    highlights: list[tuple[int, int]]
    cut_before: bool
    cut_after: bool
