"""Nobody comes in who should not: a test for each rule, against a server that listens."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from api.serving import TOKEN, Answer, Client
from polyhost.api import asking, uploading
from polyhost.api.gate import FAILURES
from polyhost.api.guards import guard, problems
from polyhost.api.names import Names
from polyhost.server.listening import answering, listening

BEARER = {"Authorization": f"Bearer {TOKEN}"}
READ = "/v1/connections"


async def raw(client: Client, text: str) -> str:
    """What the server answers to these very bytes."""
    place = urlsplit(client.origin)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(text.replace("\n", "\r\n").encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return answer.decode()


def files(home: Path) -> set[Path]:
    return {path for path in home.rglob("*") if path.is_file()}


async def signed_in(client: Client) -> dict[str, str]:
    """What a browser sends that has used its link."""
    answer, host = await opened(client, client.server.link())
    assert answer.status == 303
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], "Host": host}


async def opened(client: Client, link: str, method: str = "GET") -> tuple[Answer, str]:
    """What is answered to a browser that opens a link, under the name that stands in it."""
    place = urlsplit(link)
    return await client(method, f"{place.path}?{place.query}", headers={"Host": place.netloc}), place.netloc


@pytest.mark.parametrize("path", [READ, "/openapi.json", "/metrics", "/", "/v1/runs/x/events", "/v1/nothing"])
async def test_nothing_is_answered_without_a_token(client: Client, path: str):
    answer = await client("GET", path, headers={})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.value["code"] == "unauthorized"


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}x", "Bearer", "", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}"])
async def test_a_wrong_token_is_refused_and_never_repeated(client: Client, given: str):
    answer = await client("GET", READ, headers={"Authorization": given})
    assert (answer.status, answer.value["code"]) == (401, "unauthorized")
    assert TOKEN[:-1] not in answer.text


async def test_a_token_of_bytes_that_are_no_text_is_wrong_and_nothing_breaks(client: Client):
    place = urlsplit(client.origin)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = f"GET {READ} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer ".encode()
    writer.write(head + b"\xff\xfe\r\n\r\n")
    answer = await reader.readuntil(b"\r\n")
    writer.close()
    assert answer.startswith((b"HTTP/1.1 401", b"HTTP/1.0 400", b"HTTP/1.1 400"))


async def test_wrong_tokens_are_slowed_down_and_whoever_is_right_never_is(own: Client):
    cookie = await signed_in(own)
    wrong = [await own("GET", READ, headers={"Authorization": "Bearer no"}) for _ in range(FAILURES + 1)]
    assert [answer.status for answer in wrong] == [401] * FAILURES + [429]
    assert int(wrong[-1].headers["Retry-After"]) > 0
    assert (await own("GET", READ)).status == 200
    assert (await own("GET", READ, headers=cookie)).status == 200
    assert (await own("GET", READ, headers={"Authorization": "Basic no"})).status == 429


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1.evil.example:{port}", "evil.example:{port}"])
async def test_a_name_that_was_made_to_point_here_is_refused(client: Client, host: str):
    """DNS rebinding: the browser thinks it talks to its own site."""
    host = host.format(port=urlsplit(client.origin).port)
    answer = await client("GET", READ, headers={**BEARER, "Host": host})
    assert (answer.status, answer.value["code"]) == (403, "bad_host")


async def test_two_host_headers_are_refused(client: Client):
    host = urlsplit(client.origin).netloc
    answer = await raw(client, f"GET {READ} HTTP/1.1\nHost: {host}\nHost: {host}\nAuthorization: Bearer {TOKEN}\n\n")
    assert answer.startswith(("HTTP/1.1 403", "HTTP/1.0 400", "HTTP/1.1 400"))


@pytest.mark.parametrize("second", [TOKEN, "no", ""])
async def test_two_authorization_headers_are_refused_whichever_is_right(client: Client, second: str):
    """A proxy in between may have looked at the other one."""
    host = urlsplit(client.origin).netloc
    for pair in ((TOKEN, second), (second, TOKEN)):
        sent = "".join(f"Authorization: Bearer {token}\n" for token in pair)
        answer = await raw(client, f"GET {READ} HTTP/1.1\nHost: {host}\n{sent}\n")
        assert answer.startswith(("HTTP/1.1 401", "HTTP/1.0 400", "HTTP/1.1 400"))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1"])
async def test_a_page_of_another_site_gets_nothing(own: Client, origin: str):
    headers = {**await signed_in(own), "X-Polyhost": "1", "Origin": origin.format(port=urlsplit(own.origin).port)}
    for method, path in (("GET", READ), ("POST", "/v1/connections/work/runs")):
        answer = await own(method, path, headers=headers)
        assert (answer.status, answer.value["code"]) == (403, "bad_origin")


async def test_a_form_of_another_site_that_sends_no_origin_is_known_by_where_it_came_from(own: Client):
    headers = {**await signed_in(own), "X-Polyhost": "1", "Sec-Fetch-Site": "cross-site"}
    answer = await own("POST", "/v1/connections/work/runs", headers=headers, body={})
    assert (answer.status, answer.value["code"]) == (403, "bad_origin")


async def test_a_cookie_alone_changes_nothing(own: Client):
    cookie = await signed_in(own)
    refused = await own("POST", "/v1/connections/work/schedule/pause", headers=cookie, body={})
    assert (refused.status, refused.value["code"]) == (403, "csrf")
    done = await own("POST", "/v1/connections/work/schedule/pause", headers={**cookie, "X-Polyhost": "1"}, body={})
    assert done.status == 200
    assert done.value["changed_at"] is not None


async def test_a_link_works_once_and_its_cookie_is_for_no_script_and_no_other_site(own: Client):
    link = own.server.link()
    first, _ = await opened(own, link)
    assert (first.status, first.headers["Location"]) == (303, "/")
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Domain" not in cookie
    assert TOKEN not in cookie
    second, _ = await opened(own, link)
    assert (second.status, "Set-Cookie" in second.headers) == (401, False)


async def test_a_link_is_not_used_up_by_looking_whether_it_is_there(own: Client):
    link = own.server.link()
    assert (await opened(own, link, "HEAD"))[0].status == 405
    assert (await opened(own, link))[0].status == 303


async def test_the_token_is_no_link_and_no_cookie(own: Client):
    assert (await own("GET", f"/login?code={TOKEN}", headers={})).status == 401
    signed = await signed_in(own)
    name = signed["Cookie"].partition("=")[0]
    assert (await own("GET", READ, headers=signed)).status == 200
    assert (await own("GET", READ, headers={**signed, "Cookie": f"{name}={TOKEN}"})).status == 401
    assert (await own("GET", f"{READ}?token={TOKEN}", headers={})).status == 401


async def test_signing_out_ends_the_session_for_good(own: Client):
    cookie = await signed_in(own)
    assert (await own("POST", "/v1/logout", headers={**cookie, "X-Polyhost": "1"})).status == 204
    assert (await own("GET", READ, headers=cookie)).status == 401


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/session-links?by_adress=true", None, "unknown_parameter"),
        ("/v1/session-links?by_address=yes", None, "bad_request"),
        ("/v1/session-links?by_address=true&by_address=false", None, "bad_request"),
        ("/v1/session-links", {"by_address": True}, "unknown_field"),
        ("/v1/session-links", [], "bad_request"),
        ("/v1/logout?everywhere=true", None, "unknown_parameter"),
        ("/v1/logout", {"everywhere": True}, "unknown_field"),
    ],
)
async def test_what_signing_in_and_out_does_not_take_is_refused_as_operations_do(
    own: Client, path: str, body: Any, code: str
):
    cookie = await signed_in(own)
    answer = await own("POST", path, headers={**cookie, "X-Polyhost": "1"}, body=body)
    assert (answer.status, answer.value["code"]) == (400, code)
    assert (await own("GET", READ, headers=cookie)).status == 200
    assert (await own("POST", "/v1/session-links?by_address=true")).value["link"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("abc.localhost", "http://abc.localhost", 200),
        ("abc.localhost:80", "http://abc.localhost", 200),
        ("localhost", "http://localhost:80", 200),
        ("abc.localhost", "http://abc.localhost:8080", 403),
        ("abc.localhost", "http://localhost", 403),
        ("abc.localhost:8080", None, 403),
    ],
)
async def test_at_port_80_the_port_may_be_left_out(own: Client, host: str, origin: str | None, status: int):
    """The port the test listens at is another one; only the headers tell."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    surface = replace(own.server.surface, names=Names(80, "abc.localhost"))
    app = web.Application(middlewares=[problems(surface, web.Response), guard(surface, web.Response)])
    app.router.add_get("/", hello)
    headers = {**BEARER, "Host": host} | ({} if origin is None else {"Origin": origin})
    with listening(0) as at:
        async with answering(app, at), own.session.get(f"http://{at.address}/", headers=headers) as answer:
            assert answer.status == status


