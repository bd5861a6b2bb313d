"""JSON columns: ours are written sorted, read by owners with SQLite's own functions, hence text and not blobs."""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["dump", "dump_verbatim", "load"]


def dump(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def dump_verbatim(value: Any) -> str:
    """As it came, the order of its keys included: whoever it is given back to may have sealed it."""
    return orjson.dumps(value).decode()


def load(text: str) -> Any:
    return orjson.loads(text)
