"""Turn a raw scenario into one that may be kept: every secret and every personal value replaced by one stable stand-in.

Owns: collecting what the rules point at, in canonical order (session, requests, expected output), and rewriting all of
it with one table, so that joins survive. Structural: a value is personal because a rule names its field, and is then
replaced wherever it is recognised; nothing is guessed from its looks, so timestamps stay. Secret beside that is what
the host knows for one (`Scenario.known`), wherever it stands. Pure. Must not know: files, browsers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from polyhost.browser.recordings._layers import as_bytes, as_text, deflated, inflated
from polyhost.browser.recordings._walk import Found, Visit, Walker
from polyhost.browser.recordings.fixture import Redactions, Scenario
from polyhost.browser.recordings.har import Entry, Headers, Recording, header
from polyhost.browser.recordings.recording_rules import Kind, RecordingRules
from polyhost.browser.recordings.standins import Collected, StandIns
from polyhost.browser.storage import STORES

__all__ = ["scrub", "scrub_together", "walk_scenario"]

BOUNDARY = "polyhost-form-boundary"
"""The boundary of every multipart body: browsers draw a new one each time, and equal traffic must give equal files."""
_STRENGTH = {kind: strength for strength, kind in enumerate(Kind)}
_CHARSET = re.compile(r"charset=[\"']?([\w-]+)", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"
_BINARY = "polyhost: {} bytes stood here"


def scrub(scenario: Scenario, rules: RecordingRules) -> Scenario:
    """Deterministic: the same scenario and rules give the same bytes, and scrubbing again changes nothing more."""
    return scrub_together([scenario], rules)[0]


def scrub_together(scenarios: Sequence[Scenario], rules: RecordingRules) -> list[Scenario]:
    """Scenarios that follow one another get one table: what is the same before and after has the same stand-in, so that
    a second run replays upon a first."""
    collected: dict[str, Collected] = {}
    words: set[str] = set()

    def collect(value: str, found: Found | None, where: str) -> str:
        if found is not None:
            known = collected.get(value)
            if known is None or _STRENGTH[found[0]] < _STRENGTH[known.kind]:
                collected[value] = Collected(*found)
        return value

    for scenario in scenarios:
        walk_scenario(scenario, rules, collect, words)
    for scenario in scenarios:  # last, so that what was sent elsewhere does not move the numbers of what is found here
        for value, rule in scenario.known.items():
            found = collected.get(value)
            said_by = found.rule if found is not None and found.kind is Kind.SECRET else rule
            collected[value] = Collected(Kind.SECRET, said_by, known=rule, is_found=found is not None)
    table = StandIns(collected, words)

    def stand_in(value: str, found: Found | None, where: str) -> str:
        return table.of(value) if found is not None else table.replace_all(value)

    clean = [walk_scenario(scenario, rules, stand_in) for scenario in scenarios]
    counts, in_place_only = table.counts, table.in_place_only
    return [replace(one, redactions=Redactions(counts, in_place_only, one.redactions.waived)) for one in clean]


def walk_scenario(scenario: Scenario, rules: RecordingRules, visit: Visit, words: set[str] | None = None) -> Scenario:
    """Show every string of a scenario to a visitor, in canonical order, and build a scenario of what it answers."""
    walker = Walker(rules.field_rules, visit, words.add if words is not None else None)
    walker.where, walker.is_sent = "storage_state.json", True
    storage_state = _storage_state(scenario.storage_state, walker)
    entries: list[Entry] = []
    for index, entry in enumerate(scenario.recording.entries):
        walker.where = f"recording.har, entry {index}"
        entries.append(_entry(entry, walker))
    expected: list[Mapping[str, Any]] = []
    for line, record in enumerate(scenario.expected, 1):
        walker.where, walker.is_sent = f"expected.jsonl, line {line}", False
        expected.append(walker.json(record))
    walker.where = "given.json"
    given = walker.json(dict(scenario.given))
    recording = Recording(tuple(entries), scenario.recording.name)
    return Scenario(recording, storage_state, tuple(expected), scenario.redactions, given)


def _storage_state(state: Mapping[str, Any], walker: Walker) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in state.items():
        if name == "cookies":
            result[name] = [_stored_cookie(cookie, walker) for cookie in value]
        elif name == "origins":
            result[name] = [_origin(origin, walker) for origin in value]
        else:
            result[name] = walker.json(value, (name,))
    return result


def _stored_cookie(cookie: Mapping[str, Any], walker: Walker) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in cookie.items():
        if name == "value":
            result[name] = walker.cookie(str(cookie.get("name", "")), str(value))
        elif name == "expires":  # it tells when the owner signed in, and would end the fixture's life
            result[name] = -1
        else:
            result[name] = walker.seen(value, name) if isinstance(value, str) else walker.json(value, (name,))
    return result


def _origin(origin: Mapping[str, Any], walker: Walker) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in origin.items():
        if name == "origin":
            result[name] = walker.seen(str(value), name)
        elif name in STORES:
            result[name] = [_item(item, walker) for item in value]
        else:
            result[name] = walker.json(value, (name,))
    return result


def _item(item: Mapping[str, Any], walker: Walker) -> dict[str, Any]:
    return {"name": walker.key(item["name"]), "value": walker.string(item["value"], (item["name"],))}


def _entry(entry: Entry, walker: Walker) -> Entry:
    where, walker.is_sent = walker.where, True
    walker.where = f"{where}, request URL"
    url = walker.url(entry.url)
    headers, body = _request(entry, walker, where)
    walker.where, walker.is_sent = f"{where}, answer's headers", False
    response_headers = _headers(entry.response_headers, walker)
    walker.where = f"{where}, answer"
    return Entry(
        method=entry.method,
        url=url,
        request_headers=headers,
        request_body=body,
        status=entry.status,
        response_headers=response_headers,
        body=_body(header(entry.response_headers, "content-type"), entry.body, walker),
        error=entry.error,
    )


def _headers(headers: Headers, walker: Walker) -> Headers:
    return tuple((name, walker.header(name, value)) for name, value in headers)


def _request(entry: Entry, walker: Walker, where: str) -> tuple[Headers, bytes | None]:
    content_type = header(entry.request_headers, "content-type")
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if entry.request_body is None or not content_type.lower().startswith("multipart/") or match is None:
        walker.where = f"{where}, request headers"
        headers, body = _headers(entry.request_headers, walker), entry.request_body
        walker.where = f"{where}, request body"
        return headers, None if body is None else _body(content_type, body, walker)
    fixed = content_type.replace(match[1], BOUNDARY)
    headers = tuple((name, fixed if name.lower() == "content-type" else value) for name, value in entry.request_headers)
    walker.where = f"{where}, request headers"
    headers = _headers(headers, walker)
    walker.where = f"{where}, request body"
    return headers, _multipart(entry.request_body, match[1].encode(), walker)


def _multipart(body: bytes, boundary: bytes, walker: Walker) -> bytes:
    parts = body.split(b"--" + boundary)
    for index, part in enumerate(parts):
        head, gap, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'\bname="([^"]*)"', head)
        if gap and name:
            said = as_bytes(walker.seen(as_text(head), "part"))
            parts[index] = said + gap + _part(name[1].decode(errors="replace"), head, content, walker)
        elif part.strip(b"\r\n-"):
            parts[index] = b"\r\n\r\n" + _placeholder(part) + b"\r\n"
    return (b"--" + BOUNDARY.encode()).join(parts)


def _part(name: str, head: bytes, content: bytes, walker: Walker) -> bytes:
    value = content.removesuffix(b"\r\n")
    end = content[len(value) :]
    if b"filename=" in head:
        return _placeholder(value) + end
    try:
        return walker.string(value.decode(), (name,)).encode() + end
    except UnicodeDecodeError:
        return _placeholder(value) + end


def _body(content_type: str, body: bytes, walker: Walker) -> bytes:
    plain = inflated(body)
    if plain is not None:
        changed = _body(content_type, plain, walker)
        return body if changed == plain else deflated(changed, body)
    charset = _CHARSET.search(content_type)
    encoding = charset[1] if charset else "utf-8"
    try:
        text = body.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return _placeholder(body)
    changed = walker.form(text) if content_type.lower().startswith(_FORM) else walker.text(text)
    return body if changed == text else changed.encode(encoding, errors="xmlcharrefreplace")


def _placeholder(body: bytes) -> bytes:
    # Pictures and files are personal too, and no rule can point inside them.
    return _BINARY.format(len(body)).encode()
