"""Files come whole, or it is said why not, whatever a server does (SL-2)."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from files.hostile_site import (
    PUBLIC,
    Answer,
    Asked,
    Names,
    Ranged,
    Site,
    endless,
    file,
    head,
    redirect,
    says,
    serving,
)
from polyhost.files.access import FileAccess
from polyhost.files.contents import Contents
from polyhost.files.downloads import DownloadLimits, Downloads, Fetched, Wanted
from polyhost.ledger.files import Content, FileReason, FileState
from polyhost.protocol.host_patterns import host_pattern
from polyhost.proxy import Policy

pytestmark = pytest.mark.requirement("SL-2")

DATA = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(300_000)
PAGE = b"<!DOCTYPE html>\n<html><body>" + b"Sign in. " * 500
MAX = 1_000_000
HOSTS = ("files.example", "*.storage.example", "home.example")
NAMES = {
    "files.example": PUBLIC,
    "signed.storage.example": PUBLIC,
    "elsewhere.example": PUBLIC,
    "home.example": "192.168.1.20",
}
LIMITS = DownloadLimits(again_seconds=0)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving(Site()) as running:
        yield running


@pytest.fixture
def contents(home: Path) -> Contents:
    return Contents(home)


def policy(*hosts: str) -> Policy:
    return Policy(allow=tuple(map(host_pattern, hosts)))


@pytest.fixture
async def downloads(site: Site, contents: Contents) -> AsyncIterator[Downloads]:
    access = FileAccess(hosts=HOSTS)
    async with Downloads(contents, access, policy(*HOSTS), limits=LIMITS, network=Names(site.port, NAMES)) as running:
        yield running


@pytest.fixture
def fetch(site: Site, downloads: Downloads):
    async def fetched(answer: Answer, **more: object) -> Fetched:
        site.answers["/f"] = answer
        wanted = {"address": "http://files.example/f", "type": "image/png", **more}
        return await downloads.fetch(Wanted(1, **wanted), MAX)

    return fetched


def is_whole(fetched: Fetched, contents: Contents, home: Path, data: bytes = DATA) -> bool:
    """It is here, as it was sent, and nothing is left beside it."""
    digest = hashlib.sha256(data).hexdigest()
    left = [*(home / "files" / "partial").iterdir()]
    assert fetched.content is not None, fetched
    assert contents.path(digest).read_bytes() == data
    return (fetched.state, fetched.content.digest, fetched.content.size, left) == (
        FileState.HERE,
        digest,
        len(data),
        [],
    )


def left(home: Path) -> int:
    """Bytes kept to go on from."""
    return sum(path.stat().st_size for path in (home / "files" / "partial").glob("*.part"))


async def test_a_file_comes_whole(fetch, contents: Contents, home: Path, site: Site):
    fetched = await fetch(file(DATA), size=len(DATA), name="../../a\x00b.png")
    assert is_whole(fetched, contents, home)
    assert fetched.content.type == "image/png"
    assert site.asked[0].headers["accept-encoding"] == "identity"
    assert "range" not in site.asked[0].headers


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 300_008])
async def test_a_file_of_any_size_comes_whole(fetch, contents: Contents, home: Path, size: int):
    assert is_whole(await fetch(file(DATA[:size])), contents, home, DATA[:size])


async def test_a_file_in_chunks_and_one_that_ends_by_closing_come_whole(fetch, contents: Contents, home: Path):
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(DATA), DATA)
    assert is_whole(await fetch(says(head(Transfer_Encoding="chunked"), chunk)), contents, home)
    assert is_whole(await fetch(says(head(), DATA), size=len(DATA)), contents, home)


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (404, FileState.GONE, FileReason.NOT_FOUND),
        (410, FileState.GONE, FileReason.NOT_FOUND),
        (401, FileState.REFUSED, FileReason.NOT_ALLOWED),
        (403, FileState.REFUSED, FileReason.NOT_ALLOWED),
        (451, FileState.REFUSED, FileReason.NOT_ALLOWED),
        (408, FileState.TO_COME, FileReason.SERVER_ERROR),
        (429, FileState.TO_COME, FileReason.SERVER_ERROR),
        (500, FileState.TO_COME, FileReason.SERVER_ERROR),
        (503, FileState.TO_COME, FileReason.SERVER_ERROR),
        (204, FileState.TO_COME, FileReason.SERVER_ERROR),
        (206, FileState.TO_COME, FileReason.SERVER_ERROR),
        (304, FileState.TO_COME, FileReason.SERVER_ERROR),
        (416, FileState.TO_COME, FileReason.SERVER_ERROR),
    ],
)
async def test_a_status_says_what_becomes_of_it(fetch, site: Site, status: int, state: FileState, reason: FileReason):
    fetched = await fetch(says(head(f"{status} x", Retry_After=7)))
    refused = status != 206  # that one says nothing of which part it is
    asks_for_time = refused and reason is FileReason.SERVER_ERROR
    told = status if refused else None
    assert fetched == Fetched(state, reason, status=told, retry_after=7.0 if asks_for_time else None)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("size", "announced", "state", "reason"),
    [
        (None, 10_000_000_000, FileState.OVER_LIMIT, FileReason.TOO_LARGE),
        (500, 10_000_000_000, FileState.OVER_LIMIT, FileReason.TOO_LARGE),
        (500, 400_000, FileState.TO_COME, FileReason.WRONG_SIZE),
        (500_000, 400_000, FileState.TO_COME, FileReason.WRONG_SIZE),
    ],
)
async def test_what_is_announced_in_another_size_is_not_read(
    fetch, site: Site, home: Path, size: int | None, announced: int, state: FileState, reason: FileReason
):
    fetched = await fetch(endless(site, head(Content_Length=announced)), size=size)
    assert fetched == Fetched(state, reason)
    assert left(home) == 0


@pytest.mark.parametrize("size", [3_000, 500_000])
async def test_of_what_is_announced_in_another_size_no_more_is_waited_for_than_shows_what_it_is(fetch, size: int):
    async def begins(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length=400_000) + DATA[:2_000])
        await writer.drain()
        await writer.wait_closed()

    async with asyncio.timeout(LIMITS.idle_seconds / 2):
        assert await fetch(begins, size=size) == Fetched(FileState.TO_COME, FileReason.WRONG_SIZE)


async def test_what_is_declared_as_too_large_is_not_asked_for(fetch, site: Site):
    fetched = await fetch(file(DATA), size=MAX + 1)
    assert fetched == Fetched(FileState.OVER_LIMIT, FileReason.TOO_LARGE)
    assert site.asked == []


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize(
    ("size", "state", "reason"),
    [
        (None, FileState.OVER_LIMIT, FileReason.TOO_LARGE),
        (500_000, FileState.TO_COME, FileReason.WRONG_SIZE),
    ],
)
async def test_an_endless_body_is_read_no_further_than_it_may_go(
    fetch, site: Site, chunked: bool, size: int | None, state: FileState, reason: FileReason
):
    piece = b"10000\r\n" + bytes(65_536) + b"\r\n" if chunked else bytes(65_536)
    first = head(Transfer_Encoding="chunked") if chunked else head()
    assert await fetch(endless(site, first, piece=piece), size=size) == Fetched(state, reason)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_short_file_that_is_whole_has_the_wrong_size(fetch, announced: bool):
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(DATA), DATA)
    answer = file(DATA) if announced else says(head(Transfer_Encoding="chunked"), chunk)
    assert await fetch(answer, size=len(DATA) + 1) == Fetched(FileState.TO_COME, FileReason.WRONG_SIZE)


async def test_a_short_file_that_only_ends_was_cut_off(fetch):
    fetched = await fetch(says(head(), DATA), size=len(DATA) + 1)
    assert fetched == Fetched(FileState.TO_COME, FileReason.CUT_OFF)


async def test_a_size_of_zero_says_nothing(fetch, contents: Contents, home: Path):
    assert is_whole(await fetch(file(DATA), size=0), contents, home)


# What was cut off.


async def test_what_is_cut_off_is_gone_on_with_at_once(fetch, contents: Contents, home: Path):
    answer = Ranged(DATA, cuts=[100_000, 100_000])
    assert is_whole(await fetch(answer), contents, home)
    assert answer.asked == [None, f"bytes={100_000 - 4096}-", f"bytes={200_000 - 2 * 4096}-"]


async def test_what_is_cut_off_again_and_again_is_gone_on_with_later(fetch, contents: Contents, home: Path):
    answer = Ranged(DATA, cuts=[50_000, 50_000, 50_000])
    assert await fetch(answer) == Fetched(FileState.TO_COME, FileReason.CUT_OFF)
    assert len(answer.asked) == LIMITS.attempts
    assert left(home) == 150_000 - 2 * 4096
    assert is_whole(await fetch(answer), contents, home)
    assert answer.asked[3] == f"bytes={150_000 - 3 * 4096}-"


async def test_less_than_the_overlap_is_gone_on_with(fetch, contents: Contents, home: Path):
    answer = Ranged(DATA, cuts=[100])
    assert is_whole(await fetch(answer), contents, home)
    assert answer.asked == [None, "bytes=0-"]


async def test_the_time_of_the_last_change_names_a_version_too(fetch, contents: Contents, home: Path):
    answer = Ranged(DATA, tag=None, changed="Wed, 21 Oct 2015 07:28:00 GMT", cuts=[100_000])
    assert is_whole(await fetch(answer), contents, home)
    assert answer.asked == [None, f"bytes={100_000 - 4096}-"]


@pytest.mark.parametrize("tag", [None, 'W/"1"', "unquoted", '"' + "x" * 500 + '"'])
async def test_what_has_no_version_that_holds_is_begun_anew(fetch, contents: Contents, home: Path, tag: str | None):
    answer = Ranged(DATA, tag=tag, cuts=[100_000])
    assert is_whole(await fetch(answer), contents, home)
    assert answer.asked == [None, None]


async def test_another_address_is_not_gone_on_with(fetch, site: Site, contents: Contents, home: Path):
    await fetch(Ranged(DATA, cuts=[1000, 1000, 1000]))
    site.answers["/g"] = other = Ranged(DATA[:50_000])
    assert is_whole(await fetch(other, address="http://files.example/g"), contents, home, DATA[:50_000])
    assert other.asked == [None]


async def test_what_was_all_there_is_not_asked_for_again(fetch, contents: Contents, home: Path, site: Site):
    partial = contents.partial("file 1")
    await fetch(Ranged(DATA, cuts=[1000, 1000, 1000]))
    partial.discard()
    await fetch(Ranged(DATA, cuts=[1000, 1000, 1000]))
    partial = contents.partial("file 1")
    partial.write(DATA[partial.size :])
    partial.close()
    asked = len(site.asked)
    assert is_whole(await fetch(Ranged(DATA)), contents, home)
    assert len(site.asked) == asked


def part(status: str = "206 Partial Content", body: bytes = b"", **headers: object) -> Answer:
    return says(head(status, Content_Length=len(body), **{"ETag": '"1"', **headers}), body)


REST = DATA[100_000 - 4096 :]
LAST = len(DATA) - 1


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(part(body=REST, Content_Range=f"bytes {100_000}-{LAST}/{len(DATA)}"), id="begins elsewhere"),
        pytest.param(part(body=DATA, Content_Range=f"bytes 0-{LAST}/{len(DATA)}"), id="begins at the beginning"),
        pytest.param(part(body=REST, Content_Range=f"bytes {95_904}-{LAST}/{len(DATA) + 9}"), id="other total"),
        pytest.param(part(body=REST), id="says no range"),
        pytest.param(part(body=REST, Content_Range="bytes 9-1/4"), id="no range"),
        pytest.param(part(body=REST, Content_Range="bytes */300008"), id="unsatisfied"),
        pytest.param(part(body=REST, Content_Range="bytes 95904-²/4"), id="no number"),
        pytest.param(part(body=REST[1:], Content_Range=f"bytes 95904-{LAST}/{len(DATA)}"), id="not so long"),
        pytest.param(part(body=DATA[: len(REST)], Content_Range=f"bytes 95904-{LAST}/{len(DATA)}"), id="lies"),
        pytest.param(
            part(body=REST, ETag='"2"', Content_Range=f"bytes 95904-{LAST}/{len(DATA)}"), id="another version"
        ),
        pytest.param(
            part(body=REST, Content_Encoding="gzip", Content_Range=f"bytes 95904-{LAST}/{len(DATA)}"), id="packed"
        ),
        pytest.param(part(body=b"--x\r\n", Content_Type="multipart/byteranges; boundary=x"), id="many parts"),
        pytest.param(part("416 Range Not Satisfiable", Content_Range="bytes */5"), id="416"),
        pytest.param(
            says(
                head(
                    "206 Partial Content",
                    ETag='"1"',
                    Content_Range=f"bytes 95904-{LAST}/*",
                    Transfer_Encoding="chunked",
                ),
                b"%x\r\n%s\r\n0\r\n\r\n" % (len(REST) + 5, REST + b"again"),
            ),
            id="longer than it says",
        ),
    ],
)
async def test_a_server_that_does_not_go_on_with_it_is_asked_for_all_of_it(
    fetch, site: Site, contents: Contents, home: Path, second: Answer
):
    answers: list[Answer] = [Ranged(DATA, cuts=[100_000]), second, Ranged(DATA)]

    async def in_turn(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await answers.pop(0)(asked, writer)

    assert is_whole(await fetch(in_turn), contents, home)
    assert [asked.headers.get("range") for asked in site.asked] == [None, "bytes=95904-", None]
    assert answers == []


async def test_a_server_that_answers_all_of_it_is_begun_anew(fetch, site: Site, contents: Contents, home: Path):
    new = DATA[::-1]
    answers: list[Answer] = [Ranged(DATA, cuts=[100_000]), Ranged(new, tag='"2"')]

    async def in_turn(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await answers.pop(0)(asked, writer)

    assert is_whole(await fetch(in_turn), contents, home, new)
    assert [asked.headers.get("if-range") for asked in site.asked] == [None, '"1"']


async def test_a_part_is_taken_that_is_less_than_the_rest(fetch, site: Site, contents: Contents, home: Path):
    """A server may answer less than was asked for; the next attempt goes on from there."""
    short = part(body=DATA[95_904:200_000], Content_Range=f"bytes 95904-199999/{len(DATA)}")
    answers: list[Answer] = [Ranged(DATA, cuts=[100_000]), short, Ranged(DATA)]

    async def in_turn(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await answers.pop(0)(asked, writer)

    assert is_whole(await fetch(in_turn), contents, home)
    assert [asked.headers.get("range") for asked in site.asked] == [None, "bytes=95904-", "bytes=195904-"]


# What is not the file.


@pytest.mark.parametrize(
    ("declared", "served"),
    [("image/png", "image/png"), ("image/png", "text/html"), ("application/zip", "text/html"), (None, "text/html")],
)
async def test_a_page_in_its_place_is_no_file(fetch, home: Path, declared: str | None, served: str):
    fetched = await fetch(file(PAGE, Content_Type=served), type=declared)
    assert fetched == Fetched(FileState.TO_COME, FileReason.SIGN_IN_PAGE)
    assert left(home) == 0


@pytest.mark.parametrize(
    ("body", "served", "more"),
    [
        (b"<h1 align=center>polyhost</h1>\n", "text/html", {"type": None}),
        (b"<p align=center>\n", "text/plain", {"type": "text/markdown", "name": "README.md"}),
        (PAGE, "text/html", {"type": "text/plain"}),
        (PAGE, "application/octet-stream", {"type": "application/octet-stream"}),
    ],
)
async def test_a_text_that_begins_like_a_page_is_a_file(
    fetch, contents: Contents, home: Path, body: bytes, served: str, more: dict[str, str | None]
):
    assert is_whole(await fetch(file(body, Content_Type=served), **more), contents, home, body)


@pytest.mark.parametrize("size", [10, 100, 2_000, 900_000])
async def test_a_page_is_known_for_one_whatever_size_was_declared(fetch, size: int):
    for answer in (file(PAGE), says(head(), PAGE), file(PAGE[:200])):
        assert await fetch(answer, size=size) == Fetched(FileState.TO_COME, FileReason.SIGN_IN_PAGE)


@pytest.mark.parametrize("size", [10, 100, 2_000, 900_000])
async def test_a_page_in_place_of_a_text_of_another_size_is_no_text(fetch, size: int):
    for page in (PAGE, PAGE[:200]):
        fetched = await fetch(file(page, Content_Type="text/html"), size=size, type="text/plain", name="a.txt")
        assert fetched == Fetched(FileState.TO_COME, FileReason.SIGN_IN_PAGE)


async def test_an_endless_page_is_left_at_its_beginning(fetch, site: Site):
    fetched = await fetch(endless(site, head(), PAGE, piece=b" " * 1024))
    assert fetched.reason is FileReason.SIGN_IN_PAGE


async def test_a_page_that_was_declared_is_a_file(fetch, contents: Contents, home: Path):
    assert is_whole(await fetch(file(PAGE), type="text/html"), contents, home, PAGE)


@pytest.mark.parametrize("body", [b'{"ok": false, "error": "not_authed"}', b"Please try again later.\n", PAGE[30:40]])
async def test_text_in_place_of_a_picture_is_the_wrong_type(fetch, home: Path, body: bytes):
    assert await fetch(file(body)) == Fetched(FileState.TO_COME, FileReason.WRONG_TYPE)
    assert left(home) == 0


# What comes too slowly, or not at all.


async def test_a_server_that_falls_silent_is_left(site: Site, contents: Contents, home: Path):
    async def silent(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length=len(DATA), ETag='"1"') + DATA[:5_000])
        await writer.drain()
        await writer.wait_closed()

    site.answers["/f"] = silent
    limits = DownloadLimits(again_seconds=0, idle_seconds=0.05)
    async with Downloads(
        contents, FileAccess(hosts=HOSTS), policy(*HOSTS), limits=limits, network=Names(site.port, NAMES)
    ) as downloads:
        fetched = await downloads.fetch(Wanted(1, "http://files.example/f"), MAX)
    assert fetched == Fetched(FileState.TO_COME, FileReason.TOO_SLOW)
    assert (len(site.asked), left(home)) == (1, 5_000)


async def test_a_server_that_never_answers_is_left(site: Site, contents: Contents):
    async def silent(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    site.answers["/f"] = silent
    limits = DownloadLimits(again_seconds=0, answer_seconds=0.5)
    async with Downloads(
        contents, FileAccess(hosts=HOSTS), policy(*HOSTS), limits=limits, network=Names(site.port, NAMES)
    ) as downloads:
        fetched = await downloads.fetch(Wanted(1, "http://files.example/f"), MAX)
    assert fetched == Fetched(FileState.TO_COME, FileReason.NO_ANSWER)
    assert len(site.asked) <= 1


@pytest.mark.parametrize(("bytes_each", "reason"), [(10_000, FileReason.TOO_SLOW), (30_000, None)])
async def test_a_body_that_trickles_is_left(site: Site, contents: Contents, bytes_each: int, reason: FileReason | None):
    """The clock goes on by 25 seconds whenever something has come: 400 bytes a second, or 1,200."""
    looked, now = asyncio.Event(), 0.0

    def clock() -> float:
        nonlocal now
        now += 25.0
        looked.set()
        return now

    async def trickles(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length=bytes_each * 10))
        for _ in range(10):
            await looked.wait()
            looked.clear()
            await site.send(writer, b"\x89PNG" + bytes(bytes_each - 4))

    site.answers["/f"] = trickles
    async with Downloads(
        contents, FileAccess(hosts=HOSTS), policy(*HOSTS), limits=LIMITS, network=Names(site.port, NAMES), clock=clock
    ) as downloads:
        fetched = await downloads.fetch(Wanted(1, "http://files.example/f"), MAX)
    assert fetched.reason is reason


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says(b""), id="nothing"),
        pytest.param(says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), id="no HTTP"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n"), id="a head without end"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 50_000 + b"\r\n"), id="headers without end"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"), id="a negative length"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), id="two lengths"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 500 + b"\r\n\r\nhello"), id="a vast length"),
        pytest.param(says(head(Transfer_Encoding="chunked"), b"zz\r\nhello"), id="no chunk"),
        pytest.param(says(head(Transfer_Encoding="chunked"), b"f" * 400 + b"\r\nhello"), id="a vast chunk"),
        pytest.param(says(head(Transfer_Encoding="chunked"), b"5\r\nhel"), id="half a chunk"),
        pytest.param(says(b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n"), id="no place to go on to"),
        pytest.param(says(b"HTTP/1.1 302 Found\r\nLocation: http://a:b@c\r\n\r\n"), id="with a password"),
        pytest.param(says(b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\x01\r\n\r\n"), id="to bytes"),
        pytest.param(says(b"HTTP/1.1 302 Found\r\n\r\n"), id="to nowhere"),
        pytest.param(says(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"), id="another protocol"),
        pytest.param(says(b"HTTP/1.1 999 ?\r\n\r\n"), id="no status"),
        pytest.param(says(b"HTTP/1.1 429 x\r\nRetry-After: " + b"9" * 200 + b"\r\n\r\n"), id="for ever"),
    ],
)
async def test_whatever_a_server_sends_is_a_result(fetch, home: Path, answer: Answer):
    fetched = await fetch(answer, type=None)
    assert fetched.content is None
    assert fetched.reason is not None
    assert fetched.retry_after is None or fetched.retry_after < 1e7


@pytest.mark.parametrize(
    "address",
    [
        "",
        "files.example/f",
        "//files.example/f",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "ftp://files.example/f",
        "http://",
        "http://files.example:0/f",
        "http://files.example:99999/f",
        "http://files.example:x/f",
        "http://me:secret@files.example/f",
        "http://files.example\\@evil.example/f",
        "http://files.example/f\r\nX-Evil: 1",
        "http://files .example/f",
        "http://[::1/f",
    ],
)
async def test_what_is_no_address_is_not_asked(fetch, site: Site, address: str):
    assert await fetch(file(DATA), address=address) == Fetched(FileState.REFUSED, FileReason.BAD_ADDRESS)
    assert site.asked == []


async def test_an_address_is_asked_as_it_is_written(fetch, site: Site, contents: Contents, home: Path):
    site.answers["/a%2Fb/%7euser"] = file(DATA)
    written = "http://files.example/a%2Fb/%7euser?sig=a%2Fb%3D+c&x=%41#part"
    assert is_whole(await fetch(file(b""), address=written), contents, home)
    assert site.asked[0].path == "/a%2Fb/%7euser?sig=a%2Fb%3D+c&x=%41"


async def test_what_is_here_is_noted_while_nobody_may_take_it_out(site: Site, contents: Contents):
    noted: list[tuple[Wanted, Content]] = []

    async def note(kept: Sequence[tuple[Wanted, Content]]) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), contents.held():
                pass
        noted.extend(kept)

    site.answers["/f"] = file(DATA)
    wanted, came = Wanted(1, "http://files.example/f"), list[tuple[int, int]]()
    async with Downloads(
        contents, FileAccess(hosts=HOSTS), policy(*HOSTS), network=Names(site.port, NAMES), note=note
    ) as downloads:
        fetched = await downloads.fetch(wanted, MAX, came=lambda size: came.append((size, len(noted))))
    assert noted == [(wanted, fetched.content)]
    assert came == [(len(DATA), 0)], "told once, before it is noted"


async def test_each_request_waits_for_its_permit(site: Site, contents: Contents):
    asked: list[str] = []

    async def permit(host: str) -> None:
        asked.append(host)
        assert len(site.asked) == len(asked) - 1

    site.answers["/f"] = redirect("http://signed.storage.example/s")
    site.answers["/s"] = file(DATA)
    async with Downloads(
        contents, FileAccess(hosts=HOSTS), policy(*HOSTS), network=Names(site.port, NAMES), permit=permit
    ) as downloads:
        assert (await downloads.fetch(Wanted(1, "http://files.example/f"), MAX)).state is FileState.HERE
    assert asked == ["files.example", "signed.storage.example"]


async def test_a_fetch_that_is_cancelled_leaves_what_has_come(downloads: Downloads, site: Site, home: Path):
    came = asyncio.Event()

    async def waits(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length=len(DATA), ETag='"1"') + DATA[:200_000])
        await writer.drain()
        came.set()
        await writer.wait_closed()

    site.answers["/f"] = waits
    async with asyncio.TaskGroup() as group:
        task = group.create_task(downloads.fetch(Wanted(1, "http://files.example/f"), MAX))
        await came.wait()
        task.cancel()
    assert task.cancelled()
    site.answers["/f"] = Ranged(DATA)
    assert (await downloads.fetch(Wanted(1, "http://files.example/f"), MAX)).content is not None
