"""The parts of HAR 1.2 a recording uses: one entry per request, bodies as bytes, in the order requests began.

Owns: reading (with refusals that name file and entry) and writing (the same traffic gives the same bytes). Must not
know: what is matched, what is secret, browsers.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from polyhost.errors import RefusedError

__all__ = ["Entry", "Headers", "Recording", "dump", "header", "load", "parse"]

Headers = tuple[tuple[str, str], ...]

EPOCH = "1970-01-01T00:00:00.000Z"
"""The start of every entry. HAR wants a time; a real one would tell when it was recorded, and change every diff."""

_MAKE_AGAIN = "Record it again, or restore the file."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and what came back. `error` is the browser's reason where nothing did (then status is 0)."""

    method: str
    url: str
    request_headers: Headers = ()
    request_body: bytes | None = None
    status: int = 200
    response_headers: Headers = ()
    body: bytes = b""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Entries in request order. `name` is for messages: the file it came from."""

    entries: tuple[Entry, ...]
    name: str = "recording.har"


def header(headers: Headers, name: str) -> str:
    """The first value of a header, or an empty string."""
    return next((value for key, value in headers if key.lower() == name), "")


def load(path: Path) -> Recording:
    """Read a recording. RefusedError says which file, which entry and what is wrong with it."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise RefusedError(
            f"There is no recording at {path}", "Name a scenario directory that holds recording.har."
        ) from None
    except OSError as error:
        raise RefusedError(
            f"The recording {path} cannot be read: {error.strerror}", "Check the file and its permissions."
        ) from None
    return parse(data, str(path))


def parse(data: bytes, name: str = "recording.har") -> Recording:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise RefusedError(f"{name} is not JSON", _MAKE_AGAIN) from None
    entries = _path(document, "log", "entries")
    if not isinstance(entries, list):
        raise RefusedError(f"{name} is not a HAR file: it has no log.entries", _MAKE_AGAIN)
    return Recording(tuple(_entry(raw, f"{name}, entry {i}") for i, raw in enumerate(cast("list[Any]", entries))), name)


def dump(recording: Recording) -> bytes:
    """The same entries always give the same bytes; one line per fact, so that a review reads like a diff."""
    entries = [_entry_json(entry) for entry in recording.entries]
    document = {"log": {"version": "1.2", "creator": {"name": "polyhost", "version": "1"}, "entries": entries}}
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _path(value: Any, *keys: str) -> Any:
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = cast("Mapping[str, Any]", value).get(key)
    return value


def _entry(raw: Any, where: str) -> Entry:
    url, method, status = (
        _path(raw, "request", "url"),
        _path(raw, "request", "method"),
        _path(raw, "response", "status"),
    )
    if not isinstance(url, str) or not _is_http(url):
        raise RefusedError(f"{where}: request.url is missing or no http(s) URL", _MAKE_AGAIN)
    if not isinstance(method, str) or not method:
        raise RefusedError(f"{where}: request.method is missing", _MAKE_AGAIN)
    error = _path(raw, "response", "_error")
    if isinstance(status, bool) or not isinstance(status, int) or not (error or 100 <= status <= 599):
        raise RefusedError(f"{where}: response.status is missing or no HTTP status", _MAKE_AGAIN)
    return Entry(
        method=method.upper(),
        url=url,
        request_headers=_headers(_path(raw, "request", "headers"), f"{where}: request.headers"),
        request_body=_post_data(_path(raw, "request", "postData"), f"{where}: request.postData"),
        status=status,
        response_headers=_headers(_path(raw, "response", "headers"), f"{where}: response.headers"),
        body=_content(_path(raw, "response", "content"), f"{where}: response.content"),
        error=error if isinstance(error, str) and error else None,
    )


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _pairs(raw: Any, where: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for item in cast("Iterable[Any]", raw if isinstance(raw, list) else ()):
        name, value = _path(item, "name"), _path(item, "value")
        if not isinstance(name, str) or not isinstance(value, str):
            raise RefusedError(f"{where} holds something that is not a name and value", _MAKE_AGAIN)
        pairs.append((name, value))
    return pairs


def _headers(raw: Any, where: str) -> Headers:
    # HTTP/2 pseudo headers (":method") describe the connection; a browser refuses them in an answer.
    return tuple((name, value) for name, value in _pairs(raw, where) if not name.startswith(":"))


def _post_data(raw: Any, where: str) -> bytes | None:
    if raw is None:
        return None
    text = _path(raw, "text")
    if text is None and _path(raw, "params") is not None:
        return urlencode(_pairs(_path(raw, "params"), where)).encode()
    return _decode(text, _path(raw, "_encoding"), where)


def _content(raw: Any, where: str) -> bytes:
    text = _path(raw, "text")
    return b"" if text is None else _decode(text, _path(raw, "encoding"), where)


def _decode(text: Any, encoding: Any, where: str) -> bytes:
    if not isinstance(text, str):
        raise RefusedError(f"{where}: text is missing or no string", _MAKE_AGAIN)
    if encoding not in (None, "", "base64"):
        raise RefusedError(f"{where}: encoding {str(encoding)[:20]!r} is not known", _MAKE_AGAIN)
    try:
        return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
    except (binascii.Error, ValueError):
        raise RefusedError(f"{where}: the body does not decode", _MAKE_AGAIN) from None


def _encode(body: bytes, encoding_key: str) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), encoding_key: "base64"}


def _header_json(headers: Headers) -> Sequence[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _entry_json(entry: Entry) -> dict[str, Any]:
    request: dict[str, Any] = {"method": entry.method, "url": entry.url, "headers": _header_json(entry.request_headers)}
    if entry.request_body is not None:
        mime = header(entry.request_headers, "content-type")
        request["postData"] = {"mimeType": mime, **_encode(entry.request_body, "_encoding")}
    response: dict[str, Any] = {"status": entry.status, "headers": _header_json(entry.response_headers)}
    if entry.error:
        response["_error"] = entry.error
    response["content"] = {
        "mimeType": header(entry.response_headers, "content-type"),
        **_encode(entry.body, "encoding"),
    }
    return {"startedDateTime": EPOCH, "time": 0, "request": request, "response": response}
