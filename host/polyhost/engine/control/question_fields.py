"""What a connector's question asks for, field by field, so that every surface shows the same one.

Owns: which fields there are, and which of them must not be seen. Must not know: terminals, pages, who asks or why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["AskedField", "asked_fields"]

_SEEN = frozenset({"account", "domain", "email", "login", "team", "user", "username", "workspace"})
"""What of credentials may be seen while it is typed. Anything else is taken for a secret."""


@dataclass(frozen=True, slots=True)
class AskedField:
    """One thing to type. `secret`: not shown while it is typed. `rule`: its JSON Schema, as the connector gave it."""

    name: str
    label: str
    secret: bool
    rule: Mapping[str, Any]


def asked_fields(kind: str, schema: Mapping[str, Any] | None) -> Sequence[AskedField]:
    """What there is to answer; nothing for something to do by hand. Without a schema: a code, or a user name and a
    password."""
    if kind == "manual_action":
        return ()
    return tuple(_field(kind, name, rule if isinstance(rule, dict) else {}) for name, rule in _rules(kind, schema))


def _rules(kind: str, schema: Mapping[str, Any] | None) -> Sequence[tuple[str, Any]]:
    declared = (schema or {}).get("properties")
    if isinstance(declared, dict) and declared:
        return tuple(declared.items())
    return (("code", {}),) if kind == "otp" else (("username", {}), ("password", {"format": "password"}))


def _field(kind: str, name: str, rule: Mapping[str, Any]) -> AskedField:
    return AskedField(name, str(rule.get("title") or name), _is_secret(kind, name, rule), rule)


def _is_secret(kind: str, name: str, rule: Mapping[str, Any]) -> bool:
    """A one-time code is worth nothing a minute later, and is read off another screen: it may be seen."""
    if rule.get("format") == "password" or rule.get("writeOnly") is True:
        return True
    return kind == "credentials" and rule.get("format") != "email" and name.lower() not in _SEEN
