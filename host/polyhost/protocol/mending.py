"""A record with a part in a shape that its schema does not know: the part is left out, the record is kept.

Owns: what may be left out, and the smallest part that has to be. Must not know: scopes, streams, who counts it.

A part may go where the schema does not need it, or takes null in its place. What is needed costs what holds it: a file
without its id costs the file, not the message. Where it reaches a required field of the record itself, or one that says
where the record belongs, the record cannot be kept.

Mending costs no more than a bounded number of looks at the record, whatever a source sends: where a record is large, or
nearly all of it is odd, it loses whole fields instead of the smallest part of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol, cast

__all__ = ["MAX_PARTS", "Faults", "Mended", "mend"]

MAX_PARTS = 20
"""Parts that one record may lose by themselves. Beyond that it loses whole fields: a list of which every item is odd
would be judged as often as it is long."""
MAX_VALUES = 2_000
"""Values of a record whose smallest parts are looked for; a look at so many takes about a millisecond. A message has
some fifty, one with long formatted text some hundreds."""
MAX_LOOKS = 200
"""Looks at one record that is mended part by part."""
MAX_FIELDS = 50
"""Top-level fields that one record may lose; each costs a look at all of it."""

Path = list[str | int]


class Faults(Protocol):
    """What is wrong with a record: `instance_path`, and `kind` with a `name`, as jsonschema_rs has them."""

    def first(self, data: Mapping[str, Any], /) -> Any:
        """Any fault, at the cost of one look; None for a valid record. ValueError for what is no JSON value."""
        ...

    def every(self, data: Mapping[str, Any], /) -> Iterator[Any]:
        """All of them. The cost grows with how many there are."""
        ...


_GONE = object()


class _TooCostlyError(Exception):
    """So many looks went into it that whole fields go from here on."""


@dataclass(frozen=True, slots=True)
class Mended:
    """The record without the parts that were left out, and for each the rule it broke and where it was."""

    data: dict[str, Any]
    left_out: tuple[tuple[str, Path], ...]


def mend(data: Mapping[str, Any], faults: Faults, protected: frozenset[str]) -> Mended | None:
    """The record as it can be kept; None where it cannot. ValueError for a value that JSON does not know."""
    left_out: list[tuple[str, Path]] = []
    kept = dict(data)
    if _has_few_values(kept):
        kept = deepcopy(kept)
        try:
            if not _Parts(kept, faults, protected).leave_out(left_out):
                return None
        except _TooCostlyError:
            pass
    return Mended(kept, tuple(left_out)) if _leave_out_fields(kept, faults, protected, left_out) else None


def _leave_out_fields(
    kept: dict[str, Any], faults: Faults, protected: frozenset[str], left_out: list[tuple[str, Path]]
) -> bool:
    """Take away each top-level field that something is wrong with; null stands for one that has to be there. False
    where that is not enough."""
    gone: set[str] = set()
    for _ in range(MAX_FIELDS):
        fault = faults.first(kept)
        if fault is None:
            return True
        path, rule = list[Any](fault.instance_path), fault.kind.name
        if not path and rule == "required" and fault.kind.property in gone:
            kept[fault.kind.property] = None
            continue
        names = path[:1] or (fault.kind.unexpected if rule == "additionalProperties" else [])
        if not names or protected.intersection(names) or gone.intersection(names):
            return False
        gone.update(names)
        for name in names:
            del kept[name]
        left_out.append((rule, [names[0]]))
    return faults.first(kept) is None


class _Parts:
    """One record whose smallest odd parts are left out, as long as that costs little."""

    def __init__(self, kept: dict[str, Any], faults: Faults, protected: frozenset[str]) -> None:
        self._kept = kept
        self._faults = faults
        self._protected = protected
        self._looks = MAX_LOOKS

    def leave_out(self, left_out: list[tuple[str, Path]]) -> bool:
        """Until nothing is wrong any more. False where something cannot go."""
        for _ in range(MAX_PARTS):
            self._look()
            fault = self._faults.first(self._kept)
            if fault is None:
                return True
            part = self._smallest(fault)
            if part is None:
                return False
            left_out.append((fault.kind.name, part))
        raise _TooCostlyError

    def _smallest(self, fault: Any) -> Path | None:
        """Take the smallest part away that the fault lies in; which it was, or None where none can go."""
        path: Path = list(fault.instance_path)
        if path and path[0] in self._protected:
            return None
        if fault.kind.name == "additionalProperties":
            return self._unexpected(path, fault.kind.unexpected)
        before = self._told()
        for depth in range(len(path), 0, -1):
            place = path[:depth]
            for instead in (_GONE, None) if isinstance(place[-1], str) else (_GONE,):
                was = _replace(self._kept, place, instead)
                if not _new_faults(before, self._told(), place):
                    return place
                _put_back(self._kept, place, was, instead)
        return None

    def _unexpected(self, path: Path, names: list[str]) -> Path | None:
        holder = _at(self._kept, path)
        may_go = [name for name in names if path or name not in self._protected]
        for name in may_go:
            del holder[name]
        return [*path, may_go[0]] if may_go else None

    def _told(self) -> frozenset[tuple[tuple[str | int, ...], str]]:
        self._look()
        return frozenset((tuple(one.instance_path), one.kind.name) for one in self._faults.every(self._kept))

    def _look(self) -> None:
        self._looks -= 1
        if self._looks < 0:
            raise _TooCostlyError


def _has_few_values(data: dict[str, Any]) -> bool:
    left, waiting = MAX_VALUES, [cast("Any", data)]
    while waiting and left >= 0:
        value = waiting.pop()
        if isinstance(value, dict):
            value = [*cast("dict[str, Any]", value).values()]
        if isinstance(value, list):
            left -= len(cast("list[Any]", value))
            waiting += cast("list[Any]", value) if left >= 0 else []
    return left >= 0


def _new_faults(before: frozenset[Any], after: frozenset[Any], place: Path) -> bool:
    """Whether leaving it out broke what holds it, or left something in its place that is no better."""
    here, holder = tuple(place), tuple(place[:-1])
    return any(path == here and isinstance(place[-1], str) for path, _ in after) or any(
        path == holder and (path, rule) not in before for path, rule in after
    )


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _replace(data: dict[str, Any], place: Path, instead: object) -> Any:
    holder = _at(data, place[:-1])
    was = holder[place[-1]]
    if instead is _GONE:
        del holder[place[-1]]
    else:
        holder[place[-1]] = instead
    return was


def _put_back(data: dict[str, Any], place: Path, was: Any, instead: object) -> None:
    holder, step = _at(data, place[:-1]), place[-1]
    if instead is _GONE and isinstance(holder, list):
        cast("list[Any]", holder).insert(cast("int", step), was)
    else:
        holder[step] = was
