"""How each operation's result looks on a terminal. One small function per operation; none of them decides anything.

Must not know: stores, engines; only the JSON value of a result.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["render"]

_RENDERERS = {
    "demo": "collect:demo",
    "run": "collect:run",
    "import": "artifacts:imported",
    "connect": "connections:connect",
    "connections": "connections:connections",
    "status": "status:status",
    "records": "records:records",
    "record": "records:record",
    "thread": "records:thread",
    "counts": "records:counts",
    "search": "search:search",
    "export": "exports:export",
    "coverage": "coverage:coverage",
    "runs": "reading:runs",
    "receipt": "reading:receipt",
    "cancel": "reading:cancel",
    "pause": "reading:pause",
    "resume": "reading:resume",
    "batches": "reading:batches",
    "notify test": "schedule:notified",
    "schedule show": "schedule:schedule",
    "schedule set": "schedule:schedule",
    "schedule pause": "schedule:schedule",
    "schedule resume": "schedule:schedule",
    "partitions retire": "coverage:partition",
    "partitions restore": "coverage:partition",
    "polyfill list": "connections:sources",
    "polyfill check": "polyfills:check",
    "doctor": "doctor:doctor",
    "disconnect": "connections:disconnect",
    "rename": "connections:rename",
    "fixture record": "polyfills:recorded",
    "fixture scrub": "polyfills:scrubbed",
    "fixture verify": "polyfills:verified",
    "polyfill new": "polyfills:made",
    "polyfill dev": "polyfills:developed",
    "config explain": "config:explain",
    "config path": "config:path",
}


def render(operation: str, value: Any) -> None:
    """Print the result of an operation for a person."""
    module, _, function = _RENDERERS[operation].partition(":")
    getattr(importlib.import_module(f"{__name__}.{module}"), function)(value)
