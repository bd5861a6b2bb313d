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

__all__ = ["HEAD_BYTES", "HTML_BYTES", "is_document", "judge", "judge_answer", "sniff", "type_of"]

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
_DOCUMENT = re.compile(r"<!doctype\s+html\b|<(?:html|head)(?=[\s/>])", re.IGNORECASE)
"""What a whole page begins with. Notes and READMEs begin with an element."""
_SVG = re.compile(r"<(?:svg:)?svg(?=[\s/>])", re.IGNORECASE)
_JSON = re.compile(r'\s*(?:\{\s*(?:"|\})|\[\s*(?:[\[\]{"\-0-9]|true\b|false\b|null\b))')

_HTML_TYPES = frozenset({HTML, "application/xhtml+xml"})
_TEXT_TYPES = frozenset(
    {"application/json", "application/xml", "application/javascript", "application/x-yaml", "application/yaml"}
)
_TEXT_SUFFIX = re.compile(
    r"(?:[sx]?html?|mht(?:ml)?|php|jsp|aspx?|erb|ejs|hbs|vue|svelte|te?mpl|tpl|j2|md|markdown|te?xt|rst|adoc|tex|[ct]sv"
    r"|log|xml|xsl|json|ya?ml|toml|ini|cfg|conf|m?js|jsx|tsx?|py|rb|go|rs|java|kt|cc?|hp?p?|cpp|cs|swift|s?css|sql|sh|pl"
    r"|lua|eml|diff|patch|ipynb)\Z"
)
"""Names of files that are pages, or texts that may hold one."""
_SILENT_TYPES = frozenset({BYTES, "binary/octet-stream", "application/binary", "application/force-download"})
_MEDIA = ("image/", "audio/", "video/", "application/pdf")
_MEDIA_AS_TEXT = re.compile(
    r"image/(?:svg|vnd\.dxf|x-xpixmap|x-xbitmap|x-portable-)|audio/(?:x-)?(?:mpegurl|scpls)|video/mp2t"
)
"""Kinds of media that are written as text; a TypeScript file bears the suffix of the last."""
_TEXTS = frozenset({TEXT, HTML, JSON, SVG})
_PROGRAMS = frozenset(
    f"application/{name}"
    for name in ("x-msdownload", "x-executable", "wasm", "x-deb", "x-rpm", "x-google-chrome-extension")
)
_TYPES = mimetypes.MimeTypes()
_MORE_TYPES = {
    "webp": "image/webp",
    "jfif": "image/jpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "flac": "audio/flac",
    "amr": "audio/amr",
    "m4v": "video/x-m4v",
    "ogv": "video/ogg",
    "mkv": "video/x-matroska",
    "wmv": "video/x-ms-wmv",
}
"""Suffixes that Python's own table does not know."""


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


def is_document(head: bytes, *, is_whole: bool) -> bool:
    """Whether these first bytes are those of a whole HTML page, or may be for all that they show."""
    text = _text(head[:HEAD_BYTES], is_whole=is_whole) or ""
    at = _first_element(text)
    return _DOCUMENT.match(text, at) is not None or (at == len(text) and "<!--" in text)


def judge(declared_type: str | None, declared_name: str | None, found: str) -> FileReason | None:
    """What speaks against taking this for the file; None: nothing."""
    declared = type_of(declared_type, declared_name)
    if declared is None or not declared.startswith(_MEDIA):
        return None
    if _MEDIA_AS_TEXT.match(declared):
        is_wrong = found in _PROGRAMS or (found == HTML and declared.startswith("image/svg"))
    else:
        is_wrong = found in _PROGRAMS or found in _TEXTS
    return FileReason.WRONG_TYPE if is_wrong else None


def judge_answer(
    declared_type: str | None,
    declared_name: str | None,
    found: str,
    *,
    is_document: bool,
    served: str | None,
    has_size: bool = True,
) -> FileReason | None:
    """The same of what a site answered: it may have sent a page for people in place of the file. `is_document`: a whole
    page; `served`: the type that the answer said it has; `has_size`: of the declared size, as far as it came."""
    reason = judge(declared_type, declared_name, found)
    if found != HTML:
        return reason
    is_expected = _may_hold_page(declared_type, declared_name, as_text=has_size)
    is_page = is_document and _may_be_page(served) and not is_expected
    return FileReason.SIGN_IN_PAGE if is_page or reason is not None else None


def _may_be_page(served: str | None) -> bool:
    said = _plain(served)
    return not said or said in _HTML_TYPES


def _may_hold_page(declared_type: str | None, declared_name: str | None, *, as_text: bool) -> bool:
    """`as_text`: also as what a text has in it."""
    declared = type_of(declared_type, declared_name) or ""
    suffix = _suffix(declared_name)
    if declared in _HTML_TYPES or suffix in ("html", "htm", "xhtml"):
        return True
    is_text = declared.startswith("text/") or declared in _TEXT_TYPES or _TEXT_SUFFIX.match(suffix) is not None
    return as_text and is_text


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


def _first_element(text: str) -> int:
    at = 0
    while (before := _BEFORE.match(text, at)) or (before := _OTHER_DOCTYPE.match(text, at)):
        at = before.end()
    return at


def _kind_of_text(text: str, *, is_whole: bool) -> str:
    at = _first_element(text)
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
    said = _plain(declared_type)
    if "/" in said and said not in _SILENT_TYPES:
        return said
    suffix = _suffix(declared_name)
    return _MORE_TYPES.get(suffix) or _TYPES.types_map[1].get(f".{suffix}") if suffix else None


def _plain(said: str | None) -> str:
    """A type without its parameters."""
    return (said or "").partition(";")[0].strip().lower()


def _suffix(name: str | None) -> str:
    return (name or "").rpartition(".")[2].strip().lower() if "." in (name or "") else ""
