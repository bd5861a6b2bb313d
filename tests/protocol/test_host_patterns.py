"""Host patterns: what is one, what is none and why, what one covers (SE-1, HO-5)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.protocol.host_patterns import HostPatternError, allows_name, allows_url, host_pattern
from polyhost.protocol.public_suffixes import is_public_suffix

pytestmark = pytest.mark.requirement("SE-1")

SYNTAX = "a space or a control character"
LIST = "a comma or a semicolon"
WILD = "a wildcard is one"
SUFFIX = "is a public suffix"
NUMBER = "its last label is a number"
WHOLE = "a path, a query or a fragment"
PORT = "its port is not a number"
LABEL = "a label is up to 63 letters"
BRACKET = "no whole IPv6 address"
SPELLING = "not the canonical spelling"

REFUSED: dict[str, str] = {
    # wildcards that are none, or that reach what belongs to anybody
    "*": WILD,
    "**": WILD,
    "*.": "names no host",
    "*.*": WILD,
    "**.example.org": WILD,
    "*.*.example.org": WILD,
    "*evil*": WILD,
    "*example.org": WILD,
    "app.*.example.org": WILD,
    "example.*": WILD,
    "ex*mple.org": WILD,
    "https://*": WILD,
    "*://example.org": "its scheme is none",
    "*:443": WILD,
    "*.com": SUFFIX,
    "*.org": SUFFIX,
    "*.de": SUFFIX,
    "*.co.uk": SUFFIX,
    "*.com.au": SUFFIX,
    "*.github.io": SUFFIX,
    "*.cloudfront.net": SUFFIX,
    "*.s3.amazonaws.com": SUFFIX,
    "*.blogspot.com": SUFFIX,
    "*.herokuapp.com": SUFFIX,
    "*.vercel.app": SUFFIX,
    "*.localhost": SUFFIX,
    "*.internal": SUFFIX,
    "*.kawasaki.jp": SUFFIX,
    "*.other.ck": SUFFIX,
    "*.xn--p1ai": SUFFIX,
    "*.xn--55qx5d.cn": SUFFIX,
    "https://*.co.uk:8443": SUFFIX,
    "*.127.0.0.1": "an address has no names below it",
    "*.[::1]": "an address has no names below it",
    # addresses in spellings that programs read differently
    "0x7f.1": NUMBER,
    "0x7f000001": NUMBER,
    "0X7F.0.0.1": NUMBER,
    "127.1": NUMBER,
    "127.0.1": NUMBER,
    "2130706433": NUMBER,
    "017700000001": NUMBER,
    "0177.0.0.1": NUMBER,
    "127.0.0.01": NUMBER,
    "127.0.0.256": NUMBER,
    "127.0.0.1.": NUMBER,
    "1.2.3.4.5": NUMBER,
    "example.1": NUMBER,
    "example.0x1": NUMBER,
    "0.0.0.0": "nobody is reached",
    "255.255.255.255": "nobody is reached",
    "224.0.0.1": "nobody is reached",
    "[::]": "nobody is reached",
    "[ff02::1]": "nobody is reached",
    "[::ffff:127.0.0.1]": "an IPv4 address written as an IPv6 one",
    "[::ffff:7f00:1]": "an IPv4 address written as an IPv6 one",
    "[0:0:0:0:0:0:0:1]": SPELLING,
    "[::0001]": SPELLING,
    "[2001:DB8::1]": SPELLING,
    "[2001:db8:0::1]": SPELLING,
    "[fe80::1%1]": "a percent sign",
    "[::1%25lo]": "a percent sign",
    "[::1": BRACKET,
    "::1": "names no host",
    "2001:db8::1": NUMBER,
    "[]": BRACKET,
    "[127.0.0.1]": BRACKET,
    "[::1]x": BRACKET,
    "[example.org]": BRACKET,
    # other syntaxes
    "x.example,EXCLUDE *": SYNTAX,
    "x.example,EXCLUDE*": LIST,
    "a.example,b.example": LIST,
    "a.example;b.example": LIST,
    "a.example b.example": SYNTAX,
    " a.example": SYNTAX,
    "a.example ": SYNTAX,
    "a.example\n": SYNTAX,
    "a.example\r\nHost: b.example": SYNTAX,
    "a.example\t": SYNTAX,
    "a.example\x00": SYNTAX,
    "a.example\x7f": SYNTAX,
    "a.example\u200b": SYNTAX,
    "a.example\u00a0": SYNTAX,
    "a.exam\u00adple": SYNTAX,
    "\ufeffa.example": SYNTAX,
    "MAP * 127.0.0.1": SYNTAX,
    "~NOTFOUND": LABEL,
    "<-loopback>": LABEL,
    "$(id).example": LABEL,
    "`id`.example": LABEL,
    "a.example|b.example": LABEL,
    "'a.example'": LABEL,
    '"a.example"': LABEL,
    "(a+)+$.example": LABEL,
    "%61.example": "a percent sign",
    "a%2eexample": "a percent sign",
    "a.example/": WHOLE,
    "a.example/path": WHOLE,
    "https://a.example/": WHOLE,
    "https://a.example?q": WHOLE,
    "a.example#top": WHOLE,
    "a.example\\b": WHOLE,
    "//a.example": WHOLE,
    "https:a.example": PORT,
    "user@a.example": "a user name",
    "https://user:pass@a.example": "a user name",
    "https://a.example@b.example": "a user name",
    "https://https://a.example": "its scheme is none",
    "HTTPS://a.example": "its scheme is not in lower case",
    "ftp://a.example": "its scheme is none",
    "file://a.example": "its scheme is none",
    "data://a.example": "its scheme is none",
    "javascript://a.example": "its scheme is none",
    "imaps://mail.example.org": "its scheme is none",
    "://a.example": "its scheme is none",
    # names
    "": "it is empty",
    ".": "between two of its dots",
    "https://": "names no host",
    ":443": "names no host",
    "A.example": "not in lower case",
    "App.Example.ORG": "not in lower case",
    "a.example.": "it ends in a dot",
    "a.example..": "between two of its dots",
    ".a.example": "between two of its dots",
    "a..example": "between two of its dots",
    "-a.example": LABEL,
    "a-.example": LABEL,
    "a_b.example": LABEL,
    f"{'a' * 64}.example": LABEL,
    ".".join(["a" * 60] * 4 + ["example"] * 2): "at most 253",
    "a" * 301: "longer than 300",
    "bücher.example": "letters beyond ASCII",
    "BÜCHER.example": "letters beyond ASCII",
    "\uff41.example": "letters beyond ASCII",
    "\u0430\u0440\u0440\u04cf\u0435.example": "letters beyond ASCII",
    "☃.example": "letters beyond ASCII",
    "a\u3002example": "letters beyond ASCII",
    "xn--zzzz.example": "no encoded name",
    "xn--a.example": "no encoded name",
    "xn--BCHER-kva.example": "not in lower case",
    # ports
    "a.example:": PORT,
    "a.example:0": PORT,
    "a.example:65536": PORT,
    "a.example:99999999999999999999": PORT,
    "a.example:080": PORT,
    "a.example:+80": PORT,
    "a.example:-1": PORT,
    "a.example:8o": PORT,
    "a.example:٣": PORT,
    "a.example:80:80": PORT,
    "a.example:*": WILD,
    "https://a.example:443": "another, shorter spelling",
    "wss://a.example:443": "another, shorter spelling",
    "http://*.a.example:80": "another, shorter spelling",
}
USED: dict[str, str] = {
    "https://A.example:8443": "https://a.example:8443",
    "*.BÜCHER.example": "*.xn--bcher-kva.example",
    "a.example.": "a.example",
    "[::ffff:127.0.0.1]:8080": "127.0.0.1:8080",
    "[0:0:0:0:0:0:0:1]": "[::1]",
    "https://a.example:443": "https://a.example",
    "*.127.0.0.1": "127.0.0.1",
    "*.co.uk": "the site's own name, as in *.site.co.uk",
}
TAKEN = (
    "a.example",
    "app.slack.com",
    "*.slack.com",
    "slack.com",
    "a.b.c.d.e.example.org",
    "x.io",
    "localhost",
    "localhost:8080",
    "app.localhost",
    "*.home.localhost",
    "router",
    "site.github.io",
    "*.site.github.io",
    "*.site.co.uk",
    "bucket.s3.amazonaws.com",
    "*.city.kawasaki.jp",
    "*.www.ck",
    "xn--bcher-kva.example",
    "*.xn--bcher-kva.example",
    "xn--e1afmkfd.xn--p1ai",
    "r3---sn-4g5e6nsz.example.org",
    "3com.example",
    "1.example",
    "a-b.example",
    "a.example:8443",
    "https://a.example",
    "http://a.example",
    "https://a.example:8443",
    "http://a.example:443",
    "https://a.example:80",
    "https://*.a.example",
    "https://*.a.example:8443",
    "wss://a.example",
    "ws://a.example:8080",
    "127.0.0.1",
    "127.0.0.1:8080",
    "http://127.0.0.1:8080",
    "10.0.0.5",
    "192.0.2.10",
    "[::1]",
    "[::1]:8080",
    "https://[2001:db8::1]:8443",
    f"{'a' * 63}.example",
    "a.example:1",
    "a.example:65535",
)
MEANS_SOMETHING = re.compile(r"[,;\s~<>\"'|&$`\\/?#%@=]")
"""Characters with a meaning in --host-resolver-rules, in a proxy's bypass list, in a shell, or in a URL."""


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_what_is_no_pattern_is_refused_in_one_sentence_with_the_reason(text: str) -> None:
    with pytest.raises(HostPatternError) as refused:
        host_pattern(text)
    said = str(refused.value)
    assert REFUSED[text] in said
    assert " is not a valid host pattern: " in said
    assert "; use " in said
    assert said.isprintable()


