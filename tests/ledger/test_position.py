"""Where a record belongs (ours: the manifest's partition block)."""

from dataclasses import replace

import pytest

from polyhost.ledger.partition_rule import partition_rule
from polyhost.ledger.position import Located, Unplaceable, locate
from polyhost.ledger.state import CursorOrder

RULE = partition_rule(
    "messages", {"field": "channel_id", "cursor_field": "ts", "order": "decimal", "group_field": "thread_ts"}
)


def _place(**data: object) -> Located | Unplaceable:
    return locate({"channel_id": "C1", "ts": "20.5", **data}, RULE)


@pytest.mark.parametrize("thread", [None, "", "20.5", "020.05"])
def test_a_record_without_a_group_or_with_its_own_is_a_head(thread: str | None):
    found = _place(thread_ts=thread)
    assert isinstance(found, Located)
    assert found.is_head
    assert (found.partition, found.cursor) == ("C1", "20.5")


def test_a_member_has_its_heads_position_and_its_own_cursor():
    found = _place(thread_ts="7.1")
    assert isinstance(found, Located)
    assert (found.position, found.cursor, found.is_head) == ("7.1", "20.5", False)
    assert found.key == "00000000000000000007.000000000001"


def test_without_a_group_field_every_record_is_a_head():
    found = locate({"channel_id": "C1", "ts": "20.5", "thread_ts": "7.1"}, replace(RULE, group_field=None))
    assert isinstance(found, Located)
    assert found.is_head


def test_integers_are_taken_as_their_digits():
    rule = replace(RULE, order=CursorOrder.NUMERIC)
    found = locate({"channel_id": 7, "ts": 1234567890123456789}, rule)
    assert found == Located("7", "1234567890123456789", "01234567890123456789", "1234567890123456789", is_head=True)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"channel_id": None}, "channel_id"),
        ({"channel_id": ""}, "channel_id"),
        ({"channel_id": "x" * 256}, "channel_id"),
        ({"ts": None}, "ts"),
        ({"ts": 20.5}, "ts"),
        ({"ts": True}, "ts"),
        ({"ts": "yesterday"}, "ts"),
        ({"thread_ts": 7.1}, "thread_ts"),
        ({"thread_ts": "soon"}, "thread_ts"),
    ],
)
def test_what_cannot_be_placed_says_which_field_and_no_value(data: dict[str, object], path: str):
    found = _place(**data)
    assert isinstance(found, Unplaceable)
    assert found.path == path
    assert "yesterday" not in found.rule
    assert "soon" not in found.rule
