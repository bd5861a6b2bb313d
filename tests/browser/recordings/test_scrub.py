"""Scrubbing: what must go is gone in every encoding, what must stay is intact. Provenance: HO-3, docs/recordings.md."""

from __future__ import annotations

import base64
import html
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyhost.browser.recordings.credentials import answered
from polyhost.browser.recordings.fixture import Redactions, Scenario
from polyhost.browser.recordings.har import Entry, Recording, dump
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.scrub import scrub, scrub_together
from polyhost.browser.recordings.verify import verify_scenario

RULES = RecordingRules.declared(
    {
        "redact": {
            "secret": ["token", "teams.*.session", "t"],
            "name": ["real_name", "display_name"],
            "email": ["email"],
            "text": ["text", "topic.value"],
            "id": ["user_id"],
        }
    }
)
JSON = (("content-type", "application/json"),)
FORM = (("content-type", "application/x-www-form-urlencoded"),)
TOKEN = "xoxc-1-2-3-0a1b2c3d/+é\"<&'4e5f"


def scenario(
    *entries: Entry, state: dict[str, Any] | None = None, expected: tuple[dict[str, Any], ...] = ()
) -> Scenario:
    return Scenario(Recording(entries), state or {"cookies": [], "origins": []}, expected, Redactions())


def answer(document: object, **more: Any) -> Entry:
    body = document if isinstance(document, str) else json.dumps(document)
    return Entry(
        method="GET", url="https://a.test/", response_headers=more.pop("headers", JSON), body=body.encode(), **more
    )


def whole(clean: Scenario) -> str:
    everything = [clean.storage_state, clean.expected, [dict(clean.redactions.kinds)]]
    bodies = [(entry.request_body or b"").decode() + entry.body.decode() for entry in clean.recording.entries]
    return dump(clean.recording).decode() + json.dumps(everything, ensure_ascii=False) + "".join(bodies)


def document(clean: Scenario, index: int = 0) -> Any:
    return json.loads(clean.recording.entries[index].body)


def everywhere(value: str) -> list[str]:
    encoded = [value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], html.escape(value)]
    encoded += [json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe="!~*'()")]
    encoded += [
        base64.b64encode(value.encode()).decode(),
        base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    ]
    return encoded


@pytest.mark.requirement("HO-3")
def test_a_secret_is_replaced_in_every_place_and_encoding_by_one_stand_in() -> None:
    """HO-3: HAR, session and expected output share one table."""
    basic = base64.b64encode(f"user:{TOKEN}".encode()).decode()
    page = f"<a href='/?x={quote(TOKEN)}' title=\"{html.escape(TOKEN)}\">{basic}</a>"
    local = json.dumps({"teams": {"T1": {"session": TOKEN}}})
    clean = scrub(
        scenario(
            Entry(
                method="POST",
                url=f"https://a.test/api?z={quote(TOKEN, safe='')}&ts=1700000000.000100",
                request_headers=FORM,
                request_body=urlencode({"token": TOKEN, "blob": json.dumps({"inner": TOKEN})}).encode(),
                response_headers=(("location", f"https://a.test/?t={quote(TOKEN)}"),),
                status=302,
            ),
            answer(page, headers=(("content-type", "text/html"),)),
            answer({"echo": f"got {TOKEN}!", "nested": json.dumps({"again": json.dumps([TOKEN])})}),
            state={
                "cookies": [],
                "origins": [{"origin": "https://a.test", "localStorage": [{"name": "cfg", "value": local}]}],
            },
            expected=({"stream": "s", "key": "1", "data": {"echo": TOKEN}},),
        ),
        RULES,
    )
    text = whole(clean)
    assert not [form for form in everywhere(TOKEN) if form in text]
    assert clean.expected[0]["data"]["echo"] == "xoxc-standin-1"
    assert document(clean, 2)["echo"] == "got xoxc-standin-1!"
    assert json.loads(json.loads(document(clean, 2)["nested"])["again"]) == ["xoxc-standin-1"]
    assert base64.b64encode(b"user:xoxc-standin-1").decode() in clean.recording.entries[1].body.decode()
    assert clean.recording.entries[0].url == "https://a.test/api?z=xoxc-standin-1&ts=1700000000.000100"
    assert clean.redactions.kinds == {"secret": {"teams.*.session": 1}}
    assert verify_scenario(clean, RULES) == []


