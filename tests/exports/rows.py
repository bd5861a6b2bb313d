"""Rows to export, made short. Every default is a value a real export could hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyhost.exports.base import Plan, Row, StreamPlan

__all__ = ["MESSAGES", "PLAN", "row"]

MESSAGES = StreamPlan(
    name="messages",
    title="Messages",
    description="What was written.",
    columns={"text": False, "count": True},
    partitioned=True,
)
PLAN = Plan(connection="work", streams=[MESSAGES], part=1)


def row(data: Mapping[str, Any] | None = None, **over: Any) -> Row:
    values: dict[str, Any] = {
        "stream": "messages",
        "key": "k1",
        "partition": "C1",
        "label": "general",
        "author": "Ann",
        "name": None,
        "time": "2026-09-21T14:13:21.000Z",
        "data": data,
        "emitted_at": "2026-11-22T03:15:58.000Z",
        "version": 1,
        "deleted": False,
        "current": True,
        "batch_id": "bat_1",
        "sequence": 1,
        "member": False,
        "body": (),
    }
    return Row(**values | over)
