"""Encodings: whatever stands inside one is handed over decoded, and comes back changed as it came."""

from __future__ import annotations

import base64
import gzip
import html
import json
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyhost.browser.recordings._layers import as_bytes, as_text, deflated, inflated, inside

from .planted import ENCODINGS

pytestmark = pytest.mark.requirement("SE-3")
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
words = st.text("abcdefgh /&<é+", min_size=0, max_size=20)


def swap(text: str, deep: int = 3) -> str:
    text = text.replace("N33dle/+", "Th1mble-")
    return inside(text, lambda plain: swap(plain, deep - 1)) if deep else text


@given(texts)
def test_what_is_left_alone_keeps_its_bytes(text: str) -> None:
    assert inside(text, lambda plain: plain) == text
    assert inside(quote(text), lambda plain: plain) == quote(text)


@given(st.sampled_from(sorted(set(ENCODINGS) - {"plain"})), words, words)
def test_a_value_is_met_in_every_encoding_with_anything_around_it(name: str, before: str, after: str) -> None:
    assume("N33dle" not in before)
    encoded = ENCODINGS[name](f"{before}N33dle/+{after}")
    assert swap(encoded) != encoded


@given(words, words)
def test_only_what_changed_is_spelled_anew(before: str, after: str) -> None:
    assert unquote(swap(f"a%2Fb%3D{quote(before)}N33dle%2F%2B{quote(after)}%26c")) == f"a/b={before}Th1mble-{after}&c"
    made = swap(json.dumps(before + "\u00e9N33dle/+" + after).replace("/", "\\/"))
    assert json.loads(made) == before + "\u00e9Th1mble-" + after
    escaped = html.escape(before) + "&eacute;N33dle&#47;+" + html.escape(after)
    assert html.unescape(swap(escaped)) == before + "\u00e9Th1mble-" + after


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 3))
def test_base64_is_read_from_any_offset_and_written_back_beside_its_neighbours(
    before: bytes, after: bytes, offset: int
) -> None:
    data = before + b"N33dle/+" + after
    made = swap("xyz"[:offset] + base64.b64encode(data).decode())
    assert base64.b64decode(made[offset:]) == before + b"Th1mble-" + after


@given(st.binary(max_size=200))
def test_bytes_are_text_one_way_and_back(data: bytes) -> None:
    assert as_bytes(as_text(data)) == data
    assert inflated(deflated(data, gzip.compress(b""))) == data
    assert inflated(deflated(data, b"\x78\x9c")) == data


def test_what_would_become_too_large_is_not_inflated() -> None:
    assert inflated(gzip.compress(bytes(65 * 2**20))) is None
    assert inflated(b"\x1f\x8b nothing of the kind") is None
