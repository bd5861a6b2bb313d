"""What a server packs all the same is unpacked, as far as it may go; what trickles is told by the window (SL-2)."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import random
import threading
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from files.hostile_site import PUBLIC, Names, Site, head, says, serving
from polyhost.files.access import FileAccess
from polyhost.files.answers import StoppedError
from polyhost.files.body import Pace, Unpacker, in_thread
from polyhost.files.contents import Contents
from polyhost.files.downloads import DownloadLimits, Downloads, Fetched, Wanted
from polyhost.ledger.files import FileReason, FileState
from polyhost.protocol.host_patterns import host_pattern
from polyhost.proxy import Policy

pytestmark = pytest.mark.requirement("SL-2")

DATA = b"\x89PNG\r\n\x1a\n" + random.Random(2).randbytes(100_000) + bytes(700_000)
MAX = 1_000_000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": ("gzip", gzip.compress(DATA)),
    "the old name": ("X-GZIP", gzip.compress(DATA)),
    "in two members": ("gzip", gzip.compress(DATA[:5_000]) + gzip.compress(DATA[5_000:])),
    "padded": ("gzip", gzip.compress(DATA) + bytes(100)),
    "deflate": ("deflate", zlib.compress(DATA)),
    "bare deflate": ("deflate", raw_deflate(DATA)),
}


@pytest.fixture
def contents(home: Path) -> Contents:
    return Contents(home)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving(Site()) as running:
        yield running


@pytest.fixture
async def fetch(site: Site, contents: Contents):
    access = FileAccess(hosts=("files.example",))
    policy = Policy(allow=(host_pattern("files.example"),))
    limits = DownloadLimits(again_seconds=0)
    network = Names(site.port, {"files.example": PUBLIC})
    async with Downloads(contents, access, policy, limits=limits, network=network) as downloads:

        async def fetched(body: bytes, encoding: str, max_size: int = MAX, length: int | None = None, **more: object):
            announced = len(body) if length is None else length
            site.answers["/f"] = says(
                head(Content_Length=announced, Content_Encoding=encoding, ETag='"1"', Accept_Ranges="bytes"), body
            )
            return await downloads.fetch(Wanted(1, "http://files.example/f", **more), max_size)

        yield fetched


@pytest.mark.parametrize("name", PACKED)
async def test_what_is_packed_is_unpacked(fetch, contents: Contents, name: str):
    encoding, body = PACKED[name]
    fetched: Fetched = await fetch(body, encoding, size=len(DATA))
    assert fetched.content is not None
    assert fetched.content.digest == hashlib.sha256(DATA).hexdigest()
    assert contents.path(fetched.content.digest).read_bytes() == DATA


async def test_what_is_packed_itself_is_left_as_it_is(fetch):
    body = gzip.compress(DATA)
    for more in ({"name": "a.tar.GZ"}, {"type": "application/gzip"}):
        fetched: Fetched = await fetch(body, "gzip", **more)
        assert fetched.content is not None
        assert fetched.content.digest == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_unpacked_no_further_than_it_may_go(fetch, home: Path, encoding: str):
    data = bytes(300_000_000)
    bomb = gzip.compress(data, 9) if encoding == "gzip" else zlib.compress(data, 9)
    del data
    tracemalloc.start()
    fetched: Fetched = await fetch(bomb, encoding, max_size=20_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fetched == Fetched(FileState.OVER_LIMIT, FileReason.TOO_LARGE)
    assert peak < 12_000_000
    assert [*(home / "files" / "partial").iterdir()] == []


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"not packed at all", "gzip"),
        (b"not packed at all", "deflate"),
        (gzip.compress(DATA)[:-4], "gzip"),
        (gzip.compress(DATA)[:50_000], "gzip"),
        (gzip.compress(DATA)[:-8] + b"wrong..", "gzip"),
        (gzip.compress(DATA) + b"and more", "gzip"),
        (zlib.compress(DATA)[:50_000], "deflate"),
        (b"", "gzip"),
        (DATA[:1000], "br"),
        (gzip.compress(DATA), "gzip, gzip"),
        (DATA[:1000], "chunky"),
    ],
)
async def test_what_cannot_be_unpacked_is_broken(fetch, home: Path, body: bytes, encoding: str):
    assert await fetch(body, encoding) == Fetched(FileState.TO_COME, FileReason.BROKEN_ENCODING)
    assert not (home / "files" / "partial").is_dir() or [*(home / "files" / "partial").iterdir()] == []


async def test_what_is_packed_and_cut_off_is_never_gone_on_with(fetch, site: Site):
    body = gzip.compress(DATA)
    assert await fetch(body[:50_000], "gzip", length=len(body)) == Fetched(FileState.TO_COME, FileReason.CUT_OFF)
    assert len(site.asked) == 3
    assert not any("range" in asked.headers for asked in site.asked)


def test_an_unpacker_takes_a_byte_at_a_time():
    for encoding, body in PACKED.values():
        unpacker = Unpacker("gzip" if "zip" in encoding.lower() else "deflate")
        assert not unpacker.is_at_end
        got = b"".join(piece for at in range(len(body)) for piece in unpacker.feed(body[at : at + 1]))
        assert hashlib.sha256(got).digest() == hashlib.sha256(DATA).digest()
        assert unpacker.is_at_end


def test_an_unpacker_refuses_what_is_behind_the_end():
    unpacker = Unpacker("gzip")
    with pytest.raises(StoppedError):
        list(unpacker.feed(gzip.compress(b"x") + b"behind"))


@pytest.mark.parametrize(
    ("came", "slow"),
    [
        ([(59.0, 0)], [False]),
        ([(60.0, 59_999)], [True]),
        ([(60.0, 60_000)], [False]),
        ([(30.0, 60_000), (60.0, 0), (119.0, 0), (120.0, 0)], [False, False, False, True]),
        ([(600.0, 60_000)], [True]),
    ],
)
def test_a_pace_is_judged_by_the_window(came: list[tuple[float, int]], slow: list[bool]):
    pace = Pace(least=1000, seconds=60, now=0)
    assert [pace.is_too_slow(size, now) for now, size in came] == slow


async def test_what_is_done_in_a_thread_is_done_before_its_waiter_is_gone():
    begun, goes_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        goes_on.wait(10)
        done.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(in_thread(work))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        goes_on.set()
    assert task.cancelled()
    assert done.is_set()


async def test_the_encoding_that_is_asked_for_is_none(fetch, site: Site):
    await fetch(DATA, "identity")
    assert site.asked[0].headers["accept-encoding"] == "identity"
