"""Bytes say what they are; a page, or an error as text, is not the picture that was wanted (SL-2)."""

from __future__ import annotations

import io
import zipfile
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.files.kinds import HEAD_BYTES, judge, sniff
from polyhost.ledger.files import FileReason

pytestmark = pytest.mark.requirement("SL-2")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(40)
PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n"
MP4 = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(60)
OGG = b"OggS\0\x02" + bytes(60)
PAGE = b"<!DOCTYPE html>\n<html><body>Sign in</body></html>"


def docx() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("_rels/.rels", "<Relationships/>")
        file.writestr("word/document.xml", "<w/>")
    return held.getvalue()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (PDF, "application/pdf"),
        (MP4, "video/mp4"),
        (OGG, "audio/ogg"),
        (b"PK\x03\x04" + bytes(40), "application/zip"),
        (docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"BM" + bytes(60), "image/bmp"),
        (b"BMW and Mercedes\n", "text/plain"),
        (b"MZ, the initials\n", "text/plain"),
        (b"", "application/octet-stream"),
        (b"hello", "text/plain"),
        ("Grüße\n".encode(), "text/plain"),
        ("Grüße\n".encode("utf-16"), "text/plain"),
        ("Grüße\n".encode("latin-1"), "application/octet-stream"),
        (b"a\0b", "application/octet-stream"),
        (bytes(range(256)), "application/octet-stream"),
        (PAGE, "text/html"),
        (b"\xef\xbb\xbf  \r\n<!-- a <b> -->\n<!doctype HTML>", "text/html"),
        (b"<!-- > --><HTML lang=en>", "text/html"),
        (b"<!-- never ended " + b"x" * 5000, "text/html"),
        ("<html>".encode("utf-16"), "text/html"),
        (b"<?xml version='1.0'?>\n<html xmlns='x'>", "text/html"),
        (b"<head><title>x", "text/html"),
        (b"<script>location='/login'</script>", "text/html"),
        (b"<p>hello", "text/html"),
        (b"<pre", "text/plain"),
        (b"<abc>not a page", "text/plain"),
        (b"a <html> in the middle", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"<?xml version='1.0'?><!-- x --><!DOCTYPE svg PUBLIC 'a' 'b'>\n<svg width='1'>", "image/svg+xml"),
        (b"<?xml version='1.0'?><rss>", "text/plain"),
        (b'{"ok":false}', "application/json"),
        (b' [1, {"a": null}]\n', "application/json"),
        (b"[section]\nkey = 1", "text/plain"),
        (b'{"ok":fal', "text/plain"),
        (b"{ not json }", "text/plain"),
        (b"{\\rtf1\\ansi hello}", "application/rtf"),
    ],
)
def test_what_bytes_are(head: bytes, kind: str):
    assert sniff(head, is_whole=True) == kind


def test_a_text_that_goes_on_is_told_by_its_beginning():
    long = ("ä" * HEAD_BYTES).encode()
    assert sniff(long[: HEAD_BYTES + 1], is_whole=False) == "text/plain"
    assert sniff(b"x" + long[:1000], is_whole=False) == "text/plain"
    assert sniff(b'{"messages": [' + b"1," * 100, is_whole=False) == "application/json"
    assert sniff((b"x" + long)[:1000], is_whole=True) == "application/octet-stream"


@given(st.binary(max_size=2_000), st.booleans())
def test_any_bytes_are_something(head: bytes, is_whole: bool):
    assert "/" in sniff(head, is_whole=is_whole)


MEDIA = ["image/png", "image/jpeg", "audio/mpeg", "video/mp4", "application/pdf", "IMAGE/PNG; q=1"]


@pytest.mark.parametrize("declared", [*MEDIA, "text/plain", "application/zip", "application/octet-stream", None])
def test_a_page_where_none_was_declared_is_a_sign_in_page(declared: str | None):
    assert judge(declared, None, "text/html") is FileReason.SIGN_IN_PAGE


@pytest.mark.parametrize(
    ("declared", "name"),
    [("text/html", None), ("Text/HTML; charset=utf-8", "x"), ("application/xhtml+xml", None), (None, "saved.HTML")],
)
def test_a_page_that_was_declared_is_taken(declared: str | None, name: str | None):
    assert judge(declared, name, "text/html") is None


@pytest.mark.parametrize(("declared", "found"), [*product(MEDIA, ["text/plain", "application/json"])])
def test_text_where_media_was_declared_is_the_wrong_type(declared: str, found: str):
    assert judge(declared, None, found) is FileReason.WRONG_TYPE


@pytest.mark.parametrize(
    ("declared", "name", "found"),
    [
        (None, "a.png", "text/plain"),
        ("application/octet-stream", "a.pdf", "application/json"),
    ],
)
def test_where_no_type_says_anything_the_name_does(declared: str | None, name: str, found: str):
    assert judge(declared, name, found) is FileReason.WRONG_TYPE


@pytest.mark.parametrize(
    ("declared", "name", "found"),
    [
        ("image/png", "a.png", "image/jpeg"),  # converted on the way, as sites do
        ("image/png", None, "application/octet-stream"),
        ("image/svg+xml", None, "text/plain"),
        ("audio/x-mpegurl", None, "text/plain"),
        (None, "module.ts", "text/plain"),
        ("text/plain", "a.png", "text/plain"),
        ("text/csv", None, "application/json"),
        (None, None, "application/json"),
        ("nonsense", "README", "text/plain"),
    ],
)
def test_what_may_be_right_is_taken(declared: str | None, name: str | None, found: str):
    assert judge(declared, name, found) is None