def test_the_table_is_as_long_as_was_promised() -> None:
    assert len(REFUSED) >= 100
    assert len(TAKEN) >= 40


@pytest.mark.parametrize(("text", "use"), USED.items(), ids=ascii)
def test_a_refusal_says_what_to_write_instead(text: str, use: str) -> None:
    with pytest.raises(HostPatternError) as refused:
        host_pattern(text)
    assert refused.value.use == use


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_a_pattern_is_taken_as_it_is_written(text: str) -> None:
    assert str(host_pattern(text)) == text


LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
PORTS = st.one_of(st.just(""), st.integers(0, 70_000).map(lambda port: f":{port}"))
NEARLY = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "http://", "https://", "ws://", "wss://", "ftp://"]),
    st.sampled_from(["", "*.", "*"]),
    st.one_of(
        NAMES,
        st.ip_addresses(v=4).map(str),
        st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
        st.text(max_size=9),
    ),
    PORTS,
)


@given(st.one_of(NEARLY, st.text(max_size=40), st.text("a.:*[]/%@,-1x ", max_size=20)))
def test_whatever_is_taken_is_canonical_and_means_nothing_to_anything_else(text: str) -> None:
    try:
        pattern = host_pattern(text)
    except HostPatternError:
        return
    assert str(pattern) == text
    assert host_pattern(str(pattern)) == pattern
    assert text.isascii()
    assert text == text.lower()
    assert not MEANS_SOMETHING.search(text.partition("://")[2] or text)
    assert not MEANS_SOMETHING.search(pattern.name)
    assert not pattern.wildcard or not is_public_suffix(pattern.host)


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("app.slack.com", "app.slack.com", True),
        ("app.slack.com", "APP.slack.com.", True),
        ("app.slack.com", "evil-app.slack.com", False),
        ("app.slack.com", "app.slack.com.evil.test", False),
        ("*.slack.com", "acme.slack.com", True),
        ("*.slack.com", "a.b.slack.com", True),
        ("*.slack.com", "slack.com", False),
        ("*.slack.com", ".slack.com", False),
        ("*.slack.com", "evilslack.com", False),
        ("*.slack.com", "", False),
        ("[::1]", "::1", True),
        ("https://app.slack.com:8443", "app.slack.com", True),
    ],
)
@pytest.mark.requirement("HO-5")
def test_a_pattern_means_exactly_its_hosts(pattern: str, host: str, covered: bool) -> None:
    assert allows_name([pattern], host) is covered


