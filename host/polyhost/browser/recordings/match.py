"""When is a request the same as a recorded one? Pure.

Owns: the match key and the name of a request. A key is method, URL without volatile query parameters, and the chosen
body fields; secret fields never take part, so a token that changes between recording and replay changes nothing. Must
not know: browsers, files, how often a request was recorded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from polyhost.browser.recordings.recording_rules import RecordingRules

__all__ = ["MatchKey", "body_fields", "match_key", "request_name", "without_query"]

MAX_VALUE = 40
"""Characters of one value in a request's name: enough for an id or a cursor's head."""
MAX_NAME = 200
"""Characters of a request's name: it goes into diagnostics, whose strings are as long."""

Pairs = tuple[tuple[str, str], ...]
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class MatchKey:
    """Two requests with equal keys are the same request. `body` holds a digest where the body has no fields."""

    method: str
    endpoint: str
    query: Pairs
    body: Pairs


def match_key(method: str, url: str, content_type: str, body: bytes | None, rules: RecordingRules) -> MatchKey:
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    unmatched = rules.secret_fields | frozenset(rules.ignore_query)
    return MatchKey(
        method=method.upper(),
        endpoint=f"{parts.scheme}://{_authority(url)}{parts.path or '/'}",
        query=tuple(sorted(pair for pair in query if pair[0].lower() not in unmatched and pair[0] not in unmatched)),
        body=_body_pairs(content_type, body, rules) if body else (),
    )


def request_name(key: MatchKey, rules: RecordingRules) -> str:
    """`POST acme.slack.com/api/conversations.history channel=C1 cursor=…`: matched fields, personal ones hidden."""
    hidden = rules.hidden_fields
    shown = (f"{name}={'…' if name.lower() in hidden else _shorten(value)}" for name, value in (*key.query, *key.body))
    text = " ".join([f"{key.method} {key.endpoint.partition('://')[2]}", *shown])
    return text if len(text) <= MAX_NAME else text[: MAX_NAME - 1] + "…"


def body_fields(content_type: str, body: bytes, without: frozenset[str] = frozenset()) -> list[tuple[str, str]] | None:
    """The fields of a form, multipart form or JSON object, values as text; None where a body has no fields.

    Fields named in `without` (lower case) are left out, at any depth of a JSON object.
    """
    fields = _fields(content_type, body, without)
    return None if fields is None else [pair for pair in fields if pair[0].lower() not in without]


def without_query(url: str, ignored: Collection[str]) -> str:
    """A URL without its fragment and the query parameters that never matter; the others keep their spelling."""
    head, mark, query = url.partition("#")[0].partition("?")
    kept = [piece for piece in query.split("&") if unquote_plus(piece.partition("=")[0]) not in ignored]
    return head + mark + "&".join(kept) if kept else head


def _fields(content_type: str, body: bytes, without: frozenset[str]) -> list[tuple[str, str]] | None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _multipart(content_type, body)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    if kind == "application/x-www-form-urlencoded":
        return parse_qsl(text, keep_blank_values=True)
    return _json_fields(text, without)


def _authority(url: str) -> str:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{parts.port}"


def _body_pairs(content_type: str, body: bytes, rules: RecordingRules) -> Pairs:
    fields = body_fields(content_type, body, rules.secret_fields)
    if fields is None:
        return (("body", _digest(body)),)
    wanted = rules.match_body
    return tuple(sorted(pair for pair in fields if not wanted or pair[0] in wanted))


def _json_fields(text: str, without: frozenset[str]) -> list[tuple[str, str]] | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    return [(name, _as_text(_drop(value, without))) for name, value in cast("dict[str, Any]", document).items()]


def _drop(value: Any, without: frozenset[str]) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {name: _drop(inner, without) for name, inner in items if name.lower() not in without}
    if isinstance(value, list):
        return [_drop(inner, without) for inner in cast("list[Any]", value)]
    return value


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]] | None:
    # A multipart body is a MIME message without its outer header.
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    if not message.is_multipart():
        return [] if message.get_boundary() else None
    fields: list[tuple[str, str]] = []
    for part in message.iter_parts():  # pyright: ignore[reportAttributeAccessIssue]
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields.append((name, _digest(content) if part.get_filename() else content.decode(errors="replace")))
    return fields


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()[:16]}"


def _shorten(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= MAX_VALUE else value[: MAX_VALUE - 1] + "…"