@pytest.mark.requirement("HO-3")
def test_cookies_and_authorization_are_secret_without_a_rule() -> None:
    """HO-3; short cookie values go where they stand, and are not hunted through everything else."""
    entry = answer(
        {"count": 1, "lc": "1700000000", "page": "see d xoxd-a%2Bb%2Fcdef and xoxd-a+b/cdef"},
        request_headers=(
            ("Cookie", "d=xoxd-a%2Bb%2Fcdef; lc=1700000000; x=1"),
            ("Authorization", "Bearer abc123def456"),
        ),
        headers=(*JSON, ("Set-Cookie", "d=xoxd-a%2Bb%2Fcdef; Path=/; HttpOnly"), ("X-Auth", "abc123def456")),
    )
    cookie = {"name": "d", "value": "xoxd-a%2Bb%2Fcdef", "domain": ".a.test", "path": "/", "expires": 1893456000.5}
    clean = scrub(scenario(entry, state={"cookies": [cookie], "origins": []}), RecordingRules())
    (done,) = clean.recording.entries
    assert done.request_headers == (
        ("Cookie", "d=xoxd-standin-1; lc=standin-2; x=standin-3"),
        ("Authorization", "Bearer standin-4"),
    )
    assert done.response_headers[1:] == (("Set-Cookie", "d=xoxd-standin-1; Path=/; HttpOnly"), ("X-Auth", "standin-4"))
    assert document(clean) == {"count": 1, "lc": "1700000000", "page": "see d xoxd-standin-1 and xoxd-standin-1"}
    assert clean.storage_state["cookies"] == [{**cookie, "value": "xoxd-standin-1", "expires": -1}]
    assert clean.redactions.in_place_only == {"secret": 2}


@pytest.mark.requirement("HO-3")
def test_joins_and_timestamps_survive_and_everything_keeps_its_shape() -> None:
    """HO-3; PROTOCOL trap 7: ids, cursors and times are keys, and a declared id keeps prefix and length."""
    message = {
        "ts": "1700000000.000100",
        "user_id": "U024BE7LH",
        "text": "Hi <@U024BE7LH>, <https://acme.test/x?y=1|the plan> &amp; <mailto:a.b@acme.test|Anna>\n:tada: ok?",
        "number": 1700000000.0001,
        "topic": {"value": "Budget 2024", "last_set": 1700000000},
    }
    member = {"user_id": "U024BE7LH", "real_name": "Anna Smith", "email": "a.b@acme.test", "display_name": "anna"}
    cursor = base64.b64encode(b"user:U024BE7LH").decode()
    raw = scenario(
        answer({"messages": [message], "members": {"U024BE7LH": member}, "next": cursor, "self": "U024BE7LH"})
    )
    clean = document(scrub(raw, RULES))
    done, who = clean["messages"][0], clean["members"]["U00000001"]
    assert (done["ts"], done["number"], done["topic"]["last_set"]) == ("1700000000.000100", 1700000000.0001, 1700000000)
    assert done["user_id"] == who["user_id"] == clean["self"] == "U00000001"
    assert base64.b64decode(clean["next"]) == b"user:U00000001"
    assert who["email"] == "person-1@example.com"
    assert len(who["real_name"].split()) == 2
    assert who["display_name"] == who["display_name"].lower()
    lines = done["text"].split("\n")
    assert lines[1].startswith(":tada: ")
    assert lines[1].endswith("?")
    assert "<@U00000001>, " in lines[0]
    assert "<https://example.com/link-1|" in lines[0]
    assert "&amp;" in lines[0]
    assert "<mailto:person-1@example.com|" in lines[0]
    assert abs(len(done["text"]) - len(message["text"])) < 20
    assert not [word for word in ("Anna", "anna", "plan", "acme", "Budget") if word in json.dumps(clean)]


def test_a_name_that_is_a_word_of_the_api_is_replaced_only_where_it_is_a_name() -> None:
    """Ours: somebody calls themselves `message`; every message's type must stay. The file says that it happened."""
    raw = scenario(
        answer({"message": {"type": "message"}, "member": {"display_name": "message"}, "by": "zoe", "real_name": "zoe"})
    )
    clean = scrub(raw, RULES)
    assert document(clean)["message"] == {"type": "message"}
    assert document(clean)["member"]["display_name"] != "message"
    assert document(clean)["by"] == document(clean)["real_name"] != "zoe"
    assert clean.redactions.in_place_only == {"name": 1}


def test_names_count_as_whole_words_and_longest_first() -> None:
    """Ours: `Ann` is not in `Annual`; a secret that contains another is one secret."""
    body = {
        "real_name": "Ann",
        "display_name": "Ann Lee",
        "note": "Annual report by Ann Lee, for Ann.",
        "token": "abcdefgh12",
    }
    clean = document(
        scrub(scenario(answer({**body, "other": "xabcdefgh12y", "list": [{"token": "abcdefgh1234"}]})), RULES)
    )
    assert clean["note"] == f"Annual report by {clean['display_name']}, for {clean['real_name']}."
    assert clean["other"] == f"x{clean['token']}y"
    assert clean["list"][0]["token"] == "standin-2"


