"""A stranger's look at a recording. Provenance: HO-3; the shapes of Slack's credentials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyhost.browser.recordings.fixture import Redactions, Scenario, write_scenario
from polyhost.browser.recordings.har import Entry, Recording
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.verify import MAX_FINDINGS, verify

RULES = RecordingRules.declared(
    {"redact": {"secret": ["token"], "email": ["email"], "name": ["real_name"], "text": ["text"]}}
)


def left(tmp_path: Path, body: object, state: dict[str, object] | None = None) -> list[str]:
    text = body if isinstance(body, str) else json.dumps(body)
    kind = (("content-type", "application/json"),)
    entry = Entry(method="GET", url="https://a.test/", response_headers=kind, body=text.encode())
    write_scenario(tmp_path / "s", Scenario(Recording((entry,)), state or {}, (), Redactions()))
    return [str(finding) for finding in verify(tmp_path / "s", RULES)]


@pytest.mark.requirement("HO-3")
@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"token": "whatever"}, "secret: token"),
        ({"deep": [{"email": "anna@acme.test"}]}, "email: email"),
        ({"real_name": "Anna Smith"}, "name: real_name"),
        ({"text": "Lunch at noon?"}, "text: text"),
        ({"odd": "xoxc-123-456-abcdef"}, "credential"),
        ({"odd": "see xoxe.xoxp-1-abcdef0123"}, "credential"),
        ({"odd": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}, "credential"),
        ("<p>Authorization: Bearer abc123def456</p>", "credential"),
        ({"cookie d": "xoxd-AbCdEf%2B123"}, "credential"),
        ({"by": {"xoxc-123-456-abcdef": 1}}, "credential"),
        ('{"odd": "xoxc-123-456-abcdef", "odd": 1}', "credential"),
    ],
)
def test_what_is_left_is_found_by_place_and_rule_and_never_shown(tmp_path: Path, body: object, rule: str) -> None:
    """A finding goes into a terminal and a log."""
    (finding,) = left(tmp_path, body)
    assert "recording.har, entry 0" in finding
    assert rule in finding
    for value in ("whatever", "anna", "Smith", "Lunch", "abcdef", "eyJ", "123"):
        assert value not in finding


@pytest.mark.requirement("SE-3")
def test_a_place_names_fields_and_no_key_that_may_be_what_is_left(tmp_path: Path) -> None:
    """A key may be a token, an address or a person; a list's position changes from recording to recording."""
    body = [{"users": {key: {"mail": "ben@acme.test"}}} for key in ("anna@acme.test", "Anna Smith", "4915112345678")]
    assert left(tmp_path, body) == [
        "recording.har, entry 0, answer 0.users.(key) (looks like a mail address)",
        "recording.har, entry 0, answer 0.users.*.mail (looks like a mail address)",
    ]


@pytest.mark.requirement("HO-3")
def test_a_cookie_that_is_no_stand_in_is_found(tmp_path: Path) -> None:
    """Cookies are secret without a rule."""
    state: dict[str, object] = {"cookies": [{"name": "d", "value": "short", "domain": "a.test"}]}
    (finding,) = left(tmp_path, {}, state)
    assert finding.startswith("storage_state.json")


def test_ordinary_words_are_no_credentials(tmp_path: Path) -> None:
    """A finding stops a recording from being kept, so a false one costs an owner a recording."""
    body = {
        "a": "Bearer authentication is used",
        "b": "xoxc- tokens",
        "token": "xoxc-standin-1",
        "c": "1700000000.000100",
    }
    assert left(tmp_path, {**body, "text": "", "email": None, "real_name": "Alda Amberg"}) == []


def test_findings_are_bounded(tmp_path: Path) -> None:
    """Ours."""
    assert len(left(tmp_path, {f"a{i}": {"token": "t"} for i in range(MAX_FINDINGS + 9)})) == MAX_FINDINGS
