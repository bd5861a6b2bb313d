"""Regular expressions that a manifest brings, matched in time that grows only with the text.

A manifest is text from a stranger, and the addresses it is held against come from a site: with a matcher that goes
back and tries again (`(a+)+$`), forty letters in an address would stop every run, and the server with them. RE2 never
goes back; what it cannot do (look-ahead, look-behind, back-references) is refused by name.

Owns: which expressions are taken, and the sentence for one that is not. Must not know: what is matched, and why.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol, cast

__all__ = ["MAX_PATTERN", "Pattern", "compile_pattern"]

MAX_PATTERN = 1_000
"""Characters of one expression; those in use have under a hundred."""
MAX_MEMORY = 1 << 20
"""Bytes that one compiled expression may take; beyond that (`(a{1000}){1000}`) it is refused."""
KEPT = 256
"""Compiled expressions that are kept: more than all manifests of a home declare."""


class Pattern(Protocol):
    """A compiled expression; `search` answers something true where it is found anywhere in the text."""

    def search(self, text: str, /) -> object: ...


@lru_cache(maxsize=KEPT)
def compile_pattern(text: str) -> Pattern:
    """The expression, ready to search with.

    ValueError, with a clause that follows "is", for one that is too long, too large, or that RE2 does not know.
    """
    import re2  # noqa: PLC0415  its module and what it needs take 20 ms: only where a manifest declares an expression

    if len(text) > MAX_PATTERN:
        raise ValueError(f"longer than {MAX_PATTERN:,} characters")
    options = cast("Any", re2.Options())
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        return cast("Pattern", re2.compile(text, options))
    except re2.error as error:
        said = error.args[0] if error.args else b""
        raise ValueError(f"not a regular expression that polyhost takes: {_sentence(said)}") from None


def _sentence(said: object) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if "(?" in text or "invalid escape sequence: \\" in text:
        return (
            f"{text}. Look-ahead, look-behind and back-references cannot be matched in bounded time; "
            "write the addresses out instead"
        )
    return text
