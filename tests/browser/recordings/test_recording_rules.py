"""What a manifest declares about recordings. Provenance: docs/recordings.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyhost.browser.recordings.recording_rules import Kind, RecordingRules
from polyhost.errors import RefusedError


def test_fields_are_found_by_name_by_path_and_in_lists() -> None:
    """A bare name is the last key; a path is the end of one; `*` is any one step; items belong to their list."""
    rules = RecordingRules.declared(
        {"redact": {"secret": ["teams.*.token"], "name": ["Real_Name", "members.*.name"], "text": ["previous_names"]}}
    ).field_rules
    assert rules.find(("profile", "real_name")) == (Kind.NAME, "Real_Name")
    assert rules.find(("a", "teams", "T1", "token")) == (Kind.SECRET, "teams.*.token")
    assert rules.find(("members", 3, "name")) == (Kind.NAME, "members.*.name")
    assert rules.find(("previous_names", 0)) == (Kind.TEXT, "previous_names")
    for other in [("token",), ("channel", "name"), ("name",), (), (0,)]:
        assert rules.find(other) is None


@pytest.mark.parametrize(
    ("recording", "where"),
    [
        ({"redact": {"sekret": ["x"]}}, "redact.sekret"),
        ({"match_body": "channel"}, "match_body"),
        ({"igno": []}, "igno"),
    ],
)
def test_a_wrong_declaration_is_refused_by_its_place(recording: dict[str, object], where: str) -> None:
    """A misspelt rule would otherwise let through what it was to replace."""
    with pytest.raises(RefusedError) as caught:
        RecordingRules.from_manifest({"polyfill": {"recording": recording}})
    assert f"polyfill.recording.{where}" in caught.value.reason


def test_the_sites_hosts_and_ignored_urls_come_from_the_manifest(root: Path) -> None:
    """The bundled manifest is valid, and its hosts decide whose traffic a recording holds."""
    rules = RecordingRules.from_manifest(json.loads((root / "polyfills/slack/manifest.json").read_text()))
    assert rules.is_site("https://acme.slack.com:8443/api/x")
    assert not rules.is_site("https://slack.com.evil.test/")
    assert not rules.is_ignored("https://acme.slack.com/api/x")
    assert RecordingRules.declared({"ignore_urls": ["*/beacon/*"]}).is_ignored("https://a.test/beacon/1")
    assert RecordingRules.declared(None).is_site("https://anything.test/")
