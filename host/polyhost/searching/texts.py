"""A record as it is searched: its texts, its place, its moment.

Owns: reading them out of a record's data by the rules of its stream. Must not know: manifests, indices, queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from polyhost.instants import EventTime, time_reader
from polyhost.searching.search_rules import SearchRules, StreamRules

__all__ = ["Searched", "Texts", "texts_of"]

_ANY = "*"


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search needs of one record. `seconds` since 1970, whole, None for one without a moment."""

    texts: tuple[str, ...]
    partition: str | None
    seconds: int | None


class Texts:
    """Reads records by the rules of their streams."""

    def __init__(self, rules: SearchRules) -> None:
        self._streams = {name: _Stream(one) for name, one in rules.streams.items()}

    def read(self, stream: str, data: Mapping[str, Any]) -> Searched | None:
        """None where the record holds no text that is searched."""
        reader = self._streams.get(stream)
        return None if reader is None else reader.read(data)


class _Stream:
    def __init__(self, rules: StreamRules) -> None:
        self._rules = rules
        self._time: EventTime = time_reader(rules.times)
        self._plain = [path for path in rules.fields if "." not in path]
        self._deep = [path.split(".") for path in rules.fields if "." in path]

    def read(self, data: Mapping[str, Any]) -> Searched | None:
        texts = [text for name in self._plain if type(text := data.get(name)) is str and text]
        for path in self._deep:
            texts += [text for _, text in _at(data, path, "")]
        if not texts:
            return None
        instant = self._time(data)
        return Searched(tuple(texts), self._partition(data), None if instant is None else instant[0])

    def _partition(self, data: Mapping[str, Any]) -> str | None:
        found = None if self._rules.partition is None else data.get(self._rules.partition)
        return None if found is None else str(found)


def texts_of(rules: StreamRules, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every text that is searched, with where it stands (`files.0.name`)."""
    return [found for path in rules.fields for found in _at(data, path.split("."), "")]


def _at(value: Any, path: list[str], place: str) -> Iterator[tuple[str, str]]:
    if not path:
        if type(value) is str and value:
            yield place, value
        return
    first, *rest = path
    for name, inner in _children(value, first):
        yield from _at(inner, rest, f"{place}.{name}" if place else name)


def _children(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if name == _ANY and isinstance(value, list):
        yield from ((str(index), inner) for index, inner in enumerate(value))
    elif isinstance(value, dict) and name in value:
        yield name, value[name]
