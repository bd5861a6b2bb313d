"""The tail of stderr: bounded, redacted of what is known, and fit for a terminal (ours; the profile is silent)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.connectors.stderr import MAX_EXCERPT, TAIL_BYTES, StderrTail


def excerpt(text: str, secrets=(), shorten=None) -> str:
    tail = StderrTail()
    tail.add(text.encode())
    return tail.excerpt(secrets, shorten)


def test_the_tail_stays_bounded():
    tail = StderrTail()
    for _ in range(100):
        tail.add(b"x" * 5000)
    assert len(tail) == TAIL_BYTES


def test_the_last_line_is_shown():
    assert excerpt("starting\nlost the connection\n\n") == "lost the connection"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("boom.mjs:3\nthrow x\n^\n\nTypeError: boom\n    at go (boom.mjs:3)\n\nNode.js v20.0.0\n", "TypeError: boom"),
        (
            "Traceback (most recent call last):\n  File x\njson.decoder.JSONDecodeError: bad\n",
            "json.decoder.JSONDecodeError: bad",
        ),
    ],
)
def test_a_line_that_names_an_error_is_shown_before_what_follows_it(text, line):
    assert excerpt(text) == line


def test_known_secrets_are_redacted_the_longest_first():
    """One secret may contain another: the shorter must not leave the rest of the longer standing."""
    assert excerpt("token abcd-efgh", {"abcd", "abcd-efgh"}) == "token [redacted]"


def test_secrets_are_redacted_as_json_and_urls_write_them():
    text = excerpt('sent "pa\\"ss" and pa%22ss and pa"ss', {'pa"ss'})
    assert text == 'sent "[redacted]" and [redacted] and [redacted]'


def test_digits_that_are_no_secret_stay_trap_7():
    """Trap: redacting any six digits destroyed timestamps and keys."""
    said = excerpt("code 123456 at 1712345600.000100 in C012345678", {"123456"})
    assert said == "code [redacted] at 1712345600.000100 in C012345678"


def test_a_secret_cut_by_the_bound_is_not_shown():
    secret = "s3cr3t-" + "k" * 60
    tail = StderrTail(limit=80)
    tail.add((secret + "!" * 60).encode())
    assert "kkkk" not in tail.excerpt({secret})


def test_control_characters_do_not_reach_a_terminal():
    assert excerpt("\x1b[31mred\x1b[0m\x07 \u202egnirts\r") == "red   gnirts"


def test_folder_and_home_are_shortened():
    shorten = {"/home/anna": "~", "/home/anna/site": "."}
    assert excerpt("no /home/anna/site/x in /home/anna/y", (), shorten) == "no ./x in ~/y"


@given(st.lists(st.one_of(st.binary(max_size=80), st.just(b"\n")), max_size=5))
def test_whatever_is_said_becomes_one_bounded_line(chunks):
    tail = StderrTail(limit=100)
    for chunk in chunks:
        tail.add(chunk)
    line = tail.excerpt()
    assert len(line) <= MAX_EXCERPT
    assert len(line.splitlines()) <= 1


@given(st.sets(st.text("AB-", min_size=4, max_size=12), min_size=1, max_size=3), st.data())
def test_no_known_secret_ever_comes_out(secrets, data):
    """Property: overlapping, nested, repeated, cut by the bound."""
    tail = StderrTail(limit=data.draw(st.integers(10, 60)))
    for piece in data.draw(
        st.lists(st.one_of(st.sampled_from(sorted(secrets)), st.text("xyz", max_size=4)), max_size=12)
    ):
        tail.add(piece.encode())
    line = tail.excerpt(secrets)
    assert not any(secret in line for secret in secrets)
