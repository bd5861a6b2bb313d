"""Heads that pass through: what is read of them, and what is passed on (SE-1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.proxy.heads import is_interim, read_request, rewritten_answer
from polyhost.proxy.policy import Destination

pytestmark = pytest.mark.requirement("SE-1")


def head(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("line", "to"),
    [
        ("CONNECT app.example:443 HTTP/1.1", Destination("app.example", 443)),
        ("CONNECT APP.example.:8443 HTTP/1.1", Destination("app.example", 8443)),
        ("CONNECT [::1]:443 HTTP/1.1", Destination("[::1]", 443)),
        ("GET http://app.example/x?y HTTP/1.1", Destination("app.example", 80, False)),
        ("POST HTTP://APP.example:8080 HTTP/1.1", Destination("app.example", 8080, False)),
        ("GET http://[::1]:8080/ HTTP/1.0", Destination("[::1]", 8080, False)),
    ],
)
def test_where_a_request_wants_to_go_is_in_its_first_line(line: str, to: Destination) -> None:
    asked = read_request(head(line, "Host: elsewhere.example"))
    assert asked is not None
    assert asked.to == to


@pytest.mark.parametrize(
    "line",
    [
        "",
        "GET / HTTP/1.1",
        "GET https://app.example/ HTTP/1.1",
        "GET ftp://app.example/ HTTP/1.1",
        "CONNECT app.example HTTP/1.1",
        "CONNECT app.example:0 HTTP/1.1",
        "CONNECT app.example:65536 HTTP/1.1",
        "CONNECT app.example:443/ HTTP/1.1",
        "CONNECT user@app.example:443 HTTP/1.1",
        "CONNECT http://app.example:443 HTTP/1.1",
        "CONNECT .:443 HTTP/1.1",
        "CONNECT :443 HTTP/1.1",
        "GET http://user@app.example/ HTTP/1.1",
        "GET http:///x HTTP/1.1",
        "GET http://app.example HTTP/2.0",
        "GET http://app.example/ a HTTP/1.1",
        "GET  http://app.example/ HTTP/1.1",
        "CONNECT a%2eexample:443 HTTP/1.1",
        "\x16\x03\x01",
    ],
)
def test_whatever_is_no_request_to_a_proxy_is_none(line: str) -> None:
    assert read_request(head(line)) is None


@pytest.mark.parametrize("header", ["X: a\nHost: evil.example", "X: a\rb", "X: a\x00", " Host: evil.example", "\tx"])
def test_a_header_that_servers_read_differently_is_refused(header: str) -> None:
    assert read_request(head("GET http://app.example/ HTTP/1.1", header)) is None


def test_a_request_is_passed_on_with_its_own_host_and_says_that_it_closes() -> None:
    asked = read_request(
        head(
            "GET http://app.example:8080?q=1 HTTP/1.1",
            "Host: elsewhere.example",
            "Proxy-Connection: keep-alive",
            "Proxy-Authorization: Basic c2VjcmV0",
            "Connection: Upgrade",
            "Upgrade: h2c",
            "Cookie: a=b",
        )
    )
    assert asked is not None
    assert asked.forward == b"GET /?q=1 HTTP/1.1\r\nHost: app.example:8080\r\nCookie: a=b\r\nConnection: close\r\n\r\n"


def test_an_answer_is_passed_on_and_says_that_it_closes() -> None:
    answer = head("HTTP/1.1 200 OK", "Connection: keep-alive", "Keep-Alive: timeout=5", "Set-Cookie: a=b")
    assert rewritten_answer(answer) == b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\n"
    assert rewritten_answer(b"220 mail.example ESMTP") is None
    assert rewritten_answer(b"HTTP/2 200") is None


@pytest.mark.parametrize(
    ("status", "interim"), [("100 Continue", True), ("103", True), ("200 OK", False), ("404", False)]
)
def test_an_interim_answer_is_told_from_the_one_that_ends(status: str, interim: bool) -> None:
    assert is_interim(head(f"HTTP/1.1 {status}", "Link: x")) is interim


@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise_or_smuggle_a_line(data: bytes) -> None:
    asked = read_request(b"GET http://app.example/ HTTP/1.1\r\n" + data)
    if asked is not None and asked.forward is not None:
        lines = asked.forward.split(b"\r\n")
        assert b"\n" not in b"".join(lines)
        assert [line for line in lines if line.lower().startswith(b"host:")] == [b"Host: app.example"]
    read_request(data)
    rewritten_answer(data)
    is_interim(data)
