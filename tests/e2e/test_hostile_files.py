"""Files that mean harm, in a run that is asked for files: each costs only itself and is named by its reason, the run is
what it would be without them, and nothing is written but into the home's own folder for files (SL-2).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp import web

from e2e.owner import Owner
from e2e.test_files import files_of
from e2e.truth import difference
from fakes.slack.contents import Content, Made
from fakes.slack.file_host import Answer, PlainResponse
from fakes.slack.model import File

pytestmark = pytest.mark.requirement("SL-2")

MIB = 1024 * 1024
TEN_GB = 10_000_000_000
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
PAGE = b"<!doctype html><script>alert(1)</script>"
HERE = ("here", None)
INSIDE = re.compile(r"\.lock|partial|[0-9a-f]{2}|[0-9a-f]{2}/[0-9a-f]{64}")
"""All that may lie in the folder for files once a run is over."""

NAMES: Mapping[str, str] = {
    "up": "../../../../../../escaped.png",
    "root": "/escaped.png",
    "windows": "..\\..\\escaped.png",
    "controls": "a\x00b\x1b[31mc\r\nd.png",
    "turned": "photo\u202egnp.exe",
    "long": "x" * 2_000 + ".png",
    "nothing": "..",
    "device": "CON.png",
}
CONTENTS: Mapping[str, tuple[Content, tuple[str, str | None]]] = {
    "empty": (b"", HERE),
    "svg": (SVG, ("to_come", "wrong_type")),
    "html": (PAGE, ("to_come", "sign_in_page")),
    "text": (b"no picture at all", ("to_come", "wrong_type")),
    "giant": (Made(1, TEN_GB), ("over_limit", "too_large")),
}


def announced(size: int) -> Answer:
    """So many bytes are said to come, and none does."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(size), "Content-Type": "image/png"})
        await response.prepare(request)
        return response

    return answer


async def endless(request: web.Request) -> web.StreamResponse:
    """Bytes until nobody takes them any more."""
    response = PlainResponse(headers={"Content-Type": "image/png"})
    await response.prepare(request)
    while True:
        await response.write(PNG + bytes(65_536))


async def bomb(request: web.Request) -> web.StreamResponse:
    """Half a megabyte that unpacks to half a gigabyte."""
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join([packer.compress(PNG), *(packer.compress(bytes(MIB)) for _ in range(512)), packer.flush()])
    return web.Response(body=packed, headers={"Content-Encoding": "gzip", "Content-Type": "image/png"})


def leads(to: str) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": to})

    return answer


ANSWERS: Mapping[str, tuple[bytes, Answer, tuple[str, str | None]]] = {
    "giant-announced": (PNG, announced(TEN_GB), ("over_limit", "too_large")),
    "endless": (PNG, endless, ("to_come", "wrong_size")),
    "endless-unsized": (b"", endless, ("over_limit", "too_large")),
    "bomb": (PNG, bomb, ("to_come", "wrong_size")),
    "bomb-unsized": (b"", bomb, ("over_limit", "too_large")),
    "elsewhere": (PNG, leads("https://elsewhere.example/x.png"), ("refused", "undeclared_host")),
    "inside": (PNG, leads("http://127.0.0.1:22/"), ("refused", "undeclared_host")),
    "disk": (PNG, leads("file:///etc/passwd"), ("refused", "bad_address")),
    "circle": (PNG, leads("/files-pri/T0LANTERN0-circle/"), ("to_come", "sign_in_page")),
}


def shared(owner: Owner) -> dict[str, tuple[str, str | None]]:
    """Post them all; what has to become of each, by its id."""
    expected: dict[str, tuple[str, str | None]] = {}
    for key, name in NAMES.items():
        file = _posted(owner, key, PNG + key.encode())
        file.name = file.title = name
        expected[file.id] = HERE
    for key, (content, becomes) in CONTENTS.items():
        expected[_posted(owner, key, content).id] = becomes
    for key, (content, answer, becomes) in ANSWERS.items():
        file = _posted(owner, key, content)
        owner.slack.files.answers[file.id] = answer
        expected[file.id] = becomes
    return expected


def _posted(owner: Owner, key: str, content: Content, kind: str = "image/png") -> File:
    world = owner.slack.world
    file = world.upload("mina", f"{key}.png", content, mimetype=kind)
    world.post("lamp-room", "mina", f"Look: {key}", files=[file])
    return file


def below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


async def test_each_costs_only_itself_and_nothing_is_written_elsewhere(newcomer: Owner, tmp_path: Path):
    expected = shared(newcomer)
    other = Owner(newcomer.slack, tmp_path / "without" / "home")
    other.home.parent.mkdir()
    await other.connect()
    without = await other.run()
    around = below(newcomer.home.parent) - {f"home/{name}" for name in below(newcomer.home)}
    ran = await newcomer.run(files=True, files_max_size="2MB")

    found = await files_of(newcomer)
    assert {of: (found[of].facts.state, found[of].facts.reason) for of in expected} == expected
    assert all(row.facts.state == "here" for of, row in found.items() if of not in expected)

    assert (without.status, ran.status, ran.codes) == ("complete", "complete_with_gaps", {"media_missing"})
    assert ran.value["streams"] == without.value["streams"]
    assert ran.value["exceptions"] == without.value["exceptions"] == []
    assert await difference(newcomer) == {}
    told = ran.diagnostic("media_missing")
    gaps = [why for state, why in expected.values() if state in ("to_come", "refused")]
    assert told["count"] == len(gaps)
    assert all(str(why).replace("_", " ") in told["message"] for why in gaps)

    files = newcomer.home / "files"
    assert [name for name in below(files) if not INSIDE.fullmatch(name)] == []
    assert below(newcomer.home.parent) - {f"home/{name}" for name in below(newcomer.home)} == around
    assert {path.name for path in newcomer.home.iterdir()} - {path.name for path in other.home.iterdir()} == {"files"}


async def test_a_drawing_that_is_said_to_be_one_is_kept_as_what_it_is(newcomer: Owner):
    of = _posted(newcomer, "svg", SVG, "image/svg+xml").id
    await newcomer.run(files=True)
    content = (await files_of(newcomer))[of].facts.content
    assert content is not None
    assert content.type == "image/svg+xml"
