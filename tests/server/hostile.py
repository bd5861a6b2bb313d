"""What a hostile client sends, as bytes: each case with a mark in it that must turn up nowhere afterwards.

Must not know: the server.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CASES", "MARK", "Hostile"]

MARK = "s3cr3t-of-a-client"
_GET = "GET /v1/connections HTTP/1.1\r\nHost: {host}\r\n"
_POST = "POST /v1/connections/work/runs HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True, slots=True)
class Hostile:
    """`kind`: what the log says of it; None: it reads as a request, and is refused with `status` as such."""

    name: str
    sent: bytes
    kind: str | None
    status: int = 400


def _case(name: str, sent: str, kind: str | None, status: int = 400) -> Hostile:
    return Hostile(name, sent.replace("{mark}", MARK).encode("latin-1"), kind, status)


CASES = (
    # lines and headers
    _case("a token with a control character", _GET + "Authorization: Bearer {mark}\x01x\r\n\r\n", "message"),
    _case("a token with a NUL", _GET + "Authorization: Bearer {mark}\x00\r\n\r\n", "message"),
    _case("a token with a carriage return", _GET + "Authorization: Bearer {mark}\rx\r\n\r\n", "message"),
    _case("cookies over 8 kB", _GET + f"Cookie: polyhost={MARK}{'x' * 9000}\r\n\r\n", "too_long"),
    _case("a code in a target over 8 kB", f"GET /login?code={MARK}{'x' * 9000} HTTP/1.1\r\n\r\n", "too_long"),
    _case("a header's name over 8 kB", _GET + f"{MARK}{'x' * 9000}: 1\r\n\r\n", "too_long"),
    _case("more headers than anybody has", _GET + f"X-A: {MARK}\r\n" * 200 + "\r\n", "message"),
    _case("a header without a colon", _GET + "{mark}\r\n\r\n", "message"),
    _case("a header with a space before its colon", _GET + "X-A : {mark}\r\n\r\n", "message"),
    _case("a header with no name", _GET + ": {mark}\r\n\r\n", "message"),
    _case("a header that goes on in the next line", _GET + "X-A: 1\r\n {mark}\r\n\r\n", "message"),
    _case("a name of a header that is none", _GET + "X({mark}): 1\r\n\r\n", "message"),
    _case("a code before a version that is none", "GET /login?code={mark} HTTP/1.x\r\n\r\n", "request_line"),
    _case("a code in HTTP/0.9", "GET /login?code={mark}\r\n\r\n", "request_line"),
    _case("HTTP/2.0", "GET /login?code={mark} HTTP/2.0\r\nHost: {host}\r\n\r\n", "request_line"),
    _case("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{mark}", "message"),
    _case("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03{mark}", "method"),
    _case("no HTTP at all", "{mark} {mark}\r\n\r\n", "method"),
    _case("a method that is none", "{mark} / HTTP/1.1\r\nHost: {host}\r\n\r\n", "method"),
    _case("a method in small letters", "get /?{mark} HTTP/1.1\r\nHost: {host}\r\n\r\n", "method"),
    _case("bare line feeds", "GET /login?code={mark} HTTP/1.1\nHost: {host}\n\n", "request_line"),
    # targets
    _case("a code with a NUL", "GET /login?code={mark}\x00 HTTP/1.1\r\nHost: {host}\r\n\r\n", "target"),
    _case(
        "a code with a byte that is no text", "GET /login?code={mark}\xff HTTP/1.1\r\nHost: {host}\r\n\r\n", "target"
    ),
    _case(
        "a target as a proxy has it", "GET http://{host}/login?code={mark} HTTP/1.1\r\nHost: {host}\r\n\r\n", "target"
    ),
    _case("a target of another host", "GET http://{mark}.example/ HTTP/1.1\r\nHost: {host}\r\n\r\n", "target"),
    _case("a target that is no path", "GET {mark} HTTP/1.1\r\nHost: {host}\r\n\r\n", "target"),
    _case("a target with a fragment", "GET /login?code=x#{mark} HTTP/1.1\r\nHost: {host}\r\n\r\n", "target"),
    _case("asking for anything", "OPTIONS * HTTP/1.1\r\nHost: {host}\r\nX-A: {mark}\r\n\r\n", "target"),
    _case("CONNECT", "CONNECT {mark}.example:443 HTTP/1.1\r\nHost: {host}\r\n\r\n", "method"),
    _case("TRACE", "TRACE / HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {mark}\r\n\r\n", "method"),
    # hosts
    _case("no Host", "GET /login?code={mark} HTTP/1.1\r\n\r\n", "message"),
    _case("two Hosts", _GET + "Host: {mark}.example\r\n\r\n", "message"),
    _case("two Hosts that are one", _GET + "Host: {host}\r\nX-A: {mark}\r\n\r\n", "message"),
    _case("another Host", "GET / HTTP/1.1\r\nHost: {mark}.example\r\n\r\n", None, 403),
    # what a request wants besides
    _case(
        "an upgrade to a web socket", _GET + "Connection: Upgrade\r\nUpgrade: websocket\r\nX: {mark}\r\n\r\n", "upgrade"
    ),
    _case("an upgrade to HTTP/2", _GET + "Connection: Upgrade\r\nUpgrade: h2c\r\nX: {mark}\r\n\r\n", "upgrade"),
    _case("a web socket of long ago", _GET + "Sec-WebSocket-Key1: {mark}\r\n\r\n", "header"),
    _case("an expectation", _GET + "Expect: {mark}\r\n\r\n", "expectation"),
    _case("an expectation behind one", _GET + "Expect: 100-continue\r\nExpect: {mark}\r\n\r\n", "header"),
    _case("two types", _POST + "Content-Type: {mark}\r\nContent-Length: 2\r\n\r\n{}", "message"),
    _case("two places to go on from", _GET + "Last-Event-ID: 1\r\nLast-Event-ID: {mark}\r\n\r\n", "header"),
    _case("a wrong token", _GET + "Authorization: Bearer {mark}\r\n\r\n", None, 401),
    _case("two tokens", _GET + "Authorization: Bearer {mark}\r\nAuthorization: Bearer x\r\n\r\n", None, 401),
    _case("a cookie that is none", _GET + "Cookie: {mark}(=\x80;;=\r\n\r\n", None, 401),
    _case("a wrong code", "GET /login?code={mark} HTTP/1.1\r\nHost: {host}\r\n\r\n", None, 401),
    _case("a path that is none", "GET /v1/{mark}/%zz%00 HTTP/1.1\r\nHost: {host}\r\n\r\n", None, 401),
    # bodies
    _case("a length that is no number", _POST + "Content-Length: {mark}\r\n\r\n", "message"),
    _case("a length below nothing", _POST + "Content-Length: -1\r\nX-A: {mark}\r\n\r\n", "message"),
    _case("two lengths", _POST + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{mark}", "message"),
    _case("a length and chunks", _POST + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{mark}", "message"),
    _case("an unknown transfer encoding", _POST + "Transfer-Encoding: {mark}\r\n\r\n{}", "message"),
    _case("chunks of no size", _POST + "Transfer-Encoding: chunked\r\n\r\n{mark}\r\n", "message"),
    _case("a body in gzip", _POST + "Content-Encoding: gzip\r\nContent-Length: 18\r\n\r\n{mark}", "encoding"),
    _case(
        "a body in gzip behind one that is not",
        _POST + "Content-Encoding: identity\r\nContent-Encoding: gzip\r\nContent-Length: 18\r\n\r\n{mark}",
        "header",
    ),
    _case("chunks in gzip", _POST + "Transfer-Encoding: gzip, chunked\r\nX-A: {mark}\r\n\r\n0\r\n\r\n", "encoding"),
    _case("a request behind one that is refused", _GET + "\r\n{mark} / HTTP/1.1\r\n\r\n", "method"),
)
