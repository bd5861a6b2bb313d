"""A cookie or a header goes where it belongs, and nowhere else (SL-2)."""

from __future__ import annotations

import pytest
from yarl import URL

from polyhost.files.access import FileAccess, file_url, leads_to

pytestmark = pytest.mark.requirement("SL-2")

NOW = 1_700_000_000.0


def cookie(name: str, domain: str, **more: object) -> dict[str, object]:
    """As Playwright gives one."""
    return {
        "name": name,
        "value": f"{name}-value",
        "domain": domain,
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": True,
        "sameSite": "Lax",
        **more,
    }


def sent(address: str, *cookies: dict[str, object], **more: object) -> dict[str, str]:
    access = FileAccess(hosts=("*.example.org",), cookies=cookies, **more)
    return access.headers_for(URL(address), NOW)


@pytest.mark.parametrize(
    ("domain", "address", "goes"),
    [
        ("files.example.org", "https://files.example.org/f", True),
        ("files.example.org", "https://files.example.org:8443/f", True),
        ("files.example.org", "https://FILES.example.org./f", True),
        ("files.example.org", "https://a.files.example.org/f", False),
        ("files.example.org", "https://other.example.org/f", False),
        (".example.org", "https://files.example.org/f", True),
        (".example.org", "https://a.b.example.org/f", True),
        (".example.org", "https://example.org/f", True),
        (".example.org", "https://notexample.org/f", False),
        (".example.org", "https://example.org.evil.net/f", False),
        (".example.org", "https://example.net/f", False),
        (".0.0.1", "https://127.0.0.1/f", False),
        ("127.0.0.1", "https://127.0.0.1/f", True),
        ("files.example.org", "http://files.example.org/f", False),
    ],
)
def test_a_cookie_goes_to_its_domain(domain: str, address: str, goes: bool):
    assert sent(address, cookie("d", domain)).get("Cookie") == ("d=d-value" if goes else None)


@pytest.mark.parametrize(
    ("path", "asked", "goes"),
    [
        ("/", "/files/a", True),
        ("/files", "/files", True),
        ("/files", "/files/a", True),
        ("/files/", "/files/a", True),
        ("/files", "/filesystem", False),
        ("/files/", "/files", False),
        ("/other", "/files", False),
    ],
)
def test_a_cookie_goes_to_its_path(path: str, asked: str, goes: bool):
    got = sent(f"https://a.example.org{asked}", cookie("d", "a.example.org", path=path))
    assert ("Cookie" in got) == goes


@pytest.mark.parametrize(("expires", "goes"), [(-1, True), (NOW + 1, True), (NOW, False), (0, False)])
def test_a_cookie_that_has_ended_goes_nowhere(expires: float, goes: bool):
    got = sent("https://a.example.org/", cookie("d", "a.example.org", expires=expires))
    assert ("Cookie" in got) == goes


def test_a_cookie_that_may_go_without_encryption_does():
    assert "Cookie" in sent("http://a.example.org/", cookie("d", "a.example.org", secure=False))


def test_the_longest_path_comes_first():
    got = sent(
        "https://a.example.org/x/y",
        cookie("a", "a.example.org"),
        cookie("b", ".example.org", path="/x/y"),
        cookie("c", "a.example.org", path="/x"),
    )
    assert got["Cookie"] == "b=b-value; c=c-value; a=a-value"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a;b", "a\0"])
def test_a_cookie_that_would_be_another_header_goes_nowhere(value: str):
    assert "Cookie" not in sent("https://a.example.org/", cookie("d", "a.example.org", value=value))


@pytest.mark.parametrize(
    ("pattern", "address", "goes"),
    [
        ("files.example.org", "https://files.example.org/f", True),
        ("*.example.org", "https://files.example.org/f", True),
        ("files.example.org", "https://other.example.org/f", False),
        ("files.example.org", "https://files.example.org:8443/f", False),
        ("files.example.org", "http://files.example.org/f", False),
        ("http://files.example.org", "http://files.example.org/f", True),
        ("https://files.example.org", "http://files.example.org/f", False),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/f", True),
        ("127.0.0.1:8080", "http://127.0.0.1:8081/f", False),
    ],
)
def test_a_header_goes_to_the_hosts_it_was_given_for(pattern: str, address: str, goes: bool):
    got = sent(address, headers={pattern: {"Authorization": "Bearer secret"}})
    assert got.get("Authorization") == ("Bearer secret" if goes else None)


@pytest.mark.parametrize(
    ("address", "referer"),
    [
        ("https://app.example.org/f", "https://app.example.org/client/T1?x=1"),
        ("https://files.example.org/f", "https://app.example.org/"),
        ("http://files.example.org/f", None),
    ],
)
def test_the_page_is_named_as_a_browser_names_it(address: str, referer: str | None):
    got = sent(address, referer="https://app.example.org/client/T1?x=1#there")
    assert got.get("Referer") == referer


def test_a_browser_is_named_where_there_is_one():
    assert sent("https://a.example.org/", user_agent="Mozilla/5.0")["User-Agent"] == "Mozilla/5.0"
    assert "User-Agent" not in sent("https://a.example.org/")


def test_no_secret_is_shown():
    access = FileAccess(
        hosts=("a.example.org",),
        cookies=[cookie("d", "a.example.org")],
        headers={"a.example.org": {"Authorization": "Bearer secret"}},
    )
    assert "d-value" not in repr(access)
    assert "secret" not in repr(access)


@pytest.mark.parametrize(
    ("hosts", "address", "before", "may"),
    [
        (("a.example.org",), "https://a.example.org/", None, True),
        (("a.example.org",), "https://a.example.org./", None, True),
        (("a.example.org",), "http://a.example.org/", None, True),
        (("https://a.example.org",), "http://a.example.org/", None, False),
        (("a.example.org",), "https://a.example.org:444/", None, False),
        (("*.example.org",), "https://example.org/", None, False),
        (("a.example.org",), "https://b.example.org/", None, False),
        (("[::1]:80",), "http://[::1]/", None, True),
        (("a.example.org",), "http://a.example.org/", "https://a.example.org/", False),
        (("a.example.org",), "https://a.example.org/", "http://a.example.org/", True),
        (("a.example.org",), "wss://a.example.org/", None, False),
    ],
)
def test_who_may_be_asked(hosts: tuple[str, ...], address: str, before: str | None, may: bool):
    assert FileAccess(hosts=hosts).may_ask(URL(address), None if before is None else URL(before)) == may


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("https://b.example/x?sig=a%2Fb", "https://b.example/x?sig=a%2Fb"),
        ("/x/../y", "https://a.example/y"),
        ("?q=1", "https://a.example/dir/f?q=1"),
        ("//b.example/x", "https://b.example/x"),
        ("x y", "https://a.example/dir/x%20y"),
        ("/ü", "https://a.example/%C3%BC"),
        ("", "https://a.example/dir/f?old=1"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("https://me:pw@b.example/", None),
        ("https://b.example\\@evil.example/", None),
        ("/x\r\nX-Evil: 1", None),
        ("http://[", None),
    ],
)
def test_where_a_redirect_leads(location: str, there: str | None):
    got = leads_to(URL("https://a.example/dir/f?old=1"), location)
    assert (None if got is None else str(got)) == there


def test_a_name_beyond_ascii_is_asked_in_its_one_spelling():
    assert str(file_url("https://bücher.example/ä b.png")) == "https://xn--bcher-kva.example/%C3%A4%20b.png"
