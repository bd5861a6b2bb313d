"""The table of operations: what the families declare, in the order of help. A surface shows exactly these."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from polyhost.operations import (
    connect,
    connections,
    coverage,
    demo,
    doctor,
    exceptions,
    export,
    fixtures,
    importing,
    notifications,
    partitions,
    polyfills,
    questions,
    receipts,
    records,
    run_control,
    runs,
    schedules,
    search,
    settings,
    status,
)
from polyhost.operations.operation import Operation

__all__ = ["COMMANDS", "OPERATIONS"]

_FAMILIES = (
    demo,
    connect,
    connections,
    runs,
    run_control,
    importing,
    status,
    records,
    search,
    coverage,
    export,
    partitions,
    exceptions,
    schedules,
    receipts,
    notifications,
    polyfills,
    fixtures,
    settings,
    doctor,
    questions,
)
"""In the order an owner meets them: within a section, help shows commands in this order."""


def declared_in(family: ModuleType) -> tuple[Operation[Any, Any], ...]:
    """What a module declares, from its top down."""
    declared = (found for found in vars(family).values() if isinstance(found, Operation))
    return tuple(found for found in declared if found.handler.__module__ == family.__name__)


OPERATIONS = tuple(operation for family in _FAMILIES for operation in declared_in(family))

COMMANDS = tuple(operation for operation in OPERATIONS if operation.command)
"""Those a command line has."""
