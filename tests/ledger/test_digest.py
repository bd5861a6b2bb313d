"""Equal content, equal digest; anything else differs (ours)."""

import json

import orjson
from hypothesis import given
from hypothesis import strategies as st

from polyhost.ledger.digest import DIGEST_BYTES, canonical, encode

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(codec="utf-8"))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
records = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), values, max_size=5)


@given(records)
def test_the_order_of_keys_means_nothing(data: dict[str, object]):
    turned = dict(reversed(data.items()))
    assert encode(turned) == encode(data)
    assert orjson.loads(encode(data).data) == data


@given(records, records)
def test_digests_are_equal_exactly_when_the_content_is(left: dict[str, object], right: dict[str, object]):
    same = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
    assert (encode(left).digest == encode(right).digest) == same


@given(records, values)
def test_volatile_fields_are_stored_but_not_compared(data: dict[str, object], value: object):
    changed = encode({**data, "views": value}, frozenset({"views"}))
    assert changed.digest == encode({name: data[name] for name in data if name != "views"}).digest
    assert orjson.loads(changed.data)["views"] == value
    assert len(changed.digest) == DIGEST_BYTES


def test_half_an_emoji_is_replaced_and_not_refused():
    """A site cuts texts in the middle of a surrogate pair; losing the record would be worse."""
    assert canonical({"b": "\ud83d", "a": "\ud83d\ude00"}) == '{"a":"😀","b":"�"}'.encode()


def test_an_integer_beyond_64_bits_keeps_its_digits():
    assert canonical({"n": 2**70}) == f'{{"n":{2**70}}}'.encode()
