"""An answer in another shape: what it holds, by id, and how a part of it is bent. Must not know: methods, HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fakes.slack.faults import AS_IT_IS, Odd

__all__ = ["bent", "ids_in"]

_NO_THING = frozenset({"response_metadata"})


def ids_in(answer: Mapping[str, Any]) -> frozenset[str]:
    """The ts of each message, the id of everything else that the answer holds."""
    return frozenset(_id_of(thing) for _, _, thing in _things(answer))


def bent(answer: Mapping[str, Any], odd: Odd, holding: str | None) -> dict[str, Any]:
    """A copy of the answer; what is bent of it is the thing of this id, everything in it where there is none named."""
    copied: dict[str, Any] = {name: list(part) if isinstance(part, list) else part for name, part in answer.items()}
    for holder, place, thing in list(_things(copied)):
        if holding in (None, _id_of(thing)):
            changed = {name: value for name, value in (thing | odd.item).items() if name not in odd.without}
            holder[place] = changed if odd.instead is AS_IT_IS else odd.instead
    return copied | dict(odd.answer)


def _things(answer: Any) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """Each object of the answer, and those of its lists, with where it stands."""
    for name, part in answer.items():
        if isinstance(part, dict) and name not in _NO_THING:
            yield answer, name, part
        for index, one in enumerate(part if isinstance(part, list) else ()):
            if isinstance(one, dict):
                yield part, index, one


def _id_of(thing: Mapping[str, Any]) -> str:
    return str(thing.get("ts") or thing.get("id") or "")