@pytest.mark.parametrize("path", [READ, "/", "/v1/nothing", "/static/app.js", "/login"])
async def test_every_answer_carries_the_headers_that_keep_it_to_itself(client: Client, path: str):
    headers = (await client("GET", path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert "Server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/pages.py",
        "/static/..%2f..%2fpages.py",
        "/static//etc/passwd",
        "/v1/connections/..%2f..%2ftoken/health",
        "/v1/batches/..%2f..%2ftoken/receipt",
    ],
)
async def test_no_path_leads_out(client: Client, path: str):
    host = urlsplit(client.origin).netloc
    answer = await raw(client, f"GET {path} HTTP/1.1\nHost: {host}\nAuthorization: Bearer {TOKEN}\n\n")
    assert answer.split()[1] in {"404", "403", "400"}


async def test_an_uploads_name_leads_nowhere(own: Client, home: Path):
    before = files(home)
    answer = await own(
        "POST",
        "/v1/connections/chat/artifacts?filename=..%2F..%2F..%2Fescaped.txt",
        headers={**BEARER, "Content-Type": "application/octet-stream"},
        data=b"no export",
    )
    assert (answer.status, answer.value["code"]) == (400, "not_recognised")
    assert files(home) - before <= {
        home / "store.db-wal",
        home / "store.db-shm",
    }
    assert not (home.parent / "escaped.txt").exists()


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(own: Client):
    declared = await own(
        "POST",
        "/v1/connections/work/runs",
        headers={**BEARER, "Content-Type": "application/json"},
        data=io.BytesIO(b" " * (asking.MAX_BODY_BYTES + 1)),
    )
    assert (declared.status, declared.value["code"]) == (413, "body_too_large")