@pytest.mark.parametrize(
    ("pattern", "url", "covered"),
    [
        ("a.example", "https://a.example/path", True),
        ("a.example", "http://a.example/", True),
        ("a.example", "wss://a.example/socket", True),
        ("a.example", "https://a.example:443/", True),
        ("a.example", "https://a.example:8443/", False),
        ("a.example", "http://a.example:443/", False),
        ("a.example:8443", "https://a.example:8443/", True),
        ("a.example:8443", "http://a.example:8443/", True),
        ("a.example:8443", "https://a.example/", False),
        ("https://a.example", "https://a.example/", True),
        ("https://a.example", "wss://a.example/", True),
        ("https://a.example", "http://a.example/", False),
        ("https://a.example", "ws://a.example/", False),
        ("http://a.example", "http://a.example/", True),
        ("wss://a.example:8443", "https://a.example:8443/", True),
        ("*.a.example", "https://b.a.example/", True),
        ("*.a.example", "https://a.example/", False),
        ("[::1]:80", "http://[::1]/", True),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/", True),
        ("127.0.0.1:8080", "http://127.0.0.1:8081/", False),
        ("a.example", "ftp://a.example/", False),
        ("a.example", "a.example", False),
        ("a.example", "https://a.example:port/", False),
        ("a.example", "https://[a.example/", False),
        ("a.example", "data:text/plain,https://a.example/", False),
        ("a.example", "https://b.example/?https://a.example/", False),
        ("a.example", "https://a.example@b.example/", False),
    ],
)
def test_a_url_is_covered_by_scheme_host_and_port(pattern: str, url: str, covered: bool) -> None:
    assert allows_url([pattern], url) is covered


