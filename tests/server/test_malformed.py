"""What is wrong with a request that is none: every case by its kind, and no error in whose text it stands."""

import asyncio
import traceback

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser

from polyhost.server.malformed import Kind, MalformedError, StrictParser
from server.hostile import CASES, MARK, Hostile

pytestmark = pytest.mark.requirement("SE-4")


def parser(heard: list[str] | None = None) -> StrictParser:
    loop = asyncio.get_running_loop()
    inner = HttpRequestParser(BaseProtocol(loop), loop, 2**16, max_line_size=8190, max_field_size=8190)
    told = [] if heard is None else heard
    return StrictParser(inner, heard=lambda: told.append("heard"), spoiled=told.append)


@pytest.mark.parametrize("case", [case for case in CASES if case.kind], ids=lambda case: case.name)
async def test_each_has_its_kind_and_nothing_else_is_known_of_it(case: Hostile):
    with pytest.raises(MalformedError) as refused:
        parser().feed_data(case.sent.replace(b"{host}", b"x"))
    assert refused.value.kind == case.kind
    assert MARK not in "".join(traceback.format_exception(refused.value))
    assert MARK not in repr(refused.value)


@pytest.mark.parametrize("case", [case for case in CASES if not case.kind], ids=lambda case: case.name)
async def test_what_reads_as_a_request_is_handed_on(case: Hostile):
    [(message, _)], _, _ = parser().feed_data(case.sent.replace(b"{host}", b"x"))
    assert message.method in {"GET", "POST"}


async def test_a_request_is_heard_when_its_head_is_complete_however_it_comes():
    heard: list[str] = []
    strict = parser(heard)
    head = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    for byte in head[:-1]:
        strict.feed_data(bytes([byte]))
        assert strict.begun
    assert heard == []
    strict.feed_data(head[-1:])
    assert (heard, strict.begun) == (["heard"], False)


@pytest.mark.parametrize("length", ["Content-Length: 2", "Transfer-Encoding: chunked"])
async def test_a_request_whose_body_comes_later_is_no_unfinished_one(length: str):
    strict = parser()
    strict.feed_data(f"POST / HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n".encode())
    for piece in (b"{", b"}") if "2" in length else (b"2\r\n{", b"}\r\n0\r\n\r\n"):
        strict.feed_data(piece)
        assert not strict.begun
    strict.feed_data(b"\r\n")
    assert not strict.begun
    strict.feed_data(b"GET / HT")
    assert strict.begun


async def test_a_body_that_turns_out_to_be_none_ends_its_request_with_an_error_of_no_words():
    heard: list[str] = []
    strict = parser(heard)
    [(_, body)], _, _ = strict.feed_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert strict.feed_data(MARK.encode())[0] == ()
    assert heard == ["heard", Kind.MESSAGE]
    assert body.exception() is not None
    assert MARK not in repr(body.exception())
