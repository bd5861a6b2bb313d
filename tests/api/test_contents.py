"""The bytes of files over HTTP, from a server that listens: whole, in ranges, and never as anything that runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from api.serving import TOKEN, Client, served
from operations.filing import HTML, PDF, SVG, TEXT, attached, bring, keep, png, post, stored
from operations.shelf import Shelf
from polyhost.ledger.files import FileState

pytestmark = pytest.mark.requirement("SL-2")

PICTURE = png(3, width=64, height=48)
LARGE = bytes(range(256)) * 4096 * 3
"""Larger than what is read at once."""
NAMES = {
    "F1": ("harbour.png", "image/png", PICTURE),
    "F2": ("page.png", "image/png", HTML),
    "F3": ("drawing.svg", "image/svg+xml", SVG),
    "F4": ("berth.pdf", "application/pdf", PDF),
    "F5": ("notes.txt", "text/plain", TEXT),
    "F6": ("large.bin", "application/octet-stream", LARGE),
    "F7": ('a"b\r\nSet-Cookie: x=1;ü.png', "image/png", png(7)),
    "F8": ("empty.bin", None, b""),
    "F9": ("to-come.png", "image/png", None),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    made = Shelf(tmp_path_factory.mktemp("files") / "home")
    await made.connect()
    files = [attached(number, name, kind) for number, (name, kind, _) in NAMES.items()]
    await post(made, 1, "all of them", *files)
    await bring(made, {number: data for number, (*_, data) in NAMES.items() if data is not None})
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(shelf: Shelf) -> AsyncGenerator[Client]:
    async with served(shelf.home) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def numbers(shelf: Shelf) -> dict[str, int]:
    return await stored(shelf)


async def fetched(client: Client, number: int | str, *, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    sent = {"Authorization": f"Bearer {TOKEN}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{client.origin}/v1/connections/slack/files/{number}/content"
    async with client.session.request(method, url, headers=sent) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_the_list_is_the_same_as_on_a_command_line(client: Client, numbers: dict[str, int]):
    value = await client.get("/v1/connections/slack/files?state=here&type=image&limit=2")
    assert [one["name"] for one in value["files"]] == [NAMES["F7"][0], "drawing.svg"]
    assert value["totals"]["here"] == 8
    missing = await client.get("/v1/connections/slack/files?missing=true")
    assert [one["id"] for one in missing["files"]] == [numbers["F9"]]


@pytest.mark.parametrize("number", [one for one, (*_, data) in NAMES.items() if data is not None])
async def test_the_bytes_are_those_of_the_file(client: Client, numbers: dict[str, int], number: str):
    data = NAMES[number][2]
    status, headers, body = await fetched(client, numbers[number])
    assert (status, body) == (200, data)
    assert headers["Content-Length"] == str(len(data or b""))
    assert headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("number", "kind", "how"),
    [
        ("F1", "image/png", "inline"),
        ("F2", "application/octet-stream", "attachment"),
        ("F3", "application/octet-stream", "attachment"),
        ("F4", "application/pdf", "inline"),
        ("F5", "text/plain; charset=utf-8", "inline"),
        ("F6", "application/octet-stream", "attachment"),
        ("F8", "application/octet-stream", "attachment"),
    ],
)
async def test_what_could_run_is_only_ever_a_download(
    client: Client, numbers: dict[str, int], number: str, kind: str, how: str
):
    """By what the bytes are; the source calls a page a picture."""
    _, headers, _ = await fetched(client, numbers[number])
    assert headers["Content-Type"] == kind
    assert headers["Content-Disposition"].startswith(f"{how};")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    policy = headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "sandbox" in policy
    assert not [word for word in policy if word.startswith("sandbox ")], "nothing is allowed in it"


async def test_a_name_is_no_header(client: Client, numbers: dict[str, int]):
    _, headers, _ = await fetched(client, numbers["F7"])
    assert "Set-Cookie" not in headers
    safe = "a_bSet-Cookie_ x=1;ü.png"
    plain = "a_bSet-Cookie_ x_1__.png"
    told = f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
    assert headers["Content-Disposition"] == told


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=1000000-", 1_000_000, len(LARGE) - 1),
        ("bytes=-5", len(LARGE) - 5, len(LARGE) - 1),
        ("bytes=5-999999999999", 5, len(LARGE) - 1),
        ("bytes=-999999999999", 0, len(LARGE) - 1),
    ],
)
async def test_a_range_is_that_part(client: Client, numbers: dict[str, int], asked: str, first: int, last: int):
    status, headers, body = await fetched(client, numbers["F6"], Range=asked)
    assert status == 206
    assert headers["Content-Range"] == f"bytes {first}-{last}/{len(LARGE)}"
    assert body == LARGE[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=0-1,3-4", "bytes=5-2", "lines=1-2", "bytes=-", "bytes=x-"])
async def test_what_is_no_single_range_is_answered_with_the_whole(client: Client, numbers: dict[str, int], asked: str):
    status, _, body = await fetched(client, numbers["F1"], Range=asked)
    assert (status, body) == (200, PICTURE)


@pytest.mark.parametrize(("number", "asked"), [("F1", "bytes=100000-"), ("F8", "bytes=0-"), ("F8", "bytes=-1")])
async def test_a_range_behind_the_end_is_refused(client: Client, numbers: dict[str, int], number: str, asked: str):
    status, _, body = await fetched(client, numbers[number], Range=asked)
    assert status == 416
    assert b'"bad_range"' in body


async def test_the_same_bytes_are_not_sent_again(client: Client, numbers: dict[str, int]):
    _, headers, _ = await fetched(client, numbers["F1"])
    etag = headers["ETag"]
    status, _, body = await fetched(client, numbers["F1"], If_None_Match=f'"other", {etag}')
    assert (status, body) == (304, b"")
    assert (await fetched(client, numbers["F1"], If_None_Match='"other"'))[0] == 200
    assert (await fetched(client, numbers["F1"], Range="bytes=0-3", If_Range=etag))[2] == PICTURE[:4]
    assert (await fetched(client, numbers["F1"], Range="bytes=0-3", If_Range='"other"'))[2] == PICTURE


async def test_a_head_tells_all_but_the_bytes(client: Client, numbers: dict[str, int]):
    status, headers, body = await fetched(client, numbers["F6"], method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(LARGE)), b"")


async def test_a_file_that_is_not_here_says_why(client: Client, numbers: dict[str, int]):
    status, _, body = await fetched(client, numbers["F9"])
    assert status == 404
    assert b'"file_not_here"' in body
    assert b"It has not been fetched yet" in body


@pytest.mark.parametrize("number", ["0", "999999", "-1", "abc", "1e3", "%2e%2e", "1" * 30, "²"])
async def test_a_number_that_is_none_names_no_file(client: Client, number: str):
    status, _, body = await fetched(client, number)
    assert status == 404
    assert b"unknown_file" in body or b"no_such_page" in body


async def test_nobody_else_gets_them(client: Client, numbers: dict[str, int]):
    path = f"/v1/connections/slack/files/{numbers['F1']}/content"
    assert (await client("GET", path, headers={})).status == 401
    foreign = {"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}
    assert (await client("GET", path, headers=foreign)).status == 403
    embedded = {"Authorization": f"Bearer {TOKEN}", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert (await client("GET", path, headers=embedded)).status == 403


def changed(home: Path, digest: str, how: str) -> None:
    path = home / "files" / digest[:2] / digest
    path.unlink()
    if how == "a link elsewhere":
        secret = home / "secret"
        secret.write_bytes(b"x" * len(png(50)))
        path.symlink_to(secret)
    elif how == "shorter":
        path.write_bytes(b"short")
    elif how == "a folder":
        path.mkdir()


@pytest.mark.parametrize("how", ["gone", "shorter", "a link elsewhere", "a folder"])
async def test_what_was_taken_from_under_it_is_a_gap_and_no_error(home: Path, how: str):
    mine = Shelf(home)
    await mine.connect()
    await post(mine, 1, "x", attached("F1", "a.png"), attached("F2", "b.png"))
    kept = await bring(mine, {"F1": png(50), "F2": png(51)})
    number = (await stored(mine))["F1"]
    changed(home, kept["F1"].digest, how)
    async with served(home) as client:
        status, _, body = await fetched(client, number)
        assert status == 404
        assert b'"file_not_here"' in body
        listed = await client.get("/v1/connections/slack/files?missing=true")
        assert [(one["id"], one["state"]) for one in listed["files"]] == [(number, FileState.TO_COME)]
        assert listed["totals"]["here"] == 1
    assert keep(home, b"anything").size == 8
