"""Addresses of sites that their owners host: what is one, in which spelling, what is none and why (RS-5, SE-4)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.protocol.host_patterns import allows_url, host_pattern
from polyhost.protocol.site_address import MAX_SITE, SiteAddressError, site_address

pytestmark = pytest.mark.requirement("RS-5")

ONE_SPELLING = {
    "https://wiki.example.org": "https://wiki.example.org",
    "https://wiki.example.org/": "https://wiki.example.org",
    "https://wiki.example.org/w/": "https://wiki.example.org/w",
    "https://wiki.example.org/a/b": "https://wiki.example.org/a/b",
    "https://wiki.example.org:443": "https://wiki.example.org",
    "https://wiki.example.org:8448/w": "https://wiki.example.org:8448/w",
    "HTTPS://Wiki.Example.ORG/Path": "https://wiki.example.org/Path",
    "https://bücher.example": "https://xn--bcher-kva.example",
    "https://BÜCHER.example:8448": "https://xn--bcher-kva.example:8448",
    "https://example.org/~mina/wiki-1.2_3+4": "https://example.org/~mina/wiki-1.2_3+4",
    "https://example.org/%D0%B2": "https://example.org/%D0%B2",
    "https://[2606:4700::1]": "https://[2606:4700::1]",
    "https://[2606:4700::1]:8448/w": "https://[2606:4700::1]:8448/w",
    "https://1.1.1.1": "https://1.1.1.1",
}
AT_HOME = {
    "http://127.0.0.1": "http://127.0.0.1",
    "http://127.0.0.1:80": "http://127.0.0.1",
    "http://127.0.0.1:8123/wiki": "http://127.0.0.1:8123/wiki",
    "http://[::1]:8123/wiki": "http://[::1]:8123/wiki",
    "http://localhost:8123": "http://localhost:8123",
    "https://localhost": "https://localhost",
    "http://192.168.1.20:8080": "http://192.168.1.20:8080",
    "https://10.0.0.5": "https://10.0.0.5",
    "http://[fd00::5]": "http://[fd00::5]",
    "http://wiki.lan": "http://wiki.lan",
}
REFUSED = {
    "": "it is empty",
    "wiki.example.org": "use https://wiki.example.org",
    "wiki.example.org:8448/w": "use https://wiki.example.org:8448",
    "//wiki.example.org": "does not begin with https://",
    "/wiki": "does not begin with https://",
    "https:wiki.example.org": "does not begin with https://",
    "https:/wiki.example.org": "does not begin with https://",
    "javascript:alert(1)": "does not begin with https://",
    "javascript://wiki.example.org/%0Aalert(1)": "reached by https or http",
    "data:text/html,x": "does not begin with https://",
    "file:///etc/passwd": "reached by https or http",
    "ftp://wiki.example.org": "reached by https or http",
    "ws://wiki.example.org": "reached by https or http",
    "view-source:https://wiki.example.org": "does not begin with https://",
    "https://": "names no host",
    "https:///wiki": "names no host",
    "https://user@wiki.example.org": "a user name or a password",
    "http://user:pw@127.0.0.1": "a user name or a password",
    "https://wiki.example.org/@mina": "a user name or a password",
    "https://wiki.example.org?x=1": "it has a query; use https://wiki.example.org",
    "https://wiki.example.org/w/?title=Main": "it has a query; use https://wiki.example.org/w/",
    "https://wiki.example.org/#top": "it has a fragment",
    "https://wiki.example.org\\@evil.example": "it holds a backslash",
    "https:\\\\wiki.example.org": "it holds a backslash",
    "https://wiki.example.org /": "a space or a control character",
    " https://wiki.example.org": "a space or a control character",
    "https://wiki.example.org\n": "a space or a control character",
    "https://wiki.\texample.org": "a space or a control character",
    "https://wiki.example.org/\x00": "a space or a control character",
    "https://wiki.example.org/\u202e": "a space or a control character",
    "https://wiki.example.org.": "it ends in a dot; use https://wiki.example.org",
    "https://wiki..example.org": "nothing between two of its dots",
    "https://.example.org": "nothing between two of its dots",
    "https://wiki.example.org:": "its port is not a number",
    "https://wiki.example.org:0": "its port is not a number",
    "https://wiki.example.org:080": "its port is not a number",
    "https://wiki.example.org:65536": "its port is not a number",
    "https://wiki.example.org:٣": "its port is not a number",
    "https://wiki.example.org:80:80": "its port is not a number",
    "https://0x7f.1": "its last label is a number",
    "https://0x7f.0.0.1": "its last label is a number",
    "https://2130706433": "its last label is a number",
    "http://2130706433": "its last label is a number",
    "https://127.1": "its last label is a number",
    "https://0177.0.0.1": "its last label is a number",
    "https://127.0.0.1.": "its last label is a number",
    "https://[::ffff:127.0.0.1]": "an IPv4 address written as an IPv6 one",
    "https://[::1": "no whole IPv6 address",
    "https://[::1%25eth0]": "a percent sign",
    "https://[::1]x": "something stands behind its brackets",
    "https://[2606:4700:0::1]": "not the canonical spelling of this address; use https://[2606:4700::1]",
    "https://::1": "its port is not a number",
    "https://wiki。example.org": "beyond ASCII",
    "https://wiki\uff0eexample.org": "beyond ASCII",
    "https://exa\u00admple.org": "a space or a control character",
    "https://\uff45xample.org": "beyond ASCII; use https://example.org",
    "https://*.example.org": "more than one host",
    "https://a.example,b.example": "more than one host",
    "https://a.example;b.example": "a label is up to 63",
    "https://exam{ple.org": "a label is up to 63",
    "https://{site}": "a label is up to 63",
    "https://wiki_1.example.org": "a label is up to 63",
    "https://example.org/{site}": "its path is not made of",
    "https://example.org/w//x": "its path is not made of",
    "https://example.org//": "its path is not made of",
    "https://example.org//evil.example": "its path is not made of",
    "https://example.org/../x": "its path is not made of",
    "https://example.org/./x": "its path is not made of",
    "https://example.org/%2e%2e/x": "its path is not made of",
    "https://example.org/%2E%2E/x": "its path is not made of",
    "https://example.org/a%2Fb": "its path is not made of",
    "https://example.org/a%5Cb": "its path is not made of",
    "https://example.org/%00": "its path is not made of",
    "https://example.org/%0D%0Ax": "its path is not made of",
    "https://example.org/%7Emina": "its path is not made of",
    "https://example.org/%41": "its path is not made of",
    "https://example.org/%zz": "its path is not made of",
    "https://example.org/%": "its path is not made of",
    "https://example.org/a(b)+$": "its path is not made of",
    'https://example.org/"><script>': "its path is not made of",
    "https://example.org/a'b": "its path is not made of",
    "https://example.org/вики": "its path is not made of",
    "https://0.0.0.0": "nobody is reached",
    "https://224.0.0.1": "nobody is reached",
    "https://255.255.255.255": "nobody is reached",
    "https://240.0.0.1": "nobody's site is reached",
    "http://169.254.169.254": "nobody's site is reached",
    "https://[fe80::1]": "nobody's site is reached",
    "http://1.1.1.1": "without encryption; use https://1.1.1.1",
    f"https://example.org/{'x' * MAX_SITE}": "longer than 500 characters",
    f"https://{'x' * 64}.org": "a label is up to 63",
    f"https://{'x.' * 150}org": "at most 253 characters",
}
NOT_AT_HOME = ("http://127.0.0.1", "https://127.0.0.1", "http://[::1]", "https://localhost", "https://wiki.localhost",
               "https://10.0.0.5", "https://192.168.1.20", "https://[fd00::5]", "https://100.64.0.1")  # fmt: skip


@pytest.mark.parametrize(("typed", "kept"), ONE_SPELLING.items(), ids=ONE_SPELLING)
@pytest.mark.parametrize("private", [False, True])
def test_an_address_is_kept_in_one_spelling(typed: str, kept: str, private: bool):
    assert str(site_address(typed, allow_private=private)) == kept


@pytest.mark.parametrize(("typed", "kept"), AT_HOME.items(), ids=AT_HOME)
def test_this_machine_and_private_networks_are_taken_where_the_manifest_says_so(typed: str, kept: str):
    assert str(site_address(typed, allow_private=True)) == kept


@pytest.mark.parametrize("typed", NOT_AT_HOME)
def test_they_are_refused_where_it_does_not(typed: str):
    with pytest.raises(SiteAddressError, match="of this machine or of a private network, which this source"):
        site_address(typed, allow_private=False)


def test_a_name_is_not_taken_without_encryption_where_it_cannot_be_of_a_private_network():
    with pytest.raises(SiteAddressError, match=re.escape("without encryption; use https://wiki.example.org")):
        site_address("http://wiki.example.org", allow_private=False)


@pytest.mark.parametrize(("typed", "why"), REFUSED.items(), ids=[ascii(text)[:60] for text in REFUSED])
@pytest.mark.parametrize("private", [False, True])
def test_anything_else_is_refused_in_one_sentence(typed: str, why: str, private: bool):
    with pytest.raises(SiteAddressError) as refused:
        site_address(typed, allow_private=private)
    told = str(refused.value)
    assert why in told
    assert re.fullmatch(r"'?.* is not a valid address of a site: .+; use .+", told)
    assert len(told) < 300


@pytest.mark.requirement("SE-4")
def test_a_refusal_does_not_repeat_a_password_or_what_a_query_holds():
    for typed in (
        "https://mina:hunter2@wiki.example.org/w",
        "mina:hunter2@wiki.example.org",
        "https://wiki.example.org/?token=hunter2",
        "https://wiki.example.org/#hunter2",
        "https://wiki.example.org:x/@hunter2/?hunter2@wiki",
        "https://a:hunter2@b:hunter2@c\\",
    ):
        with pytest.raises(SiteAddressError) as refused:
            site_address(typed, allow_private=True)
        assert "hunter2" not in str(refused.value)


@given(st.text(max_size=60) | st.from_regex(r"https?://[^ ]{0,40}", fullmatch=True))
def test_whatever_is_taken_is_read_alike_by_others_and_stays_as_it_is(text: str):
    try:
        kept = str(site_address(text, allow_private=True))
    except SiteAddressError:
        return
    assert str(site_address(kept, allow_private=True)) == kept
    assert kept.isascii()
    assert not set(kept) & set("{}\\\"'<>|^`*;, @?#$()")
    origin = "/".join(kept.split("/")[:3])
    assert str(host_pattern(origin)) == origin
    assert allows_url([origin], f"{kept}/x")
    assert urlsplit(kept).username is None


def test_its_pattern_covers_this_scheme_host_and_port_and_nothing_else():
    pattern = str(site_address("https://wiki.example.org:8448/w", allow_private=True).pattern)
    assert pattern == "https://wiki.example.org:8448"
    assert allows_url([pattern], "https://wiki.example.org:8448/elsewhere")
    assert allows_url([pattern], "wss://wiki.example.org:8448/")
    for other in ("http://wiki.example.org:8448/", "https://wiki.example.org/", "https://x.wiki.example.org:8448/"):
        assert not allows_url([pattern], other)
