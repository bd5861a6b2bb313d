"""JSON columns: written sorted, read by owners with SQLite's own functions, hence text and not blobs."""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["dump", "load"]


def dump(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def load(text: str) -> Any:
    return orjson.loads(text)
