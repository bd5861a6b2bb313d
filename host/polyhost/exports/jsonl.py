"""JSON Lines: every record exactly as it is stored, one to a line, UTF-8, keys sorted."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from polyhost.exports.base import Row, StreamPlan
from polyhost.exports.files import LineWriter

__all__ = ["JsonLines"]


class JsonLines(LineWriter):
    ending = "jsonl"

    def head(self, stream: StreamPlan) -> bytes:
        del stream
        return b""

    def lines(self, stream: StreamPlan, rows: Sequence[Row]) -> bytes:
        del stream
        return b"".join(
            orjson.dumps(_line(row), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS) for row in rows
        )


def _line(row: Row) -> dict[str, object]:
    return {
        "stream": row.stream,
        "key": row.key,
        "partition": row.partition,
        "label": row.label,
        "time": row.time,
        "data": row.data,
        "emitted_at": row.emitted_at,
        "version": row.version,
        "current": row.current,
        "deleted": row.deleted,
        "batch_id": row.batch_id,
        "sequence": row.sequence,
    }
