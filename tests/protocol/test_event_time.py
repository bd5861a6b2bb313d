"""Which moment a record stands for: the declared time field, else its cursor."""

from typing import Any

import pytest

from polyhost.instants import iso_from_instant
from polyhost.protocol.declarations import StreamDecl
from polyhost.protocol.event_time import event_time


def stream(**more: Any) -> StreamDecl:
    schema = {"type": "object", "properties": {"at": {"type": ["string", "null"], "format": "date-time"}}}
    return StreamDecl.model_validate({"name": "things", "schema": schema, "primary_key": ["id"], **more})


def moment(data: dict[str, Any], **declared: Any) -> str | None:
    return iso_from_instant(event_time(stream(**declared))(data))


CURSOR = {"field": "room", "cursor_field": "ts", "order": "decimal", "cursor_time": "unix_seconds"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"at": "2026-01-02T03:04:05.678901+01:00", "ts": "1"}, "2026-01-02T02:04:05.678Z"),
        ({"at": None, "ts": "1700000000.000100"}, "2023-11-14T22:13:20.000Z"),
        ({"at": "soon", "ts": "soon"}, None),
        ({}, None),
    ],
)
def test_the_declared_time_counts_first_then_the_cursor(data: dict[str, Any], expected: str | None):
    assert moment(data, consent_time_field="at", partition=CURSOR) == expected


def test_a_cursor_that_is_no_time_gives_none():
    assert moment({"ts": "1700000000"}, partition=CURSOR | {"cursor_time": None}) is None
