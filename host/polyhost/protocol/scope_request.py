"""A request to collect, as an owner wrote it, becomes a scope or is refused. One function for every surface.

Owns: `resolve_scope` and `resolve_request`, and every way a request can be wrong. Must not know: surfaces, judging
records.

Nothing is mended and nothing is dropped: a boundary that is not understood would otherwise be a boundary that is
gone. An absent part is `ABSENT`; null is a value, and refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final

from polyhost.errors import ErrorCode, RefusedError
from polyhost.instants import TimestampError, parse_timestamp
from polyhost.protocol.declarations import RESERVED_NAMES, Manifest, StreamDecl
from polyhost.protocol.keys import MAX_KEY, KeyRuleError, canonical_key
from polyhost.protocol.scope import Scope, build_stream_scope, resource_fields

__all__ = ["ABSENT", "MAX_RESOURCES", "ScopeError", "resolve_request", "resolve_scope"]

MAX_RESOURCES = 10_000
"""Ids one request may name for one stream. START carries them all; a longer list is a full run, or several runs."""
_REQUEST_KEYS = ("streams", "resources", "time_range", "fields", "mode", "files")
_RANGE_KEYS = ("since", "until")
MODES = ("incremental", "full_refresh")
_DATE_LENGTH = len("2026-01-31")
_NAME_ONE = "Name at least one, or leave it out."
_SHOWN = 60  # characters of an owner's own word that a refusal repeats


_KINDS: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""This part of the request was not given."""


class ScopeError(RefusedError):
    """The request is refused; `code` is the rule, `where` a path into the request such as `resources.messages[0]`."""

    code = ErrorCode.SCOPE_INVALID

    def __init__(self, code: ErrorCode, where: str, reason: str, instruction: str) -> None:
        super().__init__(f"{where}: {reason}", instruction, code=code)
        self.where = where

    @property
    def http_status(self) -> int:
        """A boundary that cannot be used is a bad request, whatever is wrong with it."""
        return ErrorCode.SCOPE_INVALID.http_status


def resolve_request(manifest: Manifest, request: object) -> Scope:
    """The scope of a request object `{streams?, resources?, time_range?: {since?, until?}, fields?, mode?, files?}`.
    `mode` and `files` bound nothing: whoever runs it reads them."""
    given = _object(request, "request", _REQUEST_KEYS)
    bounds = _object(given["time_range"], "time_range", _RANGE_KEYS, empty=False) if "time_range" in given else {}
    if "mode" in given and given["mode"] not in MODES:
        raise ScopeError(
            ErrorCode.MODE_INVALID, "mode", "it is not a collection mode", f"Use one of: {', '.join(MODES)}."
        )
    if not isinstance(given.get("files", False), bool):
        raise ScopeError(ErrorCode.FILES_INVALID, "files", "it is not true or false", "Use true to fetch files, too.")
    return resolve_scope(
        manifest,
        streams=given.get("streams", ABSENT),
        resources=given.get("resources", ABSENT),
        since=bounds.get("since", ABSENT),
        until=bounds.get("until", ABSENT),
        fields=given.get("fields", ABSENT),
    )


def resolve_scope(
    manifest: Manifest,
    *,
    streams: object = ABSENT,
    resources: object = ABSENT,
    since: object = ABSENT,
    until: object = ABSENT,
    fields: object = ABSENT,
) -> Scope:
    """Normalise a request, or raise ScopeError. Without `streams`, `resources` names the streams; without either, every
    stream the manifest collects is meant. `fields` is an object of stream -> names, like `resources`."""
    named = _resources(manifest, resources)
    chosen = _streams(manifest, streams, implied=named)
    for stream in named or ():
        if stream not in chosen:
            raise ScopeError(
                ErrorCode.RESOURCE_STREAM_NOT_SELECTED,
                f"resources.{stream}",
                "the request selects streams, and this is not among them",
                f"Select {stream!r} too, or leave its resources out.",
            )
    low, high = _time_range(since, until)
    timeless = _timeless(manifest, chosen, explicit=streams is not ABSENT or named is not None) if low or high else ()
    projections = _fields(manifest, fields, chosen)
    return Scope(
        tuple(
            build_stream_scope(
                stream,
                resources=(named or {}).get(stream.name),
                since=low,
                until=high,
                fields=projections.get(stream.name),
            )
            for stream in manifest.streams
            if stream.name in chosen and stream.name not in timeless
        ),
        skipped=timeless,
    )


