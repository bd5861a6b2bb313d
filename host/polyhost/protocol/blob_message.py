"""BLOB: a file that a connector hands over beside a record. In use outside the profile.

Owns: reading the message. Must not know: which streams take files, where the bytes are kept, whose file it is.

The bytes do not come in the message: they lie in a folder that the host has made for the run, closed and complete,
under a name that is no path. The message says how many there are and what their SHA-256 is; a record names the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyhost.protocol.declarations import MAX_NAME

__all__ = ["Blob", "WrongBlobError", "read_blob"]

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class WrongBlobError(Exception):
    """A BLOB that cannot be taken, and costs itself. `rule`: what is wrong, `where`: the field; nothing of its own."""

    def __init__(self, rule: str, where: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.where = where


@dataclass(frozen=True, slots=True)
class Blob:
    """`file`: its name in the run's folder; `type`: what it is said to be, as in `application/json`; `size`: in bytes;
    `digest`: the SHA-256, in hexadecimal digits."""

    stream: str
    file: str
    type: str
    size: int
    digest: str


def read_blob(raw: Mapping[str, Any]) -> Blob:
    """Read one. WrongBlobError for one that is none; unknown keys are passed over."""
    if not _is_key(raw.get("key")):
        raise WrongBlobError("blob_malformed", "BLOB.key")
    return Blob(
        stream=_text(raw, "stream", None),
        file=_file(raw),
        type=_text(raw, "mime_type", _TYPE),
        size=_size(raw),
        digest=_text(raw, "sha256", _DIGEST),
    )


def _text(raw: Mapping[str, Any], name: str, form: re.Pattern[str] | None) -> str:
    value = raw.get(name)
    if type(value) is not str or not 0 < len(value) <= MAX_NAME or (form is not None and not form.match(value)):
        raise WrongBlobError("blob_malformed", f"BLOB.{name}")
    return value


def _file(raw: Mapping[str, Any]) -> str:
    name = _text(raw, "file", _FILE)
    if ".." in name:
        raise WrongBlobError("blob_malformed", "BLOB.file")
    return name


def _size(raw: Mapping[str, Any]) -> int:
    value = raw.get("size_bytes")
    if type(value) is not int or value <= 0:
        raise WrongBlobError("blob_malformed", "BLOB.size_bytes")
    return value


def _is_key(value: object) -> bool:
    parts = value if type(value) is list else [value]
    return bool(parts) and all(type(part) is str and part for part in parts)
