"""What says most about a record at a glance: what it is called, else what it says.

Owns: which field of it that is, by its manifest's `label_fields`, and the one line every surface and every export shows
of it. Must not know: stores, surfaces, any one source.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the command line shows records without reading a manifest
    from polyhost.protocol.declarations import StreamDecl

__all__ = ["headline", "headline_field", "is_held", "name_of"]

_USUAL_NAMES = ("display_name", "real_name", "full_name", "name", "title", "label", "subject")
"""Fields that usually say what a record is called, where its manifest does not."""
_TEXT = "text"
"""The field that usually holds what a record says."""


def name_of(declared: StreamDecl | None, data: Mapping[str, Any] | None) -> str | None:
    """What a record is called, by itself; None where nothing says it."""
    field = _first_with_text((declared and declared.label_fields) or _USUAL_NAMES, data)
    return None if field is None or data is None else data[field]


def headline_field(declared: StreamDecl | None, data: Mapping[str, Any] | None) -> str | None:
    """The field that says most about a record. None: it has neither a name nor a text, or no content."""
    return _first_with_text((*((declared and declared.label_fields) or _USUAL_NAMES), _TEXT), data)


def headline(data: Mapping[str, Any] | None, field: str | None) -> str:
    """What is shown of a record where there is room for one line: the text of its `headline_field`, else what its
    fields hold, each with its name. Empty for one without content."""
    held = data or {}
    if field is not None and isinstance(text := held.get(field), str):
        return text
    return "  ".join(f"{name}: {_flat(value)}" for name, value in held.items() if is_held(value))


def is_held(value: object) -> bool:
    """Whether a field says anything."""
    return value not in (None, "", [], {})


def _first_with_text(fields: tuple[str, ...], data: Mapping[str, Any] | None) -> str | None:
    held = data or {}
    return next((name for name in fields if isinstance(text := held.get(name), str) and text), None)


def _flat(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