def _object(value: object, where: str, known: Sequence[str], *, empty: bool = True) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ScopeError(
            ErrorCode.NOT_AN_OBJECT,
            where,
            f"it has to be a JSON object, and is {_kind(value)}",
            f"It may hold: {', '.join(known)}.",
        )
    for key in value:
        if key not in known:
            raise ScopeError(
                ErrorCode.UNKNOWN_KEY, f"{where}.{_shown(key)}", "there is no such part", _suggest(key, known)
            )
    if not value and not empty:
        raise ScopeError(ErrorCode.EMPTY, where, "it is empty", f"Leave it out, or give one of: {', '.join(known)}.")
    return value


def _keyed_by_stream(manifest: Manifest, value: object, where: str) -> Mapping[str, Any]:
    """An object with at least one entry, each under the name of a declared stream."""
    if not isinstance(value, dict):
        raise ScopeError(
            ErrorCode.NOT_AN_OBJECT,
            where,
            f"it has to be an object keyed by stream, and is {_kind(value)}",
            f'Write it like {{"{manifest.streams[0].name}": ["…"]}}, or leave it out.',
        )
    if not value:
        raise ScopeError(ErrorCode.EMPTY, where, "it names no stream", "Leave it out to collect without this boundary.")
    for name in value:
        _declared(manifest, name, f"{where}.{_shown(name)}")
    return value


def _declared(manifest: Manifest, name: object, where: str) -> StreamDecl:
    if not isinstance(name, str) or not name:
        raise ScopeError(
            ErrorCode.STREAM_NAME_INVALID,
            where,
            f"a stream is named by text, and this is {_kind(name)}",
            _known(manifest),
        )
    if name in RESERVED_NAMES:
        raise ScopeError(ErrorCode.RESERVED_NAME, where, "no stream can have this name", _known(manifest))
    stream = manifest.stream(name)
    if stream is None:
        raise ScopeError(
            ErrorCode.UNKNOWN_STREAM, where, f"there is no stream {_shown(name)!r}", _known(manifest, name)
        )
    return stream


def _streams(manifest: Manifest, value: object, *, implied: Mapping[str, Any] | None) -> frozenset[str]:
    if value is ABSENT:
        return frozenset(implied) if implied is not None else _collected(manifest)
    names = _strings(value, "streams")
    for position, name in enumerate(names):
        stream = _declared(manifest, name, f"streams[{position}]")
        if not stream.collected:
            raise ScopeError(
                ErrorCode.STREAM_NOT_COLLECTED,
                f"streams[{position}]",
                f"the connector does not collect {name!r} ({stream.coverage_policy})",
                "Leave it out.",
            )
    return frozenset(names)


def _collected(manifest: Manifest) -> frozenset[str]:
    names = frozenset(stream.name for stream in manifest.streams if stream.collected)
    if not names:
        raise ScopeError(
            ErrorCode.NOTHING_TO_COLLECT,
            "streams",
            "the connector declares no stream that it collects",
            "Its manifest has to declare one with the coverage policy `collect`.",
        )
    return names


def _resources(manifest: Manifest, value: object) -> dict[str, tuple[str, ...]] | None:
    if value is ABSENT:
        return None
    return {
        name: _ids(manifest.by_name[name], ids, f"resources.{name}")
        for name, ids in _keyed_by_stream(manifest, value, "resources").items()
    }


def _ids(stream: StreamDecl, value: object, where: str) -> tuple[str, ...]:
    if not stream.selection.resources:
        raise ScopeError(
            ErrorCode.SCOPE_NOT_SUPPORTED,
            where,
            f"stream {stream.name!r} cannot be collected by resource",
            "Leave its resources out to collect the whole stream, or do not select it.",
        )
    if not stream.collected:
        raise ScopeError(
            ErrorCode.STREAM_NOT_COLLECTED,
            where,
            f"the connector does not collect it ({stream.coverage_policy})",
            "Leave its resources out.",
        )
    ids = _strings(value, where)
    if len(ids) > MAX_RESOURCES:
        raise ScopeError(
            ErrorCode.TOO_MANY_RESOURCES, where, f"it names more than {MAX_RESOURCES} ids", "Split the run."
        )
    for position, item in enumerate(ids):
        _check_id(stream, item, f"{where}[{position}]")
    return ids


def _check_id(stream: StreamDecl, item: str, where: str) -> None:
    """An id has to be able to match something. It stays as it was written."""
    if len(item) > MAX_KEY:
        raise ScopeError(
            ErrorCode.RESOURCE_TOO_LONG, where, f"an id has at most {MAX_KEY} characters", "Check what was pasted."
        )
    if resource_fields(stream):
        return
    try:
        canonical_key(item, len(stream.primary_key))
    except KeyRuleError:
        fields = ", ".join(stream.primary_key)
        raise ScopeError(
            ErrorCode.RESOURCE_NOT_A_KEY,
            where,
            "it is not a key of this stream, so it would match nothing",
            f"A key here is an array of {fields}, written as JSON text without spaces.",
        ) from None


