"""Look inside every encoded part of a text, and put back what was changed in there. Pure.

Owns: which parts of a text are encoded (percent, JSON escapes, HTML entities, base64 at any offset, gzip inside of it),
decoding them, and encoding them again so that what was not changed keeps its spelling. Every part is gone through once:
time grows with the text. Must not know: what is looked for.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import json
import re
import zlib
from collections.abc import Callable
from urllib.parse import quote, unquote_to_bytes

__all__ = ["DEPTH", "MAX_INFLATED_BYTES", "as_bytes", "as_text", "deflated", "inflated", "inside"]

DEPTH = 3
"""Encodings that are followed one inside the other."""
MAX_INFLATED_BYTES = 64 * 2**20
"""Bytes that a compressed body may become; one that becomes more is kept as its size only."""

Rewrite = Callable[[str], str]
"""Given what a part says decoded, returns what belongs there: the same where nothing is to be changed."""

_PERCENT_RUN = re.compile(r"[\w.~!*'()+:/@,;$%-]+")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_PERCENT_OR_PLUS = re.compile(r"(?:%[0-9A-Fa-f]{2})+|\+")
_ESCAPED_RUN = re.compile(r"(?:[^\"\\\n]+|\\.)+", re.DOTALL)
_HIGH = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"{_HIGH}|\\u[0-9a-fA-F]{{4}}|\\x[0-9a-fA-F]{{2}}|\\[\"'\\/bfnrt]")
_ENTITY_RUN = re.compile(r"[^<>\"]+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_ONE_CASE = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
_SAID = re.compile(
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){6}"
)
"""Bytes that say something: most words decode to noise, in which six characters in a row are rare."""
_COMPRESSED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_SIMPLE = {"\\b": "\b", "\\f": "\f", "\\n": "\n", "\\r": "\r", "\\t": "\t"}


def inside(text: str, rewrite: Rewrite) -> str:
    """The text with every encoded part as `rewrite` wants its decoded form. Parts are handed over one by one."""
    if "%" in text:
        text = _PERCENT_RUN.sub(lambda run: _percent(run[0], rewrite), text)
    if "\\" in text:
        text = _ESCAPED_RUN.sub(lambda run: _spliced(run[0], _ESCAPE, _unescaped, _escaped, rewrite), text)
    if "&" in text and ";" in text:
        text = _ENTITY_RUN.sub(lambda run: _spliced(run[0], _ENTITY, html.unescape, html.escape, rewrite), text)
    return _BASE64.sub(lambda run: _base64(run[0], rewrite), text)


def inflated(data: bytes) -> bytes | None:
    """What gzip or zlib data holds; None for other data, and for what would become too large."""
    if not data.startswith(_COMPRESSED):
        return None
    machine = zlib.decompressobj(wbits=47)
    try:
        plain = machine.decompress(data, MAX_INFLATED_BYTES)
    except zlib.error:
        return None
    return plain if machine.eof else None


def deflated(plain: bytes, like: bytes) -> bytes:
    """Compressed as `like` is. The same bytes always give the same bytes: no time is in them."""
    return gzip.compress(plain, mtime=0) if like.startswith(b"\x1f\x8b") else zlib.compress(plain)


def as_text(data: bytes) -> str:
    """Bytes as text, one way and back: what is no UTF-8 stays what it is."""
    return data.decode("utf-8", "surrogateescape")


def as_bytes(text: str) -> bytes:
    """The bytes that `as_text` was given; a lone half of a character, which has none, becomes a question mark."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _percent(run: str, rewrite: Rewrite) -> str:
    if "%" not in run:
        return run
    run = _spliced(run, _PERCENT, _unquoted, _quoted, rewrite)
    return _spliced(run, _PERCENT_OR_PLUS, _unquoted, _quoted, rewrite) if "+" in run else run


def _unquoted(part: str) -> str:
    return " " if part == "+" else as_text(unquote_to_bytes(part))


def _quoted(text: str) -> str:
    return quote(as_bytes(text), safe="/:@!~*'(),;$")


def _unescaped(token: str) -> str:
    if token.startswith("\\x"):
        return json.loads(f'"\\u00{token[2:]}"')
    if token.startswith("\\u"):
        return json.loads(f'"{token}"')
    return _SIMPLE.get(token, token[1:])


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def _spliced(
    source: str, token: re.Pattern[str], decode: Callable[[str], str], encode: Callable[[str], str], rewrite: Rewrite
) -> str:
    """Decode every token of a run, ask, and write anew only from the first change to the last."""
    plain = token.sub(lambda found: decode(found[0]), source)
    if plain == source:
        return source
    new = rewrite(plain)
    if new == plain:
        return source
    first = _same(plain, new)
    most = min(len(plain), len(new)) - first
    last = len(plain) - (_same(plain[::-1][:most], new[::-1][:most]) if most else 0)
    (start, plain_start), (end, plain_end) = _around(source, token, decode, first, last)
    return source[:start] + encode(new[plain_start : len(new) - (len(plain) - plain_end)]) + source[end:]


def _around(
    source: str, token: re.Pattern[str], decode: Callable[[str], str], first: int, last: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where in the source a stretch of the decoded text begins and ends, with the same places in the decoded text;
    outward to whole tokens."""
    begin: tuple[int, int] | None = None
    at = plain_at = 0
    for found in token.finditer(source):
        size = len(decode(found[0]))
        start, plain_start = found.start(), plain_at + found.start() - at
        if begin is None and first < plain_start:
            begin = (start - (plain_start - first), first)
        if begin is None and first < plain_start + size:
            begin = (start, plain_start)
        if begin is not None and last <= plain_start:
            return begin, (start - (plain_start - last), last)
        at, plain_at = found.end(), plain_start + size
        if begin is not None and last <= plain_at:
            return begin, (at, plain_at)
    return begin or (at + first - plain_at, first), (at + last - plain_at, last)


def _base64(run: str, rewrite: Rewrite) -> str:
    """What stands before a run may be of its alphabet too (a path's slashes), so it is read from four places."""
    bare = run.rstrip("=")
    if _ONE_CASE.fullmatch(bare):
        return run
    standard = bare.replace("-", "+").replace("_", "/")
    for offset in range(4):
        changed = _base64_from(bare, standard, offset, rewrite)
        if changed is not None:
            padded = run != bare or (not offset and len(bare) % 4 == 0)
            return changed + "=" * (-len(changed[offset:]) % 4 if padded else 0)
    return run


def _base64_from(bare: str, standard: str, offset: int, rewrite: Rewrite) -> str | None:
    end = len(bare) - ((len(bare) - offset) % 4 == 1)
    part = standard[offset:end]
    try:
        data = binascii.a2b_base64(part + "=" * (-len(part) % 4))
    except binascii.Error:
        return None
    packed = inflated(data)
    if packed is None and not _SAID.search(data):
        return None
    said = as_text(data if packed is None else packed)
    new = rewrite(said)
    if new == said:
        return None
    raw = as_bytes(new) if packed is None else deflated(as_bytes(new), data)
    encoded = base64.b64encode(raw).decode().rstrip("=")
    same = _same(encoded, part)
    rest = encoded[same:]
    if "-" in bare or "_" in bare:
        rest = rest.replace("+", "-").replace("/", "_")
    return bare[: offset + same] + rest + bare[end:]


def _same(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
