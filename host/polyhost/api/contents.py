"""A file's bytes over HTTP: in pieces, from wherever they are asked for, and nothing that a browser would execute.

Owns: ranges, validators, and the headers that keep foreign content what it is. Must not know: where files are kept,
what is known of them.

The bytes were written by strangers. Their type is what they were found to be, only kinds that a browser merely shows
are shown, and the answer is sandboxed: it may load nothing, run nothing, and is no page of this server.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.files import FileContent
from polyhost.protocol.media_kinds import media_kind, served_type

__all__ = ["send_content"]

PIECE_BYTES = 256 * 1024
"""Read and sent at once; as much as is held of a file, however large it is."""
SEND_SECONDS = 60.0
"""A reader that takes no piece for so long has gone. A player that holds a film is one that comes back with a range."""
_SANDBOXED = "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PLAYED = (
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
"""A browser that opens a picture or a film by itself wraps it in a page of its own, which has styles."""
_PDF = f"{_SANDBOXED}; style-src 'unsafe-inline'"
"""Chromium's own viewer is no part of the page that it wraps a PDF in, and shows it in a sandbox too. That page's
styles alone are let through: without them the viewer does not fill the window. What stands in a PDF is the viewer's
matter."""
_POLICIES = {"other": _SANDBOXED, "text": _SANDBOXED, "pdf": _PDF}
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))\Z")
_PLAIN = re.compile(r"[^A-Za-z0-9 ._()-]")


async def send_content(request: web.Request, content: FileContent) -> web.StreamResponse:
    """All of it, or the part that is asked for. RefusedError `file_not_here`, `bad_range`."""
    headers = _headers(content)
    if _has(request.headers.get("If-None-Match"), content["etag"]):
        return web.Response(status=304, headers=headers)
    try:
        handle = await asyncio.to_thread(_opened, Path(content["path"]), content["size"])
    except OSError:
        raise RefusedError(
            "this file is not here any more", "Ask what is known of it.", code=ErrorCode.FILE_NOT_HERE
        ) from None
    try:
        return await _send(request, handle, content["size"], headers)
    finally:
        os.close(handle)


async def _send(request: web.Request, handle: int, size: int, headers: dict[str, str]) -> web.StreamResponse:
    part = _asked_part(request, size, headers["ETag"])
    first, last = part if part is not None else (0, size - 1)
    if part is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    response = web.StreamResponse(status=200 if part is None else 206, headers=headers)
    response.content_length = last - first + 1
    await response.prepare(request)
    at = first
    while request.method != "HEAD" and at <= last:
        piece = await asyncio.to_thread(os.pread, handle, min(PIECE_BYTES, last - at + 1), at)
        if not piece:
            raise ConnectionResetError  # shorter than it was: the answer must not look whole
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await response.write(piece)
        except TimeoutError:
            raise ConnectionResetError from None
        at += len(piece)
    await response.write_eof()
    return response


def _opened(path: Path, size: int) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_size != size:
        os.close(handle)
        raise FileNotFoundError
    return handle


def _asked_part(request: web.Request, size: int, etag: str) -> tuple[int, int] | None:
    """First and last byte; None for all of it: also where more than one range is asked for, or of other bytes."""
    given = _RANGE.match(request.headers.get("Range", ""))
    if given is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last, ending = (None if text is None else int(text) for text in given.groups())
    if first is None:
        first, last = max(0, size - (ending or 0)), size - 1
    elif last is not None and last < first:
        return None
    if first >= size:
        raise RefusedError(
            "the file has no such bytes",
            f"Ask for some of bytes 0 to {size - 1}." if size else "It is empty: leave Range out.",
            code=ErrorCode.BAD_RANGE,
        )
    return first, size - 1 if last is None else min(last, size - 1)


def _headers(content: FileContent) -> dict[str, str]:
    kind = media_kind(content["type"])
    how = "attachment" if kind == "other" else "inline"
    name = content["name"]
    plain = _PLAIN.sub("_", name)
    return {
        "Content-Type": served_type(content["type"]),
        "Content-Disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": _POLICIES.get(kind, _PLAYED),
        "ETag": content["etag"],
        "Accept-Ranges": "bytes",
    }


def _has(given: str | None, etag: str) -> bool:
    """Whether If-None-Match names what is there."""
    return given is not None and any(one.strip().removeprefix("W/") in {etag, "*"} for one in given.split(","))
