"""The files of a record, as its stream declares them.

Owns: reading them out of a record's data, and what makes two of them the same file. Must not know: how a file is
fetched or kept, what became of it.

Everything read here was written by a source: a value that is not what it should be is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from polyhost.instants import EventTime, time_reader
from polyhost.protocol.declarations import BLOB_FIELD, FilesDecl, FileStateDecl, Manifest, StreamDecl
from polyhost.protocol.event_time import time_fields

__all__ = ["DeclaredFile", "FileReader", "FileRules", "RecordFiles", "Said", "blob_identity", "file_rules"]

_FORM = 2
"""Of what is read of a record: to be counted up whenever it comes out otherwise, so that records are read anew."""
MAX_FILES = 1_000
"""Of one record. More is no list of files."""
MAX_TEXT = 4_096
"""Characters of an address, a name, an id: what is longer is none."""
MAX_SIZE = 1 << 50
"""Bytes; a greater size is not believed."""


_BLOB = FilesDecl(
    each=BLOB_FIELD,
    id="sha256",
    member="blob_id",
    type="mime_type",
    size="size_bytes",
    state=FileStateDecl(field="sha256", none=("0" * 64,)),
)
"""How a record names a file that its connector hands over. A digest of zeros alone says that it hands none over."""


class Said(StrEnum):
    """What the source says of a file: it is there, or why it cannot be had."""

    THERE = "there"
    GONE = "gone"
    HIDDEN = "hidden"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class DeclaredFile:
    """One file of one record. `identity` is the same for the same file, in whichever record it stands; `place` tells
    the files of one record apart."""

    identity: str
    place: str
    is_thumbnail: bool = False
    name: str | None = None
    type: str | None = None
    size: int | None = None
    address: str | None = None
    member: str | None = None
    said: Said = Said.THERE


@dataclass(frozen=True, slots=True)
class FileRules:
    """Of one source, by stream: where files are, and the fields a record's moment is read from."""

    streams: Mapping[str, tuple[Sequence[FilesDecl], Sequence[tuple[str, Mapping[str, Any]]]]]

    def as_text(self) -> str:
        """The same for the same rules; other for others."""
        streams = {
            name: {"files": [one.model_dump(mode="json") for one in files], "times": list(times)}
            for name, (files, times) in self.streams.items()
        }
        return json.dumps({"form": _FORM, "streams": streams}, sort_keys=True)


@dataclass(frozen=True, slots=True)
class RecordFiles:
    """What a record holds: its files, and its moment (seconds since 1970; None where it tells none)."""

    files: Sequence[DeclaredFile]
    moment: int | None


def file_rules(manifest: Manifest) -> FileRules:
    """Of the streams that declare files, or that files are handed over for."""
    each = ((stream, _files_of(manifest, stream)) for stream in manifest.streams)
    return FileRules({stream.name: (files, tuple(time_fields(stream))) for stream, files in each if files})


def _files_of(manifest: Manifest, stream: StreamDecl) -> Sequence[FilesDecl]:
    return (*stream.files, _BLOB) if stream.name in manifest.blob_streams else stream.files


def blob_identity(digest: str) -> str:
    """What makes a file that is handed over the one that records name by this SHA-256."""
    return _identity(digest, None, "")


class FileReader:
    """Reads records by the rules of their streams."""

    def __init__(self, rules: FileRules) -> None:
        self._streams: dict[str, tuple[Sequence[FilesDecl], EventTime]] = {
            name: (files, time_reader(list(times))) for name, (files, times) in rules.streams.items()
        }

    def read(self, stream: str, key: str, data: Mapping[str, Any]) -> RecordFiles:
        """The files of one record, each identity once."""
        declared, time = self._streams[stream]
        found: dict[tuple[str, bool], DeclaredFile] = {}
        for number, files in enumerate(declared):
            for file in _read(files, number, f"{stream}/{key}", data):
                if len(found) < MAX_FILES:
                    found.setdefault((file.identity, file.is_thumbnail), file)
        instant = time(data) if found else None
        return RecordFiles(list(found.values()), None if instant is None else instant[0])


def _read(declared: FilesDecl, number: int, record: str, data: Mapping[str, Any]) -> Iterator[DeclaredFile]:
    each = [("", data)] if declared.each is None else list(_objects(data, declared.each.split(".")))
    for place, value in each[:MAX_FILES]:
        file = _file(declared, f"{number}{place}", record, value)
        if file is not None:
            yield file


def _objects(data: Any, path: Sequence[str], place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Objects at this path, with where they stand; lists on the way are gone through."""
    if isinstance(data, list):
        for number, inner in enumerate(data[:MAX_FILES]):
            yield from _objects(inner, path, f"{place}.{number}")
    elif isinstance(data, dict):
        if path:
            yield from _objects(data.get(path[0]), path[1:], place)
        else:
            yield place, data


def _file(declared: FilesDecl, place: str, record: str, data: Mapping[str, Any]) -> DeclaredFile | None:
    """None where the object names no file: an attachment without one, as sources write it."""
    name, kind = _text(data, declared.name), _text(data, declared.type)
    address = next((text for path in declared.address if (text := _text(data, path)) is not None), None)
    member, own = _text(data, declared.member), _text(data, declared.id)
    if own is None and address is None and member is None and name is None:
        return None
    said = _said(declared, data)
    if said is None:
        return None
    return DeclaredFile(
        identity=_identity(own, address, f"{record}/{place}"),
        place=place,
        is_thumbnail=declared.thumbnail,
        name=name,
        type=kind,
        size=_size(data, declared.size),
        address=address,
        member=member,
        said=said,
    )


def _identity(own: str | None, address: str | None, place: str) -> str:
    if own is not None:
        return f"id:{own}"
    return f"at:{place}" if address is None else f"address:{address}"


def _said(declared: FilesDecl, data: Mapping[str, Any]) -> Said | None:
    """None where the source says that there is no file."""
    if declared.state is None:
        return Said.THERE
    value = _value(data, declared.state.field)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text in declared.state.none:
        return None
    for said in (Said.GONE, Said.HIDDEN, Said.EXTERNAL):
        if text in getattr(declared.state, said.value):
            return said
    return Said.THERE


def _value(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _text(data: Mapping[str, Any], path: str | None) -> str | None:
    value = None if path is None else _value(data, path)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT else None


def _size(data: Mapping[str, Any], path: str | None) -> int | None:
    value = None if path is None else _value(data, path)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SIZE else None
