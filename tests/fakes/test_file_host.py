"""The fake's files: made from a seed, answered as a good server does, in trouble where a test asks for it (ours)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from fakes.slack import FakeSlack, scenarios
from fakes.slack.contents import STEP, Made, digest_of, pieces_of
from fakes.slack.file_trouble import LASTING, FileFault, FileTrouble

FILES = [f"F{number}" for number in range(2_000)]
SIZE = 3 * STEP + 5


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(scenarios.small()) as running:
        yield running


def shared(slack: FakeSlack) -> str:
    world = slack.world
    file = world.upload("mina", "a", Made(1, SIZE), mimetype="a/b")
    return f"https://files.slack.com/files-pri/{world.team_id}-{file.id}/a"


def only(slack: FakeSlack, fault: FileFault, monkeypatch: pytest.MonkeyPatch) -> None:
    slack.files.trouble = FileTrouble(seed=1)
    monkeypatch.setattr(FileTrouble, "next", lambda *_: fault)


@pytest.mark.parametrize("first", [0, 1, STEP - 1, STEP, SIZE - 1, SIZE])
def test_a_content_can_be_read_from_anywhere(first: int):
    whole = b"".join(pieces_of(Made(7, SIZE)))
    assert len(whole) == SIZE
    assert b"".join(pieces_of(Made(7, SIZE), first)) == whole[first:] == b"".join(pieces_of(whole, first))
    assert digest_of(Made(7, SIZE)) == digest_of(whole) == hashlib.sha256(whole).hexdigest()
    assert digest_of(Made(8, SIZE)) != digest_of(Made(7, SIZE))
    assert len(set(pieces_of(Made(7, SIZE)))) == 4


def test_trouble_is_the_same_for_the_same_seed_in_any_order_and_is_bounded():
    one, two = FileTrouble(seed=5), FileTrouble(seed=5)
    told = {of: [one.next(of) for _ in range(6)] for of in FILES}
    assert told == {of: [two.next(of) for _ in range(6)] for of in reversed(FILES)}
    assert told != {of: [three.next(of) for _ in range(6)] for three in [FileTrouble(seed=6)] for of in FILES}
    lasting = {of for of in FILES if one.lasts_for(of)}
    assert {one.next(of) for of in FILES if of not in lasting} == {None}
    assert {one.next(of) for of in lasting} == set(LASTING)
    assert set(one.struck) == set(FileFault)
    one.heal()
    assert {one.next(of) for of in FILES} == {None}


async def test_ranges_are_of_one_version(slack: FakeSlack):
    url = shared(slack)
    async with slack.client_session() as client:
        async with client.get(url) as response:
            whole, tag = await response.read(), response.headers["ETag"]
        for condition, status, body in ((tag, 206, whole[70:]), ('"other"', 200, whole), (None, 206, whole[70:])):
            headers = {"Range": "bytes=70-"} | ({"If-Range": condition} if condition else {})
            async with client.get(url, headers=headers) as response:
                assert (response.status, await response.read()) == (status, body)
                assert response.headers.get("Content-Range") == (
                    f"bytes 70-{SIZE - 1}/{SIZE}" if status == 206 else None
                )


@pytest.mark.parametrize("fault", [FileFault.CUT, FileFault.CUT_CHUNKED])
async def test_a_body_breaks_in_the_middle(slack: FakeSlack, fault: FileFault, monkeypatch: pytest.MonkeyPatch):
    only(slack, fault, monkeypatch)
    async with slack.client_session() as client, client.get(shared(slack)) as response:
        assert response.content_length == (SIZE if fault is FileFault.CUT else None)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


@pytest.mark.parametrize("fault", [FileFault.SHORT, FileFault.SHORT_CHUNKED, FileFault.CUT_SILENTLY])
async def test_a_body_is_less_and_nobody_can_tell(slack: FakeSlack, fault: FileFault, monkeypatch: pytest.MonkeyPatch):
    only(slack, fault, monkeypatch)
    async with slack.client_session() as client, client.get(shared(slack)) as response:
        assert ("Content-Length" in response.headers) == (fault is FileFault.SHORT)
        assert ("Transfer-Encoding" in response.headers) == (fault is FileFault.SHORT_CHUNKED)
        assert len(await response.read()) < SIZE


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (FileFault.WHOLE_FOR_RANGE, 200, None),
        (FileFault.WRONG_RANGE, 206, f"bytes 71-{SIZE - 1}/{SIZE}"),
        (FileFault.OTHER_TAG, 206, f"bytes 70-{SIZE - 1}/{SIZE}"),
        (FileFault.FAILED, 500, None),
        (FileFault.UNAVAILABLE, 503, None),
        (FileFault.TOO_MANY, 429, None),
        (FileFault.SIGN_IN, 200, None),
        (FileFault.SLOW, 206, f"bytes 70-{SIZE - 1}/{SIZE}"),
    ],
)
async def test_an_answer_is_another_one(
    slack: FakeSlack, fault: FileFault, status: int, said: str | None, monkeypatch: pytest.MonkeyPatch
):
    only(slack, fault, monkeypatch)
    url = shared(slack)
    async with slack.client_session() as client, client.get(url, headers={"Range": "bytes=70-"}) as response:
        assert (response.status, response.headers.get("Content-Range")) == (status, said)
        assert response.headers.get("Retry-After") == ("1" if fault is FileFault.TOO_MANY else None)
        assert (response.content_type == "text/html") == (fault is FileFault.SIGN_IN)