async def test_a_body_that_does_not_say_how_large_it_is_is_bounded_too(own: Client):
    async def chunks():
        for _ in range(20):
            yield b" " * 65_536

    answer = await own(
        "POST",
        "/v1/connections/work/runs",
        headers={**BEARER, "Content-Type": "application/json"},
        data=chunks(),
    )
    assert (answer.status, answer.value["code"]) == (413, "body_too_large")


async def test_an_upload_over_the_bound_is_refused_and_leaves_nothing(own: Client, home: Path):
    own.server.resources.uploads.max_bytes = 100_000

    async def chunks():
        for _ in range(4):
            yield b"x" * 65_536

    answer = await own(
        "POST",
        "/v1/connections/chat/artifacts?filename=chat.zip",
        headers={**BEARER, "Content-Type": "application/octet-stream"},
        data=chunks(),
    )
    assert (answer.status, answer.value["code"]) == (413, "upload_too_large")
    assert list((home / "uploads").iterdir()) == []


@pytest.mark.parametrize("name", ["a%0d%0aSet-Cookie:%20x=1", "a%0aX-Evil:1"])
async def test_no_value_becomes_a_header(client: Client, name: str):
    host = urlsplit(client.origin).netloc
    for path in (f"/v1/connections/{name}/health", f"/connections/{name}", f"/login?code={name}"):
        answer = await raw(client, f"GET {path} HTTP/1.1\nHost: {host}\nAuthorization: Bearer {TOKEN}\n\n")
        assert "x-evil" not in answer.lower()
        assert "set-cookie" not in answer.lower()


async def test_an_answer_that_is_not_understood_is_not_repeated(own: Client):
    secret = "hunter2-31415"
    answer = await own("POST", "/v1/runs/run_x/interactions/q1", body={"status": "success", "data": secret})
    assert (answer.status, answer.value["code"]) == (400, "bad_answer")
    assert secret not in answer.text


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/connections/work/runs", "application/json"),
        ("/v1/connections/work/artifacts?filename=a.zip", "application/octet-stream"),
    ],
)
async def test_a_body_that_does_not_come_is_not_waited_for(
    own: Client, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
):
    monkeypatch.setattr(asking, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(uploading, "BODY_SECONDS", 0.05)
    host = urlsplit(own.origin).netloc
    head = f"POST {path} HTTP/1.1\nHost: {host}\nAuthorization: Bearer {TOKEN}\n"
    answer = await raw(own, f"{head}Content-Type: {kind}\nContent-Length: 10\n\n{{")
    assert answer.startswith("HTTP/1.1 408")
