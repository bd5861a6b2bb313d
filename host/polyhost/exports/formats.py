"""The formats there are, by name.

Owns: the table, and what each can do. Must not know: how any of them writes.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from polyhost.errors import ErrorCode, RefusedError
from polyhost.exports.base import MakeWriter

__all__ = ["FORMATS", "Format", "format_named"]


@dataclass(frozen=True, slots=True)
class Format:
    """`adds`: whether what has changed since can be put beside what is there, as a further part. `files`: whether the
    files of records can be put beside what it writes."""

    maker: str
    adds: bool
    files: bool = False

    def load(self) -> MakeWriter:
        module, _, name = self.maker.partition(":")
        return getattr(importlib.import_module(module), name)


FORMATS = {
    "jsonl": Format("polyhost.exports.jsonl:JsonLines", adds=True),
    "csv": Format("polyhost.exports.csv:Csv", adds=True),
    "sqlite": Format("polyhost.exports.sqlite:SqliteFile", adds=False, files=True),
    "markdown": Format("polyhost.exports.markdown:Markdown", adds=False, files=True),
    "text": Format("polyhost.exports.text:Text", adds=False),
    "html": Format("polyhost.exports.html:Html", adds=False, files=True),
}


def format_named(name: str | None) -> Format:
    """RefusedError names the ones there are."""
    found = FORMATS.get(name or "")
    if found is None:
        raise RefusedError(
            f"there is no export format {name!r}" if name else "no export format was named",
            f"Give --format with one of: {', '.join(FORMATS)}.",
            code=ErrorCode.UNKNOWN_FORMAT,
        )
    return found
