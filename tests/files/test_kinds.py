"""Bytes say what they are; a page, or an error as text, is not the picture that was wanted (SL-2)."""

from __future__ import annotations

import io
import zipfile
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.files.kinds import HEAD_BYTES, is_document, judge, judge_answer, sniff
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


@pytest.mark.parametrize("declared", [*MEDIA, "image/svg+xml"])
@pytest.mark.parametrize("served", ["text/html", "image/png", None])
def test_a_page_where_media_was_declared_is_none_of_it(declared: str, served: str | None):
    assert judge(declared, None, "text/html") is FileReason.WRONG_TYPE
    for whole in (True, False):
        answer = judge_answer(declared, None, "text/html", is_document=whole, served=served)
        assert answer is FileReason.SIGN_IN_PAGE


@pytest.mark.parametrize(
    ("declared", "name"),
    [("application/zip", None), ("application/octet-stream", None), (None, None), (None, "a.zip"), (None, "LICENSE")],
)
@pytest.mark.parametrize("served", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml", "", None])
def test_a_whole_page_that_is_served_as_one_is_a_sign_in_page(
    declared: str | None, name: str | None, served: str | None
):
    assert judge_answer(declared, name, "text/html", is_document=True, served=served) is FileReason.SIGN_IN_PAGE
    assert judge_answer(declared, name, "text/html", is_document=False, served=served) is None
    assert judge_answer(declared, name, "text/html", is_document=True, served="application/octet-stream") is None
    assert judge(declared, name, "text/html") is None  # an export holds no page of the site


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("text/html", None),
        ("Text/HTML; charset=utf-8", "x"),
        ("application/xhtml+xml", None),
        ("text/plain", None),
        ("text/markdown", "x"),
        (None, "saved.HTML"),
        (None, "README.md"),
        ("application/octet-stream", "notes.txt"),
        (None, "module.ts"),
    ],
)
def test_a_text_that_may_hold_a_page_is_taken(declared: str | None, name: str | None):
    assert judge(declared, name, "text/html") is None
    assert judge_answer(declared, name, "text/html", is_document=True, served="text/html") is None


@pytest.mark.parametrize(
    ("declared", "name", "reason"),
    [
        ("text/plain", "a.txt", FileReason.SIGN_IN_PAGE),
        (None, "a.md", FileReason.SIGN_IN_PAGE),
        ("text/html", "a", None),
    ],
)
def test_a_page_of_another_size_than_the_text_has_is_a_sign_in_page(
    declared: str | None, name: str, reason: FileReason | None
):
    answer = judge_answer(declared, name, "text/html", is_document=True, served="text/html", has_size=False)
    assert answer is reason


@pytest.mark.parametrize(
    ("head", "is_page"),
    [
        (PAGE, True),
        (b"\xef\xbb\xbf  \r\n<!-- a <b> -->\n<!doctype HTML>", True),
        ("<html>".encode("utf-16"), True),
        (b"<?xml version='1.0'?>\n<html xmlns='x'>", True),
        (b"<head><title>x", True),
        (b"<!-- never ended " + b"x" * 5000, True),
        (b"<h1 align=center>polyhost</h1>", False),
        (b"<p align=center>", False),
        (b"<div>", False),
        (b"<table>", False),
        (b"<a href='x'>", False),
        (b"<header>", False),
        (PNG, False),
        (b"", False),
    ],
)
def test_a_whole_page_is_told_from_a_text_that_begins_with_an_element(head: bytes, is_page: bool):
    assert is_document(head, is_whole=True) is is_page


WRONG = ["text/plain", "application/json", "image/svg+xml", "application/x-msdownload", "application/x-executable"]


@pytest.mark.parametrize(("declared", "found"), [*product(MEDIA, WRONG)])
def test_text_or_a_program_where_media_was_declared_is_the_wrong_type(declared: str, found: str):
    assert judge(declared, None, found) is FileReason.WRONG_TYPE
    assert judge_answer(declared, None, found, is_document=False, served=declared) is FileReason.WRONG_TYPE


NAMES = ["a.jpg", "a.jpeg", "a.PNG", "a.gif", "a.webp", "a.heic", "a.mp4", "a.mov", "a.mp3", "a.m4a", "a.ogg", "a.pdf"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("found", [*WRONG, "text/html"])
def test_a_name_alone_says_that_it_is_media(name: str, found: str):
    assert judge(None, name, found) is FileReason.WRONG_TYPE


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
        ("image/svg+xml", None, "image/svg+xml"),
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