@given(st.lists(LABELS, min_size=1, max_size=4), LABELS)
def test_a_wildcard_covers_everything_below_its_name_and_nothing_beside(labels: list[str], name: str) -> None:
    assert allows_name([f"*.{name}.test"], ".".join([*labels, name, "test"]))
    assert not allows_name([f"*.{name}.test"], ".".join([*labels, name + "x", "test"]))


@pytest.mark.parametrize(
    ("wide", "narrow", "includes"),
    [
        ("*.a.example", "b.a.example", True),
        ("*.a.example", "*.b.a.example", True),
        ("*.a.example", "*.a.example", True),
        ("*.a.example", "a.example", False),
        ("a.example", "*.a.example", False),
        ("*.b.a.example", "*.a.example", False),
        ("a.example", "https://a.example", True),
        ("https://a.example", "a.example", False),
        ("https://a.example", "wss://a.example", True),
        ("a.example", "a.example:443", False),
        ("a.example:443", "https://a.example", True),
        ("a.example", "b.example", False),
        ("a.example", "127.0.0.1", False),
    ],
)
def test_one_pattern_includes_another_where_it_covers_all_of_it(wide: str, narrow: str, includes: bool) -> None:
    assert host_pattern(wide).includes(host_pattern(narrow)) is includes


@pytest.mark.parametrize(
    ("text", "this_machine"),
    [("localhost", True), ("a.localhost:80", True), ("127.9.9.9", True), ("[::1]", True), ("10.0.0.1", False)],
)
def test_what_names_the_owners_own_machine_is_told(text: str, this_machine: bool) -> None:
    assert host_pattern(text).is_this_machine is this_machine


def test_a_wildcard_may_stand_on_any_suffix_where_its_hosts_are_sent_to_this_machine() -> None:
    assert host_pattern("*.localhost", any_suffix=True).host == "localhost"
    with pytest.raises(HostPatternError):
        host_pattern("*", any_suffix=True)
