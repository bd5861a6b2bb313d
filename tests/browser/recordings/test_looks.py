"""What gives itself away by its look, and what only resembles it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.browser.recordings.looks import Look, is_random, looks_in

pytestmark = pytest.mark.requirement("SE-3")
HEX = "0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("xoxb-123456789-abcdef", Look.TOKEN),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", Look.TOKEN),
        ("sk-proj-abcdefghij0123456789", Look.TOKEN),
        ("AKIAIOSFODNN7EXAMPLE", Look.TOKEN),
        ("ya29.a0AfH6SMBx", Look.TOKEN),
        ("glpat-abcdefghij0123456789", Look.TOKEN),
        ("-----BEGIN RSA PRIVATE KEY-----", Look.TOKEN),
        ("Authorization: Bearer abc123def456", Look.TOKEN),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", Look.JWT),
        ("8f3Kq0Zt7Lm2Xw9Rb5Yc", Look.RANDOM),
        ("see /files/8f3Kq0Zt7Lm2Xw9Rb5Yc/download/file", Look.RANDOM),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", Look.RANDOM),
        ("write to anna.smith@acme.co.uk", Look.MAIL),
        ("call +49 170 1234567", Look.PHONE),
        ("(030) 1234 5678", Look.PHONE),
        ("555-123-4567", Look.PHONE),
    ],
)
def test_each_look_is_seen(text: str, look: Look) -> None:
    assert [seen.look for seen in looks_in(text)] == [look]


@pytest.mark.parametrize(
    "text",
    [
        "xoxc-standin-1 standin-12 person-3@example.com Bearer standin-4",
        "eyJhbGciOiJub25lIn0.standin-1.standin",
        "1700000000.000100 1700000000000 2024-12-01T08:15:00.000Z 2024-12-01 08:15:00",
        "conversations.history/includeAllMetadata thread_counts_by_channel",
        "ThisIsAVeryLongCamelCaseIdentifierOfACompany",
        "https://app.example.com/client/archives/messages/search",
        "icon@2x.png lodash@4.17.21 @mention user@localhost",
        "10.0.0.1 192.168.100.200 1,000,000 3.14159265358979323846",
        "00000000000000000000000 aaaaaaaaaaaaaaaaaaaaaaaaaa",
    ],
)
def test_what_only_resembles_one_is_not(text: str) -> None:
    assert list(looks_in(text)) == []


@given(st.text(HEX, min_size=32, max_size=64).filter(lambda text: len(set(text)) > 9 and not text.isdigit()))
def test_drawn_digits_are_random(text: str) -> None:
    assert is_random(text) or text.isalpha()


@pytest.mark.timeout(20)
def test_a_long_text_is_gone_through_once() -> None:
    """A matcher that goes back would not end: the run itself is the proof."""
    for piece in ("a", "a@", "1-", "(0", "+1 ", "eyJa.", "bearer ", "A1b2/", "%", "="):
        list(looks_in(piece * 50_000))
