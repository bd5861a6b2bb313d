"""What a page may show of a file, by what its bytes are (SL-2)."""

from __future__ import annotations

import pytest

from polyhost.protocol.media_kinds import DOWNLOAD_TYPE, media_kind, served_type

pytestmark = pytest.mark.requirement("SL-2")


@pytest.mark.parametrize(
    ("found", "kind", "served"),
    [
        ("image/png", "picture", "image/png"),
        ("image/avif", "picture", "image/avif"),
        ("audio/mpeg", "audio", "audio/mpeg"),
        ("audio/x-wav", "audio", "audio/x-wav"),
        ("video/mp4", "video", "video/mp4"),
        ("application/pdf", "pdf", "application/pdf"),
        ("text/plain", "text", "text/plain; charset=utf-8"),
    ],
)
def test_some_kinds_are_shown_as_what_they_are(found: str, kind: str, served: str):
    assert (media_kind(found), served_type(found)) == (kind, served)


@pytest.mark.parametrize(
    "found",
    [
        None,
        "",
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "application/javascript",
        "application/zip",
        "image/bmp",
        "audio/x-mpegurl",
        "audio/x-scpls",
        "video/x+xml",
        "audio/mpeg; charset=x",
        "AUDIO/MPEG",
        "audio/",
        "audio/x\r\nX: y",
    ],
)
def test_everything_else_is_a_download(found: str | None):
    assert (media_kind(found), served_type(found)) == ("other", DOWNLOAD_TYPE)
