"""Two hundred secrets, in every place and encoding a site can put them: none survives, and what was joined stays so."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from polyhost.browser.recordings.credentials import SENT, answered, sent, stored
from polyhost.browser.recordings.fixture import Redactions, Scenario, write_scenario
from polyhost.browser.recordings.har import Entry, Recording
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.scrub import scrub

from .planted import ENCODINGS, HTML, JSON, PLACES, SITE, decoded, raw, texts_of

pytestmark = pytest.mark.requirement("SE-3")


def secret(number: int) -> str:
    """Nothing in its look gives it away but that it was sent: some letters, a sign, letters again."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return f"{digest[:7]}{'/+=~.'[number % 5]}{digest[7:14].upper()}"


def name(number: int) -> str:
    words = hashlib.sha256(b"n%d" % number).hexdigest().translate(str.maketrans("0123456789", "ghijklmnop"))
    return f"{words[:6].title()} {words[6:13].title()}"


def left(folder: Path, values: list[str]) -> set[str]:
    said = set().union(*map(decoded, texts_of(folder)))
    whole = "\0".join(said)
    return {value for value in values if value in whole}


def test_no_secret_that_was_sent_survives_in_any_decoded_form_of_any_file(tmp_path: Path) -> None:
    planted, values = raw(secret)
    assert len(values) == len(ENCODINGS) * (len(PLACES) + 1) >= 200
    write_scenario(tmp_path / "raw", planted)
    found = left(tmp_path / "raw", values)
    unread = {value for value in values if value not in found}
    gzipped = len(ENCODINGS)  # bodies that are gzip are one encoding deeper than the file says
    assert len(unread) <= gzipped, "the search has to find what is there"
    write_scenario(tmp_path / "clean", scrub(replace(planted, known=dict.fromkeys(values, SENT)), RecordingRules()))
    assert left(tmp_path / "clean", values) == set()


def test_no_declared_name_survives_either(tmp_path: Path) -> None:
    planted, values = raw(name)
    people = Entry(
        method="GET",
        url=f"{SITE}/people",
        response_headers=JSON,
        body=json.dumps([{"real_name": value} for value in values]).encode(),
    )
    planted = replace(planted, recording=Recording((people, *planted.recording.entries)))
    rules = RecordingRules.declared({"redact": {"name": ["real_name"]}})
    write_scenario(tmp_path / "clean", scrub(planted, rules))
    assert left(tmp_path / "clean", values) == set()


def test_what_was_sent_in_a_header_and_kept_under_another_name_has_one_stand_in() -> None:
    """A bearer token that was sent stays nowhere: not in local storage, not in a query, and they still join."""
    bearer, key, typed = "abc123DEF456", "k-77-lantern", "482913"
    items = [{"name": "remember", "value": json.dumps({"t": bearer})}]
    state = {"cookies": [], "origins": [{"origin": SITE, "localStorage": items}]}
    page = Entry(
        method="GET", url=f"{SITE}/?k={key}&otp={typed}", response_headers=HTML, body=f"{bearer} {key}".encode()
    )
    body = json.dumps({"code": int(typed), "at": "1700000000.482910"}).encode()
    login = Entry(method="POST", url=SITE, request_headers=JSON, request_body=body)
    headers = {"Authorization": f"Bearer {bearer}", "X-Acme-Key": key}
    known = dict([*sent(SITE, headers, None), *answered({"code": int(typed), "how": "mail"}, frozenset({"mail"}))])
    scenario = Scenario(Recording((page, login)), state, (), Redactions(), known=known)
    clean = scrub(scenario, RecordingRules())
    [kept] = clean.storage_state["origins"][0]["localStorage"]
    token = json.loads(kept["value"])["t"]
    first, second = clean.recording.entries
    assert first.body.decode().split()[0] == token
    assert first.body.decode().split()[1] in first.url
    assert json.loads(second.request_body or b"")["code"] in first.url
    assert json.loads(second.request_body or b"")["at"] == "1700000000.482910"
    assert not [
        value for value in (bearer, key, typed) if value in f"{clean.storage_state}{first}{second.request_body}"
    ]


@pytest.mark.parametrize(
    ("url", "headers", "body"),
    [
        (SITE, {"Cookie": "sid=SECRET99; x=1"}, None),
        (SITE, {"authorization": "Token SECRET99"}, None),
        (SITE, {"authorization": "Basic dXNlcjpTRUNSRVQ5OQ=="}, None),
        (SITE, {"X-Acme-Auth": "SECRET99"}, None),
        (SITE, {"X-Odd": "see xoxb-1-SECRET99"}, None),
        (f"{SITE}/?api_key=SECRET99", {}, None),
        ("https://user:SECRET99@a.test/", {}, None),
        (f"{SITE}/#access_token=SECRET99", {}, None),
        (SITE, {"content-type": "application/json"}, b'{"auth": {"pass_word": "SECRET99"}}'),
        (SITE, {"content-type": "application/json"}, b'[{"password": "SECRET99"}]'),
        (SITE, {"content-type": "application/json"}, b'{"password": "SECRET99", "password": "other"}'),
        (SITE, {"content-type": "application/json"}, b'{"by": {"xoxb-1-SECRET99": true}}'),
        (f"{SITE}/?xoxb-1-SECRET99", {}, None),
        (SITE, {"content-type": "application/x-www-form-urlencoded"}, b"a=1&Client-Secret=SECRET99"),
    ],
)
def test_every_credential_of_a_request_is_known(url: str, headers: dict[str, str], body: bytes | None) -> None:
    assert any("SECRET99" in value for value, _ in sent(url, headers, body))


def test_what_is_no_credential_is_not_taken_for_one() -> None:
    """Each would be hunted through the whole recording: a word that says how one signs in, what every browser says."""
    headers = {"X-Requested-With": "XMLHttpRequest", "Accept": "*/*", "User-Agent": "Mozilla/5.0 (X11; Linux)"}
    assert list(sent(f"{SITE}/?auth=cookie&channel=C024BE91L", headers, None)) == []
    state = {"cookies": [], "origins": [{"origin": SITE, "localStorage": [{"name": "team", "value": "T024BE91L"}]}]}
    assert list(stored(state)) == []
