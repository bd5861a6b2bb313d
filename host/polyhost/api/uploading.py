"""A file that comes as a request's body, written as it comes.

Must not know: what is in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from polyhost.api.asking import BODY_SECONDS, Asked, read_fields, too_slow
from polyhost.api.surface import Surface
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations import hosted

__all__ = ["UPLOAD_TYPE", "take_upload"]

UPLOAD_TYPE = "application/octet-stream"
CHUNK_BYTES = 256 * 1024


async def take_upload(surface: Surface, request: web.Request, asked: Asked) -> hosted.Upload:
    """The body is the file; path and query say what it is called, and where to."""
    given = read_fields(request, asked)
    if request.content_type != UPLOAD_TYPE:
        raise RefusedError(
            "the body is not a file", f"Send it as {UPLOAD_TYPE}.", code=ErrorCode.UNSUPPORTED_MEDIA_TYPE
        )
    return await hosted.take_upload(
        surface.context(),
        _pieces(request),
        name=given["filename"],
        connection=given["name"],
        source=given.get("source"),
        size=request.content_length or 0,
    )


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    """As they come. RefusedError `too_slow` where one does not."""
    while True:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                piece = await request.content.read(CHUNK_BYTES)
        except TimeoutError:
            raise too_slow() from None
        if not piece:
            return
        yield piece
