"""What of each stream's records is searched, and the moment they are ordered by.

Owns: `SearchRules`, and their form as text, by which an index knows what it was made with. Must not know: manifests,
stores, queries.

A field is a path: `text`, `files.*.name`; a star stands for every item of an array.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["SearchRules", "StreamRules"]

_FORM = 1
"""Of what is made of a record for the index: to be counted up whenever folding, fields or moments come out otherwise,
so that indices are made anew."""


@dataclass(frozen=True, slots=True)
class StreamRules:
    """`fields`: paths whose text is searched. `times`: fields a moment is read from, with their schemas, first match
    wins. `partition`: the field that names it."""

    fields: tuple[str, ...]
    times: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    partition: str | None = None


@dataclass(frozen=True, slots=True)
class SearchRules:
    """By stream; one that is not named is not searched."""

    streams: Mapping[str, StreamRules]

    def as_text(self) -> str:
        """The same for the same rules; other for others."""
        streams = {
            name: {"fields": rules.fields, "times": rules.times, "partition": rules.partition}
            for name, rules in self.streams.items()
        }
        return json.dumps({"form": _FORM, "streams": streams}, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> SearchRules:
        streams = json.loads(text)["streams"]
        return cls({name: _read(block) for name, block in streams.items()})


def _read(block: Mapping[str, Any]) -> StreamRules:
    times = tuple((name, schema) for name, schema in block["times"])
    return StreamRules(tuple(block["fields"]), times, block["partition"])