def test_declared_fields_are_found_in_script_and_html() -> None:
    """As Slack writes them: pages carry `"api_token":"…"` in inline script, and attributes carry escaped JSON."""
    rules = RecordingRules.declared({"redact": {"secret": ["api_token", "crumb"], "name": ["real_name"]}})
    page = (
        '<script>var a = {"api_token":"s-one-1234", crumb: \'s-two-1234\'};'
        ' x = "{\\"crumb\\":\\"s-three-1234\\"}";</script>'
        '<div data-me="{&quot;real_name&quot;:&quot;Zo&#235; O&#x27;Neil&quot;}">s-one-1234</div><path d="M0 0"/>'
    )
    clean = scrub(scenario(answer(page, headers=(("content-type", "text/html; charset=utf-8"),))), rules)
    text = clean.recording.entries[0].body.decode()
    assert '"api_token":"standin-1", crumb: \'standin-2\'' in text
    assert '\\"crumb\\":\\"standin-3\\"' in text
    assert 'standin-1</div><path d="M0 0"/>' in text
    assert "O&#x27;Neil" not in text
    assert "1234" not in text


def test_multipart_bodies_are_scrubbed_and_get_one_boundary() -> None:
    """Slack's client posts multipart; a browser's random boundary would make every recording differ."""

    def posted(boundary: str) -> Entry:
        parts = [("token", TOKEN), ("text", "Hello there everybody")]
        body = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in parts)
        head = 'Content-Disposition: form-data; name="f"; filename="me.png"'
        file = f"--{boundary}\r\n{head}\r\n\r\nPNG\r\n--{boundary}--\r\n"
        kind = (("content-type", f"multipart/form-data; boundary={boundary}"),)
        return Entry(method="POST", url="https://a.test/", request_headers=kind, request_body=(body + file).encode())

    one, two = (scrub(scenario(posted(b)), RULES).recording.entries[0] for b in ("----A1", "----B2"))
    assert one == two
    text = (one.request_body or b"").decode()
    assert "xoxc-standin-1" in text
    assert "Hello" not in text
    assert "PNG" not in text
    assert text.endswith("--polyhost-form-boundary--\r\n")


def test_pictures_and_files_leave_only_their_size() -> None:
    """Ours: no rule can point inside a photograph."""
    entry = Entry(
        method="GET",
        url="https://a.test/me.png",
        response_headers=(("content-type", "image/png"),),
        body=b"\x89PNG\xff",
    )
    assert scrub(scenario(entry), RULES).recording.entries[0].body == b"polyhost: 5 bytes stood here"


@pytest.mark.requirement("HO-3")
def test_scenarios_that_follow_one_another_share_their_stand_ins() -> None:
    """A second run's recording is replayed upon the first one's store, so what did not change must not."""
    first = scenario(answer({"email": "anna@acme.test"}), answer({"email": "ben@acme.test"}))
    second = scenario(answer({"email": "ben@acme.test"}), answer({"email": "cleo@acme.test"}))
    one, two = scrub_together([first, second], RULES)
    assert document(one, 1) == document(two, 0) == {"email": "person-2@example.com"}
    assert document(two, 1) == {"email": "person-3@example.com"}


def test_numbers_under_a_rule_are_replaced_and_stay_numbers() -> None:
    """Ours: some sites' ids are integers, and a number met elsewhere may be a time."""
    clean = document(
        scrub(scenario(answer({"user_id": 48213, "at": 48213, "also": {"user_id": 48214}, "none": None})), RULES)
    )
    assert clean == {"user_id": 10001, "at": 48213, "also": {"user_id": 10002}, "none": None}


@pytest.mark.requirement("SE-3")
@pytest.mark.parametrize("typed", ["swordfish", "correctHorseBattery", "hunter2b"])
def test_what_the_owner_typed_is_gone_where_the_site_makes_it_a_key(typed: str) -> None:
    """That a secret is some object's key makes it no field's name."""
    page = {"by": {typed: {"said": typed}}, "more": f"as {typed} it is", "at": "message"}
    raw = scenario(answer(page), expected=({"stream": "s", "key": "1", "data": {typed: 1}},))
    clean = scrub(replace(raw, known=dict(answered({"code": typed}))), RULES)
    assert typed not in whole(clean)
    [stood] = document(clean)["by"]
    assert document(clean) == {"by": {stood: {"said": stood}}, "more": f"as {stood} it is", "at": "message"}
    assert clean.expected[0]["data"] == {stood: 1}


@pytest.mark.requirement("SE-3")
def test_a_key_that_is_given_twice_hides_nothing() -> None:
    """No page reads the first of them, and whoever opens the file does."""
    nested = json.dumps({"inner": '{"token": "first-secret", "token": "second-secret"}'})
    twice = '{"token": "first-secret", "token": "second-secret", "keep": 1.50}'
    clean = scrub(scenario(answer(twice), answer(nested), answer('{"a": "anna@acme.test", "a": 1}')), RULES)
    assert "first-secret" not in whole(clean)
    assert "anna" not in whole(clean)
    assert document(clean)["token"] == "standin-1"
    assert verify_scenario(clean, RULES) == []


