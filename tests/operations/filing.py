"""Files in the home of a shelf: messages that hold some, and bytes for them.

Must not know: what is asked of them.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

from operations.shelf import AT, Shelf, message
from polyhost.engine.files.indexing import catch_up_files
from polyhost.engine.sources.lookup import find_source
from polyhost.files.contents import Contents
from polyhost.files.kinds import sniff
from polyhost.ledger.files import Content, FileReason, FileState
from polyhost.protocol.record_files import file_rules
from polyhost.store.base import FileQuery, FileResult

__all__ = ["HTML", "PDF", "SVG", "TEXT", "attached", "bring", "keep", "png", "post", "refuse", "stored"]

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
HTML = b"<!doctype html><script>document.title = 'executed'</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>document.title = "executed"</script></svg>'
TEXT = b"Bericht\n<script>document.title = 'executed'</script>\n"


def png(number: int = 1, *, width: int = 32, height: int = 32) -> bytes:
    """A picture of one colour, which differs for every number."""
    colour = bytes((number * 37 % 256, number * 101 % 256, number % 256))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    rows = zlib.compress(b"".join(b"\x00" + colour * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def attached(number: str, name: str, mimetype: str | None = "image/png", **more: Any) -> dict[str, Any]:
    """A file as Slack's messages hold it."""
    file = {"id": number, "name": name, "mimetype": mimetype, "url_private": f"https://files.slack.com/{number}"}
    return {key: value for key, value in (file | more).items() if value is not None}


async def post(shelf: Shelf, number: int, text: str, *files: dict[str, Any], channel: str = "C1", **more: Any) -> None:
    """A message with these files, which are known afterwards."""
    await shelf.put({"messages": [message(number, text, channel=channel, files=[*files], **more)]})
    await _follow(shelf)


async def _follow(shelf: Shelf, name: str = "slack") -> None:
    async with shelf.context.store() as store:
        row = await shelf.context.connection(store, name)
        await catch_up_files(store, row.id, file_rules(find_source(row.source, shelf.home).manifest))


async def stored(shelf: Shelf, *, name: str = "slack") -> dict[str, int]:
    """The numbers of files by the source's own ids."""
    async with shelf.context.store() as store:
        row = await shelf.context.connection(store, name)
        page = await store.files.find(row.id, FileQuery(limit=10_000))
    return {one.facts.identity.removeprefix("id:"): one.id for one in page.files}


def keep(home: Path, data: bytes) -> Content:
    found = Contents(home).add(io.BytesIO(data), limit=1 << 30)
    assert found.type == sniff(data[:8192], is_whole=len(data) <= 8192)
    return found


async def bring(shelf: Shelf, bytes_by_id: dict[str, bytes], *, name: str = "slack") -> dict[str, Content]:
    """These files are here."""
    kept = {number: keep(shelf.home, data) for number, data in bytes_by_id.items()}
    numbers = await stored(shelf, name=name)
    async with shelf.context.store() as store:
        row = await shelf.context.connection(store, name)
        results = [FileResult(numbers[one], FileState.HERE, None, AT, content) for one, content in kept.items()]
        await store.files.save(row.id, results)
    return kept


async def refuse(
    shelf: Shelf, number: str, state: FileState, reason: FileReason | None, *, name: str = "slack"
) -> None:
    """This file could not be had."""
    numbers = await stored(shelf, name=name)
    async with shelf.context.store() as store:
        row = await shelf.context.connection(store, name)
        await store.files.save(row.id, [FileResult(numbers[number], state, reason, AT)])
