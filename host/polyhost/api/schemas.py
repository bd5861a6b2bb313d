"""The schemas in the API's description: each type once, by its name, closed where its fields are named.

Owns: from a type to JSON Schema, where it is put, and what it is called: `ConditionJson` is how a Condition is shown,
and is Condition here. Must not know: routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

__all__ = ["Schemas", "public_name"]

_REFERENCE = "#/components/schemas/{model}"


class Schemas:
    """What was named so far."""

    def __init__(self) -> None:
        self._named: dict[str, Any] = {}

    def named(self) -> dict[str, Any]:
        """All of them, by name."""
        return dict(sorted(self._named.items()))

    def refer(self, name: str, kind: Any) -> dict[str, Any]:
        """A reference to this type, which is described under this name."""
        name = public_name(name)
        if name not in self._named:
            self._named[name] = self.inline(kind)
        return {"$ref": _REFERENCE.format(model=name)}

    def inline(self, kind: Any) -> dict[str, Any]:
        """This type's own schema; what it refers to is described by name."""
        made: dict[str, Any] = TypeAdapter(kind).json_schema(ref_template=_REFERENCE, mode="serialization")
        for name, schema in made.pop("$defs", {}).items():
            self._named[public_name(name)] = _tidy(schema)
        return _tidy(made)


def _tidy(schema: Any) -> Any:
    """Nothing is there that is not described; and no field has its own name as a title, which says nothing more."""
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _tidy(value) for name, value in schema.items()}
    for key in ("$ref", "title"):
        if isinstance(found.get(key), str):
            found[key] = public_name(found[key])
    fields = found.get("properties")
    if isinstance(fields, Mapping) and found.get("type") == "object":
        found["properties"] = {name: _untitled(field) for name, field in fields.items()}
        found.setdefault("additionalProperties", False)
    return found


def public_name(name: str) -> str:
    """How the API calls a type of this name, or a reference to one."""
    return name.removesuffix("Json")


def _untitled(field: Any) -> Any:
    return {name: value for name, value in field.items() if name != "title"}