@pytest.mark.requirement("SE-3")
def test_whatever_a_session_holds_besides_is_scrubbed_too() -> None:
    cookie = {"name": "d", "value": TOKEN, "domain": "a.test", "comment": f"was {TOKEN}", "expires": 99.5}
    items = [{"name": "token", "value": "kept-for-a-tab"}, {"name": TOKEN, "value": "x"}]
    origin = {"origin": "https://a.test", "localStorage": [], "sessionStorage": items, "indexedDB": [{TOKEN: TOKEN}]}
    clean = scrub(scenario(answer({}), state={"cookies": [cookie], "origins": [origin]}), RULES)
    text = json.dumps(clean.storage_state)
    assert not [form for form in (*everywhere(TOKEN), "kept-for-a-tab") if form in text]
    assert verify_scenario(clean, RULES) == []


secrets = st.text("abcdefXYZ0189-_+/=%&\"'<>é ", min_size=8, max_size=24).filter(
    lambda s: s.strip() == s and any(c.isalpha() for c in s)
)


@pytest.mark.requirement("HO-3")
@given(st.lists(secrets, min_size=1, max_size=6, unique=True), st.data())
def test_no_secret_survives_in_any_encoding_and_stand_ins_are_distinct(values: list[str], data: st.DataObject) -> None:
    """HO-3 as a property; values that contain one another, and values in places no rule names, included."""
    assume(not any("standin" in value or value in "polyhost-form-boundary" for value in values))
    around = data.draw(st.text("~.,:;!", max_size=3))
    noise = {f"k{i}": f"{around}{value}{around}" for i, value in enumerate(values)}
    raw = scenario(
        answer({"list": [{"token": value} for value in values]}),
        Entry(
            method="POST",
            url=f"https://a.test/?{urlencode(noise)}",
            request_headers=FORM,
            request_body=urlencode(noise).encode(),
        ),
        answer(noise),
        answer("~ " + " ~ ".join(html.escape(value) for value in values), headers=(("content-type", "text/html"),)),
        expected=tuple({"k": base64.b64encode(f"~{value}~".encode()).decode()} for value in values),
    )
    clean = scrub(raw, RULES)
    replaced = [item["token"] for item in document(clean)["list"]]
    assert len(set(replaced)) == len(values)
    strings = [*document(clean, 2).values(), *(base64.b64decode(line["k"]).decode() for line in clean.expected)]
    text = whole(clean)
    for value in values:
        assert not [place for place in strings if value in place]
        assert not [form for form in everywhere(value) if form in text]
    assert verify_scenario(clean, RULES) == []


documents = st.recursive(
    st.text("abc 0123456789.<@U1>é", max_size=12) | st.integers() | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["token", "real_name", "email", "text", "user_id", "ts", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.mark.requirement("HO-3")
@given(st.lists(documents, min_size=1, max_size=3))
def test_scrubbing_is_stable_and_leaves_nothing_a_rule_names(made: list[Any]) -> None:
    """Ours: the same input gives the same bytes, verifying agrees, and what was scrubbed stays as it is."""
    raw = scenario(*(answer(item) for item in made))
    once = scrub(raw, RULES)
    assert dump(once.recording) == dump(scrub(raw, RULES).recording)
    assert verify_scenario(once, RULES) == []
    assert verify_scenario(scrub(once, RULES), RULES) == []


@pytest.mark.requirement("HO-3")
@given(st.lists(st.tuples(st.integers(10**9, 2 * 10**9), st.integers(0, 999_999)), min_size=1, max_size=5))
def test_timestamps_stay_intact_beside_anything_that_is_replaced(times: list[tuple[int, int]]) -> None:
    """HO-3, PROTOCOL trap 7: even where a cookie holds the very same digits."""
    stamps = [f"{seconds}.{micros:06d}" for seconds, micros in times]
    cookies = [{"name": "d-s", "value": str(times[0][0])}, {"name": "lc", "value": stamps[0]}]
    rows = [{"ts": stamp, "text": f"at {stamp} with Anna", "thread": {"latest": stamp}} for stamp in stamps]
    clean = scrub(scenario(answer({"rows": rows}), state={"cookies": cookies, "origins": []}), RULES)
    done = document(clean)["rows"]
    assert [(row["ts"], row["thread"]["latest"]) for row in done] == [(stamp, stamp) for stamp in stamps]
    assert not [row for row in done if "Anna" in row["text"]]
    assert {cookie["value"] for cookie in clean.storage_state["cookies"]} == {"standin-1", "standin-2"}
