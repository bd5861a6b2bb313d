"""When a request is the recorded one. Provenance: docs/recordings.md; the shape of Slack's own requests."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.browser.recordings.match import MAX_NAME, match_key, request_name, without_query
from polyhost.browser.recordings.recording_rules import RecordingRules

FORM = "application/x-www-form-urlencoded"
SLACK = RecordingRules.declared(
    {
        "ignore_query": ["_x_id"],
        "match_body": ["channel", "cursor", "profile", "email"],
        "redact": {"secret": ["token"], "email": ["email"]},
    }
)
WHOLE = RecordingRules.declared({"redact": {"secret": ["auth.token"]}})
URL = "https://acme.slack.com/api/conversations.history"


def multipart(fields: dict[str, str], boundary: str) -> tuple[str, bytes]:
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    return f"multipart/form-data; boundary={boundary}", "".join([*parts, f"--{boundary}--\r\n"]).encode()


def form_key(fields: dict[str, str], url: str = URL, rules: RecordingRules = SLACK) -> object:
    return match_key("POST", url, FORM, urlencode(fields).encode(), rules)


@pytest.mark.requirement("HO-2")
def test_volatile_query_unchosen_fields_and_secrets_do_not_matter() -> None:
    """docs/recordings.md: tokens and request ids differ between recording and replay."""
    first = form_key({"token": "xoxc-1", "channel": "C1", "limit": "28"}, f"{URL}?_x_id=noversion-1.5&slack_route=T1")
    again = form_key({"channel": "C1", "token": "xoxc-2", "limit": "200"}, f"{URL}?slack_route=T1&_x_id=ab-2.5#top")
    assert first == again
    assert first != form_key({"token": "xoxc-1", "channel": "C2"}, f"{URL}?slack_route=T1")
    assert first != form_key({"token": "xoxc-1", "channel": "C1"}, f"{URL}?slack_route=T2")
    assert first != form_key(
        {"token": "xoxc-1", "channel": "C1"}, f"{URL.replace('history', 'replies')}?slack_route=T1"
    )


@given(st.dictionaries(st.sampled_from(["channel", "cursor", "profile"]), st.text("abcäö &=%", max_size=8)))
def test_a_form_matches_however_it_is_encoded(fields: dict[str, str]) -> None:
    """Slack's client uses urlencoded and multipart, and a browser draws a new boundary each time."""
    one, two = multipart(fields, "----WebKitFormBoundaryA1"), multipart(fields, "----WebKitFormBoundaryB2")
    keys = {match_key("POST", URL, kind, body, SLACK) for kind, body in (one, two)}
    assert len(keys) == 1
    if fields:
        body = json.dumps(fields).encode()
        keys.add(match_key("POST", URL, "application/json", body, SLACK))
        keys.add(match_key("POST", URL, "text/plain", body, SLACK))
        keys.add(form_key(fields))
    assert len(keys) == 1


def test_without_chosen_fields_the_whole_body_counts_but_its_secrets() -> None:
    """Ours: order and nested secrets do not matter, every other value does."""

    def key(body: object) -> object:
        return match_key("POST", URL, "application/json", json.dumps(body).encode(), WHOLE)

    first = key({"a": 1, "auth": {"token": "one", "as": "me"}})
    assert first == key({"auth": {"as": "me", "token": "two"}, "a": 1})
    assert first != key({"a": 2, "auth": {"token": "one", "as": "me"}})
    assert match_key("PUT", URL, "", b"\xff\x00", WHOLE) != match_key("PUT", URL, "", b"\xff\x01", WHOLE)
    assert match_key("PUT", URL, "", b"plain", SLACK) != match_key("PUT", URL, "", b"other", SLACK)


def test_an_uploaded_file_matches_by_its_content() -> None:
    """Ours: names of files vary, and content can be large."""

    def key(content: str) -> object:
        kind, body = multipart({"profile": content}, "x")
        return match_key("POST", URL, kind, body.replace(b'name="profile"', b'name="profile"; filename="a.png"'), SLACK)

    assert key("one") == key("one") != key("two")


@pytest.mark.requirement("HO-2", "HO-3")
def test_a_name_shows_matched_fields_and_nothing_personal() -> None:
    """A name goes into diagnostics: bounded, no secret, no mail address."""
    fields = {"token": "xoxc-1", "channel": "C1", "cursor": "x" * 60, "email": "anna@acme.test", "limit": "28"}
    name = request_name(form_key(fields, f"{URL}?_x_id=1"), SLACK)
    assert name == f"POST acme.slack.com/api/conversations.history channel=C1 cursor={'x' * 39}… email=…"
    long = match_key("GET", "http://a.test:8080/" + "p" * 500, "", None, SLACK)
    assert len(request_name(long, SLACK)) == MAX_NAME
    assert request_name(long, SLACK).startswith("GET a.test:8080/ppp")


def test_parameters_that_never_matter_are_not_recorded() -> None:
    """A request id often holds the time it was made."""
    assert without_query("https://a.test/b?_x_id=1&c=d%20e&f#g", ["_x_id"]) == "https://a.test/b?c=d%20e&f"
    assert without_query("https://a.test/b?_x_id=1", ["_x_id"]) == "https://a.test/b"


def test_hosts_compare_without_case_and_default_port() -> None:
    """RFC 3986 6.2."""
    same = {
        match_key("get", url, "", None, SLACK) for url in ("https://A.test", "https://a.test:443/", "https://a.test/#x")
    }
    assert len(same) == 1
    assert match_key("GET", "https://a.test:8443/", "", None, SLACK) not in same
    assert match_key("GET", "http://[::1]:80/", "", None, SLACK).endpoint == "http://[::1]/"
