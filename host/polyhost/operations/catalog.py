"""The table of operations: what the families declare, in the order of help. A surface shows exactly these.

A family is imported when one of its commands is asked for: a command line that runs one waits for no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from polyhost.operations.operation import Operation

__all__ = ["COMMAND_WORDS", "FAMILIES", "commands", "commands_of", "declared_in", "operations"]

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "demo": ("demo",),
    "connect": ("connect",),
    "connections": ("connections", "disconnect", "rename"),
    "hosts": ("hosts",),
    "runs": ("run", "runs"),
    "run_control": ("cancel", "pause", "resume"),
    "importing": ("import",),
    "status": ("status",),
    "reading": ("read",),
    "records": ("records", "record", "thread", "counts"),
    "files": ("files",),
    "search": ("search",),
    "coverage": ("coverage",),
    "export": ("export",),
    "partitions": ("partitions",),
    "exceptions": ("exceptions",),
    "schedules": ("schedule",),
    "receipts": ("batches", "receipt"),
    "notifications": ("notify",),
    "polyfills": ("polyfill",),
    "fixtures": ("fixture",),
    "settings": ("config",),
    "sign_ins": ("sign-ins",),
    "doctor": ("doctor",),
    "questions": (),
}
"""Each family's module, and the first words of its commands. In the order an owner meets them: within a section, help
shows commands in this order."""

COMMAND_WORDS = tuple(word for words in FAMILIES.values() for word in words)
"""What may stand behind `polyhost`, without what a surface adds of its own."""


def declared_in(family: ModuleType) -> tuple[Operation[Any, Any], ...]:
    """What a module declares, from its top down."""
    declared = (found for found in vars(family).values() if isinstance(found, Operation))
    return tuple(found for found in declared if found.handler.__module__ == family.__name__)


@cache
def _family(name: str) -> tuple[Operation[Any, Any], ...]:
    return declared_in(import_module(f"polyhost.operations.{name}"))


@cache
def operations() -> tuple[Operation[Any, Any], ...]:
    """All of them."""
    return tuple(operation for name in FAMILIES for operation in _family(name))


def commands() -> tuple[Operation[Any, Any], ...]:
    """Those a command line has."""
    return tuple(operation for operation in operations() if operation.command)


def commands_of(word: str) -> tuple[Operation[Any, Any], ...]:
    """The commands that begin with this word: one, or those of a group; none where there is no such word."""
    names = [name for name, words in FAMILIES.items() if word in words]
    found = (operation for name in names for operation in _family(name))
    return tuple(one for one in found if one.command and one.name.split()[0] == word)
