"""How each operation's result looks on a terminal. One small function per operation; none of them decides anything.

The renderers of a family of operations are in the module of the same name here: `RENDERERS`, by operation.

Must not know: stores, engines; only the JSON value of a result.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from polyhost.operations.operation import Operation

__all__ = ["render", "renderer"]


def render(operation: Operation[Any, Any], value: Any) -> None:
    """Print the result of an operation for a person."""
    renderer(operation)(value)


def renderer(operation: Operation[Any, Any]) -> Callable[[Any], None]:
    """What prints the results of this operation."""
    family = operation.handler.__module__.rpartition(".")[2]
    return importlib.import_module(f"{__name__}.{family}").RENDERERS[operation.name]
