"""A file that comes as a request's body, written as it comes.

Must not know: what is in it.
"""

from __future__ import annotations

from aiohttp import web

from polyhost.api.asking import Asked, read_fields
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
        request.content.iter_chunked(CHUNK_BYTES),
        name=given["filename"],
        connection=given["name"],
        source=given.get("source"),
        size=request.content_length or 0,
    )