def _fields(manifest: Manifest, value: object, chosen: frozenset[str]) -> dict[str, tuple[str, ...]]:
    if value is ABSENT:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, given in _keyed_by_stream(manifest, value, "fields").items():
        where = f"fields.{name}"
        stream = manifest.by_name[name]
        if name not in chosen:
            raise ScopeError(
                ErrorCode.FIELD_STREAM_NOT_SELECTED,
                where,
                "the request does not select this stream",
                f"Select {name!r} too, or leave its fields out.",
            )
        if not stream.selection.fields:
            raise ScopeError(
                ErrorCode.SCOPE_NOT_SUPPORTED,
                where,
                f"stream {name!r} cannot be narrowed to fields",
                "Leave its fields out to collect whole records.",
            )
        names = _strings(given, where)
        for position, field in enumerate(names):
            if field not in stream.properties:
                known = list(stream.properties)
                raise ScopeError(
                    ErrorCode.UNKNOWN_FIELD,
                    f"{where}[{position}]",
                    f"{name!r} declares no such field",
                    _suggest(field, known),
                )
        found[name] = names
    return found


def _strings(value: object, where: str) -> tuple[str, ...]:
    """A non-empty array of distinct, non-empty strings without spaces around them."""
    if not isinstance(value, list | tuple):
        raise ScopeError(
            ErrorCode.NOT_AN_ARRAY, where, f"it has to be an array of strings, and is {_kind(value)}", _NAME_ONE
        )
    if not value:
        raise ScopeError(ErrorCode.EMPTY, where, "it is an empty array", _NAME_ONE)
    seen: dict[str, None] = {}
    for position, item in enumerate(value):
        place = f"{where}[{position}]"
        if not isinstance(item, str):
            raise ScopeError(ErrorCode.NOT_A_STRING, place, f"it has to be a string, and is {_kind(item)}", _NAME_ONE)
        if not item.strip():
            raise ScopeError(ErrorCode.EMPTY_STRING, place, "it is an empty string", _NAME_ONE)
        if item != item.strip():
            raise ScopeError(ErrorCode.PADDED, place, "there are spaces around it", "Write it without them.")
        if item in seen:
            raise ScopeError(ErrorCode.DUPLICATE, place, "it is named twice", "Name it once.")
        seen[item] = None
    return tuple(seen)


def _time_range(since: object, until: object) -> tuple[str | None, str | None]:
    low, high = _bound(since, "since"), _bound(until, "until")
    if low is not None and high is not None and parse_timestamp(high) <= parse_timestamp(low):
        raise ScopeError(
            ErrorCode.EMPTY_RANGE,
            "time_range.until",
            "it is not later than since",
            "since is inclusive, until exclusive.",
        )
    return low, high


def _bound(value: object, name: str) -> str | None:
    if value is ABSENT:
        return None
    where = f"time_range.{name}"
    example = "Write it like 2026-01-31T09:30:00Z, or 2026-01-31 for midnight UTC."
    if not isinstance(value, str):
        raise ScopeError(ErrorCode.TIME_INVALID, where, f"it has to be a time as text, and is {_kind(value)}", example)
    try:
        parse_timestamp(value)
    except TimestampError as error:
        if error.rule == "naive":
            raise ScopeError(
                ErrorCode.TIME_NAIVE, where, "it has no time zone, so it names no instant", example
            ) from None
        raise ScopeError(ErrorCode.TIME_INVALID, where, "it is no ISO 8601 time", example) from None
    return f"{value}T00:00:00Z" if len(value) == _DATE_LENGTH else value.upper().replace(" ", "T")


def _timeless(manifest: Manifest, chosen: frozenset[str], *, explicit: bool) -> tuple[str, ...]:
    """Chosen streams whose records carry no time to judge by: refused where the owner named them, else left out and
    said."""
    names = tuple(
        stream.name for stream in manifest.streams if stream.name in chosen and stream.consent_time_field is None
    )
    if names and (explicit or len(names) == len(chosen)):
        raise ScopeError(
            ErrorCode.SCOPE_NOT_SUPPORTED,
            "time_range",
            f"records of stream {names[0]!r} carry no time to judge by",
            "Select only streams that do, or leave the time range out.",
        )
    return names


def _known(manifest: Manifest, name: object = None) -> str:
    return _suggest(name, [stream.name for stream in manifest.streams])


def _suggest(word: object, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1) if isinstance(word, str) else []
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known are: {', '.join(known[:20])}."


def _shown(word: object) -> str:
    text = str(word)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _kind(value: object) -> str:
    return "null" if value is None else _KINDS.get(type(value), "something else")
