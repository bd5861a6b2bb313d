"""Secrets planted into a raw recording, one for each place and encoding, and a search that knows nothing of scrubbing.

The search decodes by brute force: whatever can be read as percent, HTML, JSON, base64 or gzip is, again and again.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlencode

from polyhost.browser.recordings.fixture import Redactions, Scenario
from polyhost.browser.recordings.har import Entry, Recording

DEEP = 4
HTML = (("content-type", "text/html"),)
JSON = (("content-type", "application/json"),)
FORM = (("content-type", "application/x-www-form-urlencoded"),)
SITE = "https://a.test"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "url": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "double url": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": _b64,
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 at 1": lambda text: _b64("~" + text),
    "base64 at 2": lambda text: _b64("~~" + text + "~"),
    "JSON escapes": _escaped,
    "JSON in JSON": lambda text: json.dumps(json.dumps({"k": text})),
    "HTML": html.escape,
    "HTML numbers": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "gzip": lambda text: base64.b64encode(gzip.compress(f"so {text} it is".encode())).decode(),
    "three deep": lambda text: quote(_b64(json.dumps({"inner": text})), safe=""),
}
"""How a site may write a value."""


def _get(path: str = "/", body: str = "", headers: tuple[tuple[str, str], ...] = HTML, **more: Any) -> Entry:
    return Entry(method="GET", url=SITE + path, response_headers=headers, body=body.encode(), **more)


def _post(body: bytes, headers: tuple[tuple[str, str], ...]) -> Entry:
    return Entry(method="POST", url=SITE + "/api", request_headers=headers, request_body=body, response_headers=JSON)


def _multipart(value: str) -> Entry:
    part = f'--b1\r\nContent-Disposition: form-data; name="n"\r\n\r\n{value}\r\n--b1--\r\n'
    return _post(part.encode(), (("content-type", "multipart/form-data; boundary=b1"),))


PLACES: dict[str, Callable[[str], Entry]] = {
    "path": lambda value: _get(f"/x/{quote(value, safe='%')}/y"),
    "query": lambda value: _get(f"/?q={quote_plus(value, safe='%')}"),
    "fragment": lambda value: _get(f"/?a=1#{quote(value, safe='%')}"),
    "form": lambda value: _post(urlencode({"field": value}).encode(), FORM),
    "multipart": _multipart,
    "gzip body": lambda value: _post(gzip.compress(json.dumps({"v": value}).encode()), JSON),
    "JSON body": lambda value: _post(json.dumps({"a": [{"b": value}]}).encode(), JSON),
    "answer": lambda value: _get(body=json.dumps({"a": {"b": f"so {value}"}}), headers=JSON),
    "JSON in answer": lambda value: _get(body=json.dumps({"a": json.dumps({"b": value})}), headers=JSON),
    "key": lambda value: _get(body=json.dumps({value: 1}), headers=JSON),
    "Location": lambda value: _get(status=302, headers=(("location", f"/?to={quote(value, safe='%')}"),)),
    "Set-Cookie": lambda value: _get(headers=(*HTML, ("set-cookie", f"a=1; Path=/{quote(value, safe='%')}"))),
    "header": lambda value: _get(headers=(*HTML, ("x-next-page", quote(value, safe="%&;#\\")))),
    "text": lambda value: _get(body=f"<p>so {html.escape(value)} it is</p>"),
    "attribute": lambda value: _get(body=f'<a href="/?x={html.escape(value)}">x</a>'),
    "comment": lambda value: _get(body=f"<!-- {value} -->"),
    "script": lambda value: _get(body=f"<script>var a = {json.dumps(value)};</script>"),
    "style": lambda value: _get(body=f'a {{ background: url("/i?{value}") }}', headers=(("content-type", "text/css"),)),
}
"""Where a site may write one."""


def raw(make: Callable[[int], str]) -> tuple[Scenario, list[str]]:
    """A recording with a value of its own in each place and encoding, and in the session's storage; and the values."""
    values: list[str] = []
    entries: list[Entry] = []
    for encode in ENCODINGS.values():
        for place in PLACES.values():
            values.append(make(len(values)))
            entries.append(place(encode(values[-1])))
    items: list[dict[str, str]] = []
    for name, encode in ENCODINGS.items():
        values.append(make(len(values)))
        items.append({"name": f"kept {name}", "value": encode(values[-1])})
    state = {"cookies": [], "origins": [{"origin": SITE, "localStorage": items}]}
    return Scenario(Recording(tuple(entries)), state, (), Redactions()), values


def texts_of(folder: Path) -> list[str]:
    """Every text of every file of a scenario, bodies decoded as the file says."""
    found: list[str] = []
    for path in folder.iterdir():
        text = path.read_text()
        documents = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [json.loads(text)]
        found += [text, *(said for document in documents for said in _strings(document))]
    return found


def _strings(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield name
            yield from _strings(value)
    elif isinstance(document, list):
        for value in document:
            yield from _strings(value)
    elif isinstance(document, str):
        yield document


def decoded(text: str, deep: int = DEEP) -> set[str]:
    """A text and everything that can be read in it."""
    found, now = {text}, {text}
    for _ in range(deep):
        now = {said for one in now for said in _read(one)} - found
        found |= now
    return found


def _read(text: str) -> Iterator[str]:
    if "%" in text or "+" in text:
        yield unquote(text)
        yield unquote_plus(text)
    if "&" in text:
        yield html.unescape(text)
    if "\\" in text:
        yield re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
        yield re.sub(r"\\(.)", r"\1", text)
    for run in re.findall(r"[A-Za-z0-9+/_-]{12,}", text):
        for start in range(4):
            yield from _bytes(run[start:])


def _bytes(run: str) -> Iterator[str]:
    whole = run.replace("-", "+").replace("_", "/")
    data = base64.b64decode(whole[: len(whole) - (len(whole) % 4 == 1)] + "==")
    said = data.decode("latin-1")
    if re.search(r"[ -~]{8}", said):
        yield said
    for form in (data,):
        if form.startswith(b"\x1f\x8b"):
            yield zlib.decompressobj(wbits=47).decompress(form).decode("latin-1")
