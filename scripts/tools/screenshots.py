"""Pictures of every page of the dashboard over a home of made-up data: the fake workspace, and an exported chat.

Owns: what is in that home, and which pages are shown. Must not know: how pages are made.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.async_api import Page, async_playwright

from e2e.owner import NAME, Owner
from fakes.slack import FakeSlack, scenarios
from fakes.slack.script import play
from importing import Importing
from polyhost.engine import events
from polyhost.engine.hosting.run_host import Voice
from polyhost.operations.connections import RenameRequest, rename
from web.serving import PHONE, Served, launched, serve

_PNG = b"\x89PNG\r\n\x1a\n"
WORKSPACE = "lantern-bay"
FOLDER = Path(__file__).parents[2] / "docs" / "images" / "dashboard"
CHAT = "\n".join(
    f"{day:02}/0{month}/2026, {9 + day % 8:02}:15 - {who}: {said}"
    for month in (7, 8, 9)
    for day, who, said in (
        (2, "Ada", "The boat is back in the harbour."),
        (9, "Bo", "<Media omitted>"),
        (17, "Ada", "Shall we sail on Sunday?"),
        (24, "Bo", "Yes, if the wind holds."),
    )
)
DESK = {"width": 1040, "height": 624}
LOOKS: Mapping[str, tuple[Any, Any]] = {
    "desk-light": ("light", DESK),
    "desk-dark": ("dark", DESK),
    "phone-light": ("light", PHONE),
    "phone-dark": ("dark", PHONE),
}
PLAIN = {"runs", "receipts", "error"}
ALIKE = ("desk-light", "phone-dark")
"""Pages that look like others, and the looks that are enough of them."""


async def main() -> None:
    """All pictures, or those of the pages that are named."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        await _fill(home, Path(scratch))
        async with async_playwright() as playwright, launched(playwright) as browser, serve(home, browser) as served:
            done = asyncio.Event()
            run = await served.runs.start(lambda voice: _run(voice, done), connection="family")
            for name, path in (await _pages(served, run)).items():
                if not sys.argv[1:] or name in sys.argv[1:]:
                    for look in ALIKE if name in PLAIN else LOOKS:
                        await _take(served, name, path, look)
            done.set()


async def _fill(home: Path, scratch: Path) -> None:
    """A workspace that was collected twice, with a channel gone in between; and a chat that was exported."""
    async with FakeSlack(scenarios.small()) as slack:
        owner = Owner(slack, home)
        await owner.connect()
        await owner.run()
        play(slack.world, scenarios.second())
        await owner.run()
    await rename(owner.context(), RenameRequest(name=NAME, to=WORKSPACE))
    file = scratch / "WhatsApp Chat with Ada.txt"
    file.write_text(CHAT, encoding="utf-8")
    await Importing(home, "family").run(file)


async def _run(voice: Voice, done: asyncio.Event) -> Mapping[str, Any]:
    """A run in the middle of it, with a question."""
    voice.watch(events.RunStarted("run_shown", "family", "made-up", ("messages",)))
    voice.watch(events.BrowserStarted("page"))
    voice.watch(events.InventoryTaken("messages", 14, complete=True))
    voice.watch(events.RecordsWritten({"messages": {"new": 1861, "updated": 12, "unchanged": 340, "deleted": 2}}))
    for number, name in enumerate(("harbour", "tides", "bakery", "night-sailing", "regatta-2026", "lamp-room")):
        voice.watch(events.PartitionAdvanced("messages", f"C{number}", name, 90 + 137 * number, number != 5))
    voice.watch(events.RequestsCounted(47, 2, 31.0))
    voice.watch(events.ProgressReported("Reading lamp-room", "messages", None, None))
    asked = events.OwnerAsked("q1", "otp", "The site has sent a code to your phone.", None)
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(voice.answer(asked))
        await done.wait()
        asking.cancel()
    return {}


async def _pages(served: Served, run: str) -> Mapping[str, str]:
    batches = (await served.api(f"/v1/connections/{WORKSPACE}/batches"))["batches"]
    runs = (await served.api(f"/v1/connections/{WORKSPACE}/runs"))["runs"]
    page = await served.api(f"/v1/connections/{WORKSPACE}/streams/messages/records?heads=true&newest=true&limit=100")
    head = max(page["records"], key=lambda one: one["members"])
    edited = max(page["records"], key=lambda one: one["version"])
    found = next(word for one in page["records"] for word in str(one["data"]["text"]).split() if len(word) > 4)
    return {
        "connections": "/",
        "connection": f"/connections/{WORKSPACE}",
        "coverage": f"/connections/{WORKSPACE}/coverage",
        "records": f"/connections/{WORKSPACE}/records",
        "thread": f"/connections/{WORKSPACE}/thread?stream=messages&key={_quoted(head['key'])}",
        "record": f"/connections/{WORKSPACE}/record?stream=messages&key={_quoted(edited['key'])}",
        "runs": f"/connections/{WORKSPACE}/runs",
        "run": f"/runs/{runs[0]['run_id']}",
        "live": f"/runs/{run}",
        "receipts": f"/connections/{WORKSPACE}/receipts",
        "receipt": f"/receipts/{batches[0]['batch_id']}",
        "search": f"/search?q={_quoted(found.strip('.,:?'))}",
        "import": "/import?name=family",
        "questions": "/questions",
        "settings": "/settings",
        "error": "/connections/nobody",
    }


def _quoted(text: str) -> str:
    return quote(text, safe="")


async def _take(served: Served, name: str, path: str, look: str) -> None:
    theme, size = LOOKS[look]
    async with served.visit(path, theme=theme, viewport=size) as visit:
        await _settled(visit.page, name)
        picture = FOLDER / f"{name}-{look}.png"
        await visit.page.screenshot(path=picture, animations="disabled")
    picture.write_bytes(repacked(picture.read_bytes()))


def repacked(png: bytes) -> bytes:
    """The same picture, packed as tightly as zlib can: a browser packs in haste."""
    chunks: list[tuple[bytes, bytes]] = []
    at = len(_PNG)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        chunks.append((kind, png[at + 8 : at + 8 + length]))
        at += 12 + length
    data = zlib.compress(zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT")), 9)
    kept = [chunks[0], (b"IDAT", data), (b"IEND", b"")]
    return _PNG + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in kept
    )


async def _settled(page: Page, name: str) -> None:
    if name in {"live", "questions"}:
        await page.locator("form.question").wait_for()
    if name == "live":
        await page.locator("[data-moving] tr").nth(5).wait_for()


if __name__ == "__main__":
    asyncio.run(main())
