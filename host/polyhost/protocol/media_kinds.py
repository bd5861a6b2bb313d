"""What a page may show of a file by what its bytes are; everything else is only ever handed over as a download.

Must not know: files, pages. A kind is decided by what the bytes were found to be, never by what a source says.
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["DOWNLOAD_TYPE", "MediaKind", "media_kind", "served_type"]

MediaKind = Literal["picture", "audio", "video", "pdf", "text", "other"]
"""`other`: pages, vector pictures with their scripts, programs, archives, whatever nobody knows."""
DOWNLOAD_TYPE = "application/octet-stream"
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_PLAYED = re.compile(r"(?P<kind>audio|video)/(?:x-)?[a-z0-9][a-z0-9.-]*")
_LISTS = re.compile(r"mpegurl|scpls|xml|html|pls\Z")
"""Lists of what is to be played name addresses elsewhere."""


def media_kind(found: str | None) -> MediaKind:
    """How content of this type (as in `image/png`, found in its bytes) may be shown; `other` where it is not known."""
    if found is None:
        return "other"
    if found in _PICTURES:
        return "picture"
    if found in {"application/pdf", "text/plain"}:
        return "pdf" if found == "application/pdf" else "text"
    played = _PLAYED.fullmatch(found)
    if played is None or _LISTS.search(found):
        return "other"
    return "audio" if played["kind"] == "audio" else "video"


def served_type(found: str | None) -> str:
    """The type that content is served as."""
    kind = media_kind(found)
    if found is None or kind == "other":
        return DOWNLOAD_TYPE
    return f"{found}; charset=utf-8" if kind == "text" else found
