"""The parts of HAR a recording uses. Provenance: HAR 1.2, and ours for the refusals."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.browser.recordings.har import Entry, Recording, dump, load, parse
from polyhost.errors import RefusedError

GOOD = {"request": {"method": "GET", "url": "https://a.test/"}, "response": {"status": 200, "content": {"text": "x"}}}


def har(*entries: object) -> bytes:
    return json.dumps({"log": {"entries": list(entries)}}).encode()


def changed(part: str, **values: object) -> dict[str, object]:
    return {**GOOD, part: {**GOOD[part], **values}}


texts = st.text(st.characters(codec="utf-8"), max_size=20)
headers = st.lists(st.tuples(st.sampled_from(["content-type", "retry-after", "link"]), texts), max_size=3).map(tuple)
entries = st.builds(
    Entry,
    method=st.sampled_from(["GET", "POST"]),
    url=st.just("https://a.test/b?c=d"),
    request_headers=headers,
    request_body=st.none() | st.binary(max_size=20),
    status=st.integers(100, 599),
    response_headers=headers,
    body=st.binary(max_size=20),
    error=st.none() | st.just("TimedOut"),
)


@given(st.lists(entries, max_size=4))
def test_what_is_written_is_read_back(made: list[Entry]) -> None:
    """Bodies of any bytes survive, as text where they are text."""
    data = dump(Recording(tuple(made)))
    assert parse(data).entries == tuple(made)
    assert dump(parse(data)) == data


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (b"<html>", ["not JSON"]),
        (b"[]", ["not a HAR"]),
        (b'{"log": {"entries": {}}}', ["not a HAR"]),
        (har(GOOD, {"request": {"method": "GET"}}), ["entry 1", "url"]),
        (har(changed("request", url="ftp://a.test/")), ["entry 0", "url"]),
        (har(changed("request", url="https://a.test:port/")), ["entry 0", "url"]),
        (har(changed("request", method=None)), ["entry 0", "method"]),
        (har(GOOD, GOOD, changed("response", status="200")), ["entry 2", "status"]),
        (har(changed("response", status=0)), ["entry 0", "status"]),
        (har(changed("response", headers=[{"name": "a"}])), ["entry 0", "response.headers"]),
        (har(changed("response", content={"text": "%%%", "encoding": "base64"})), ["entry 0", "does not decode"]),
        (har(changed("response", content={"text": "x", "encoding": "rot13"})), ["entry 0", "rot13"]),
        (har(changed("request", postData={"text": 7})), ["entry 0", "postData"]),
        (har("entry"), ["entry 0", "url"]),
    ],
)
@pytest.mark.requirement("HO-2")
def test_a_broken_recording_is_refused_by_file_and_entry(tmp_path: Path, broken: bytes, words: list[str]) -> None:
    """Ours: bad input gives one clear sentence."""
    path = tmp_path / "recording.har"
    path.write_bytes(broken)
    with pytest.raises(RefusedError) as caught:
        load(path)
    assert all(word in caught.value.reason for word in [str(path), *words])
    assert caught.value.instruction


@pytest.mark.requirement("HO-2")
def test_a_missing_or_unreadable_recording_is_refused(tmp_path: Path) -> None:
    """Ours."""
    for path in (tmp_path / "none.har", tmp_path):
        with pytest.raises(RefusedError) as caught:
            load(path)
        assert str(path) in caught.value.reason


def test_recordings_of_other_tools_are_read() -> None:
    """Chrome writes posted parameters beside the text, Firefox instead of it; both add pseudo headers and base64."""
    post = {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a b", "value": "c&d"}]}
    content = {"text": base64.b64encode(b"\x00\xff").decode(), "encoding": "base64"}
    raw = changed("request", method="post", postData=post, headers=[{"name": ":authority", "value": "a.test"}])
    raw["response"] = {"status": 200, "content": content}
    (entry,) = parse(har(raw)).entries
    assert (entry.method, entry.request_body, entry.request_headers, entry.body) == (
        "POST",
        b"a+b=c%26d",
        (),
        b"\x00\xff",
    )
