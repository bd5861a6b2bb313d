"""What bytes are, by themselves; and whether that is what a source said.

Owns: the answer for the first bytes of a file, and what speaks against it. Must not know: where they come from.

What a file is called, and what its server says of it, only ever tells what was expected.
"""

from __future__ import annotations

import codecs
import mimetypes
import re

import filetype
import orjson

from polyhost.ledger.files import FileReason

__all__ = ["HEAD_BYTES", "HTML_BYTES", "judge", "sniff", "type_of"]

HEAD_BYTES = 8_192
"""As much as any of the tests looks at."""
HTML_BYTES = 1_024
"""After so many a page is known for one."""
HTML, SVG, JSON, TEXT, BYTES = (
    "text/html",
    "image/svg+xml",
    "application/json",
    "text/plain",
    "application/octet-stream",
)

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NO_TEXT = re.compile(r"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_WRITTEN_AS_TEXT = frozenset({"application/pdf", "application/rtf", "application/postscript"})
"""Formats with a mark at their beginning whose files may be text throughout. The marks of others are two or three
letters long, and a text may begin with them."""
_BEFORE = re.compile(r"\s+|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
"""What may stand before the first element, or go on to the end of what there is of it."""
_OTHER_DOCTYPE = re.compile(r"<!doctype\s+(?!html\b)[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_HTML = re.compile(
    r"<!doctype\s+html\b|<(?:html|head|body|title|meta|link|base|script|noscript|style|iframe|form|table|div|span|center"
    r"|main|section|nav|font|img|h[1-6]|br|p|a|b)(?=[\s/>])",
    re.IGNORECASE,
)
_SVG = re.compile(r"<(?:svg:)?svg(?=[\s/>])", re.IGNORECASE)
_JSON = re.compile(r'\s*(?:\{\s*(?:"|\})|\[\s*(?:[\[\]{"\-0-9]|true\b|false\b|null\b))')

_HTML_TYPES = frozenset({HTML, "application/xhtml+xml"})
_HTML_SUFFIXES = ("html", "htm", "xhtml", "shtml", "php", "jsp", "asp", "aspx", "erb", "ejs", "hbs", "vue", "svelte")
"""Names of files that are pages, or that pages are made from."""
_SILENT_TYPES = frozenset({BYTES, "binary/octet-stream", "application/binary", "application/force-download"})
_MEDIA = ("image/", "audio/", "video/", "application/pdf")
_MEDIA_AS_TEXT = re.compile(
    r"image/(?:svg|vnd\.dxf|x-xpixmap|x-xbitmap|x-portable-)|audio/(?:x-)?(?:mpegurl|scpls)|video/mp2t"
)
"""Kinds of media that are written as text; a TypeScript file bears the suffix of the last."""
_TEXTS = frozenset({TEXT, HTML, JSON})
_TYPES = mimetypes.MimeTypes()


def sniff(head: bytes, *, is_whole: bool) -> str:
    """What these bytes are, as in `image/png`. `head`: the first of them, `HEAD_BYTES` at most; `is_whole`: there are
    no more."""
    head = head[:HEAD_BYTES]
    found = filetype.guess(head)
    known = None if found is None else str(found.mime)
    if known in _WRITTEN_AS_TEXT:
        return known
    text = _text(head, is_whole=is_whole)
    if not text:
        return known or BYTES
    return _kind_of_text(text, is_whole=is_whole)


def judge(declared_type: str | None, declared_name: str | None, found: str) -> FileReason | None:
    """What speaks against taking this for the file; None: nothing."""
    declared = type_of(declared_type, declared_name)
    if found == HTML and declared not in _HTML_TYPES and _suffix(declared_name) not in _HTML_SUFFIXES:
        return FileReason.SIGN_IN_PAGE
    if declared is None or found not in _TEXTS or _MEDIA_AS_TEXT.match(declared):
        return None
    return FileReason.WRONG_TYPE if declared.startswith(_MEDIA) else None


def _text(head: bytes, *, is_whole: bool) -> str | None:
    """The text that this is, as far as it goes; None where it is none."""
    encoding = "utf-8"
    for mark, name in _BOMS:
        if head.startswith(mark):
            head, encoding = head[len(mark) :], name
            break
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head, final=is_whole)
    except UnicodeDecodeError:
        return None
    return None if _NO_TEXT.search(text) else text


def _kind_of_text(text: str, *, is_whole: bool) -> str:
    at = 0
    while (before := _BEFORE.match(text, at)) or (before := _OTHER_DOCTYPE.match(text, at)):
        at = before.end()
    if _HTML.match(text, at) or (at == len(text) and "<!--" in text[:at]):
        return HTML
    if _SVG.match(text, at):
        return SVG
    return JSON if _is_json(text, is_whole=is_whole) else TEXT


def _is_json(text: str, *, is_whole: bool) -> bool:
    if not _JSON.match(text):
        return False
    if not is_whole:
        return True
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def type_of(declared_type: str | None, declared_name: str | None) -> str | None:
    """The type that was declared; of its name's suffix where it says nothing. None: neither tells."""
    said = (declared_type or "").partition(";")[0].strip().lower()
    if "/" in said and said not in _SILENT_TYPES:
        return said
    suffix = _suffix(declared_name)
    return _TYPES.types_map[1].get(f".{suffix}") if suffix else None


def _suffix(name: str | None) -> str:
    return (name or "").rpartition(".")[2].strip().lower() if "." in (name or "") else ""
