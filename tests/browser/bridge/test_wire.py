"""What crosses the bridge, as text (docs/bridge.md; PR-4.5: a bad line's text is never kept)."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.browser.bridge.wire import RECEIVER, Broken, Call, Calls, Hello, PageBatch, expression, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=5))
def test_a_batch_comes_out_as_it_went_in_with_its_size_in_bytes(messages: list[dict[str, object]]) -> None:
    text = orjson.dumps({"batch": 1, "messages": messages})
    assert parse(text.decode()) == PageBatch(messages, len(text))


@given(
    st.lists(st.text(max_size=5), unique=True, max_size=4).flatmap(
        lambda names: st.lists(st.tuples(JSON, st.fixed_dictionaries(dict.fromkeys(names, JSON))), max_size=4)
    )
)
def test_a_table_comes_out_as_the_records_it_stands_for(records: list[tuple[object, dict[str, object]]]) -> None:
    fields = list(records[0][1]) if records else []
    table = {
        "stream": "m",
        "emitted_at": "2026-11-22T08:00:00.000Z",
        "fields": fields,
        "rows": [[key, *(data[name] for name in fields)] for key, data in records],
    }
    around = [{"type": "PROGRESS", "message": "before"}, {"type": "PROGRESS", "message": "after"}]
    parsed = parse(orjson.dumps({"batch": 1, "messages": [around[0], table, around[1]]}).decode())
    assert isinstance(parsed, PageBatch)
    assert parsed.messages == [
        around[0],
        *(
            {"type": "RECORD", "stream": "m", "key": key, "data": data, "emitted_at": "2026-11-22T08:00:00.000Z"}
            for key, data in records
        ),
        around[1],
    ]


@pytest.mark.parametrize(
    "table",
    [
        {"rows": []},
        {"stream": "m", "emitted_at": "t", "fields": "ab", "rows": [["k", 1, 2]]},
        {"stream": "m", "emitted_at": "t", "fields": [1], "rows": [["k", 1]]},
        {"stream": "m", "emitted_at": "t", "fields": ["a"], "rows": {}},
        {"stream": "m", "emitted_at": "t", "fields": ["a"], "rows": [["k"]]},
        {"stream": "m", "emitted_at": "t", "fields": ["a"], "rows": [["k", 1, 2]]},
        {"stream": "m", "emitted_at": "t", "fields": ["a"], "rows": ["k1"]},
    ],
)
def test_a_table_that_is_none_breaks_the_whole_batch(table: dict[str, object]) -> None:
    """Half of it would be records nobody sent."""
    parsed = parse(orjson.dumps({"batch": 1, "messages": [table]}).decode())
    assert isinstance(parsed, Broken)
    assert parsed.rule == "not a table"


def test_calls_and_the_first_word_are_told_apart() -> None:
    assert parse('{"hello":1}') == Hello()
    assert parse('{"calls":[{"call":7,"method":"windows","params":{"stream":"m"}}]}') == Calls(
        [Call(7, "windows", {"stream": "m"})]
    )


@pytest.mark.requirement("PR-4.5")
@pytest.mark.parametrize(
    "payload",
    [
        "",
        "s3cret",
        "[]",
        "null",
        '{"batch":"1","messages":[]}',
        '{"batch":1,"messages":{}}',
        '{"calls":[{"call":1}]}',
        "\ud800",
    ],
)
def test_anything_else_is_remembered_by_length_and_digest_only(payload: str) -> None:
    broken = parse(payload)
    assert isinstance(broken, Broken)
    assert broken.length == len(payload.encode(errors="surrogatepass"))
    assert len(broken.digest) == 16
    assert "s3cret" not in repr(broken)


def test_what_goes_to_the_page_is_json_and_nothing_that_acts() -> None:
    hostile = "');alert(1);//\u2028\u2029</script>`${1}`"
    text = expression([{"result": hostile}])
    assert text.startswith(f'{RECEIVER}(JSON.parse("')
    quoted = text.removeprefix(f"{RECEIVER}(JSON.parse(").removesuffix("))")
    assert orjson.loads(orjson.loads(quoted)) == [{"result": hostile}]
