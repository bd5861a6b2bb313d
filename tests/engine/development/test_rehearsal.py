"""Records held against those that are expected: in any order, by stream, key and field, without content (ours)."""

from __future__ import annotations

from typing import Any

from polyhost.engine.development.rehearsal import differences


def row(key: str, stream: str = "notes", **data: Any) -> dict[str, Any]:
    return {"stream": stream, "key": key, "partition": None, "data": data, "deleted": False}


def test_the_order_of_records_and_of_their_fields_does_not_count() -> None:
    one = [row("a", x=1, y=2), row("b")]
    other = [row("b"), row("a", y=2, x=1)]
    assert not differences(one, other)


def test_each_record_that_differs_is_named_by_stream_and_key_and_by_its_fields_and_no_content_is() -> None:
    wanted = [row("a", text="swordfish", n=1), row("b"), row("c", x=None), {**row("d"), "deleted": True, "data": None}]
    found = [row("a", text="sword", n=1), row("b", stream="others"), row("c"), row("d")]
    apart = differences(wanted, found)
    assert apart.missing == ("notes b",)
    assert apart.unexpected == ("others b",)
    assert apart.changed == ("notes a (text)", "notes c (x)", "notes d (deleted, data)")
    assert "sword" not in str(apart)
    assert str(apart).startswith(
        "1 did not come: notes b; 1 came and were not expected: others b; 3 came in another way"
    )


def test_of_many_the_first_are_named_and_the_others_counted() -> None:
    assert str(differences([row(str(number)) for number in range(9)], [])).endswith(
        "notes 0, notes 1, notes 2 and 6 more"
    )
