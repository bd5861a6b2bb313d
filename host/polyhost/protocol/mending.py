"""A record with a part in a shape that its schema does not know: the part is left out, the record is kept.

Owns: what may be left out, and the smallest part that has to be. Must not know: scopes, streams, who counts it.

A part may go where the schema does not need it, or takes null in its place. What is needed costs what holds it: a file
without its id costs the file, not the message. Where it reaches a required field of the record itself, or one that says
where the record belongs, the record cannot be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

__all__ = ["MAX_PARTS", "Mended", "mend"]

MAX_PARTS = 20
"""Parts that one record may lose by themselves. Beyond that its top-level field goes as a whole: a list of which every
item is odd would be judged as often as it is long."""
MAX_FIELDS = 200
"""Top-level fields that one record may lose."""
_LOOKED_AT = 500
"""Faults of one record that are compared before and after."""

Path = list[str | int]
Faults = Callable[[Mapping[str, Any]], Iterator[Any]]
"""The faults of a record: `instance_path`, `kind` (with a `name`), as jsonschema_rs has them."""

_GONE = object()


@dataclass(frozen=True, slots=True)
class Mended:
    """The record without the parts that were left out, and for each the rule it broke and where it was."""

    data: dict[str, Any]
    left_out: tuple[tuple[str, Path], ...]


def mend(data: Mapping[str, Any], faults: Faults, protected: frozenset[str]) -> Mended | None:
    """The record as it can be kept; None where it cannot. ValueError for a value that JSON does not know."""
    kept = deepcopy(dict(data))
    left_out: list[tuple[str, Path]] = []
    for _ in range(MAX_PARTS + MAX_FIELDS):
        fault = next(faults(kept), None)
        if fault is None:
            return Mended(kept, tuple(left_out))
        part = _leave_out(kept, fault, faults, protected, whole_field=len(left_out) >= MAX_PARTS)
        if part is None:
            return None
        left_out.append((fault.kind.name, part))
    return None


def _leave_out(
    kept: dict[str, Any], fault: Any, faults: Faults, protected: frozenset[str], *, whole_field: bool
) -> Path | None:
    """Take the smallest part away that the fault lies in; which it was, or None where none can go."""
    path: Path = list(fault.instance_path)
    if path and path[0] in protected:
        return None
    if fault.kind.name == "additionalProperties":
        holder = _at(kept, path)
        names = [name for name in fault.kind.unexpected if path or name not in protected]
        for name in names:
            del holder[name]
        return [*path, names[0]] if names else None
    before = _told(faults(kept))
    for depth in range(1 if whole_field else len(path), 0, -1):
        place = path[:depth]
        for instead in (_GONE, None) if isinstance(place[-1], str) else (_GONE,):
            was = _replace(kept, place, instead)
            if not _new_faults(before, _told(faults(kept)), place):
                return place
            _put_back(kept, place, was, instead)
    return None


def _told(found: Iterator[Any]) -> frozenset[tuple[tuple[str | int, ...], str]]:
    return frozenset((tuple(one.instance_path), one.kind.name) for one in islice(found, _LOOKED_AT))


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
