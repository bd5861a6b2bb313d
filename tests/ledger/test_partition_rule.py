"""From a manifest's `partition` block to a rule (docs/architecture.md: the manifest)."""

from types import SimpleNamespace

import pytest

from polyhost.errors import RefusedError
from polyhost.ledger.partition_rule import partition_rule
from polyhost.ledger.state import CursorOrder, PartitionRule, RefreshPolicy

BLOCK = {
    "field": "channel_id",
    "cursor_field": "ts",
    "order": "decimal",
    "group_field": "thread_ts",
    "inventory_stream": "channels",
    "label_field": "name",
    "cursor_time": "unix_seconds",
    "refresh": {"lookback_records": 50, "requests_per_run": 20, "interval_seconds": 3600},
}


def test_json_and_a_model_give_the_same_rule():
    model = SimpleNamespace(**{**BLOCK, "refresh": SimpleNamespace(**BLOCK["refresh"])})
    expected = PartitionRule(
        stream="messages",
        field="channel_id",
        cursor_field="ts",
        order=CursorOrder.DECIMAL,
        group_field="thread_ts",
        inventory_stream="channels",
        label_field="name",
        cursor_time="unix_seconds",
        refresh=RefreshPolicy(lookback_records=50, requests_per_run=20, interval_seconds=3600),
    )
    assert partition_rule("messages", BLOCK) == partition_rule("messages", model) == expected


def test_what_is_left_out_has_its_default():
    rule = partition_rule("messages", {"field": "a", "cursor_field": "b", "order": "numeric", "refresh": {}})
    assert (rule.group_field, rule.refresh) == (None, RefreshPolicy())


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"field": None}, "partition.field"),
        ({"cursor_field": ""}, "partition.cursor_field"),
        ({"order": "float"}, "partition.order"),
        ({"group_field": 7}, "partition.group_field"),
        ({"cursor_time": "sundial"}, "partition.cursor_time"),
        ({"refresh": {"requests_per_run": -1}}, "partition.refresh.requests_per_run"),
        ({"refresh": {"interval_seconds": True}}, "partition.refresh.interval_seconds"),
    ],
)
def test_a_block_that_cannot_be_used_is_refused_by_name(change: dict[str, object], where: str):
    with pytest.raises(RefusedError) as refused:
        partition_rule("messages", {**BLOCK, **change})
    assert where in refused.value.reason


def test_an_order_of_arrival_that_is_none_is_refused():
    assert partition_rule("messages", {**BLOCK, "arrival": "any_order"}).arrival == "any_order"
    with pytest.raises(RefusedError, match=r"arrival cannot be used: it is none of in_order, any_order"):
        partition_rule("messages", {**BLOCK, "arrival": "sometimes"})
