"""What a server's answer to a request for a file means, before its body is read.

Owns: statuses, ranges, versions, encodings; and in which state a file is left by what. Pure. Must not know: sockets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from polyhost.ledger.files import FileReason, FileState

__all__ = ["PARTIAL_CONTENT", "STATE_AFTER", "Head", "StoppedError", "read_head", "reason_of"]

OK, PARTIAL_CONTENT, NOT_SATISFIABLE = 200, 206, 416

STATE_AFTER: Mapping[FileReason, FileState] = MappingProxyType(
    {
        FileReason.NOT_FOUND: FileState.GONE,
        FileReason.NOT_ALLOWED: FileState.REFUSED,
        FileReason.UNDECLARED_HOST: FileState.REFUSED,
        FileReason.BAD_ADDRESS: FileState.REFUSED,
        FileReason.TOO_LARGE: FileState.OVER_LIMIT,
        FileReason.SIGN_IN_PAGE: FileState.TO_COME,
        FileReason.WRONG_TYPE: FileState.TO_COME,
        FileReason.WRONG_SIZE: FileState.TO_COME,
        FileReason.CUT_OFF: FileState.TO_COME,
        FileReason.TOO_SLOW: FileState.TO_COME,
        FileReason.NO_ANSWER: FileState.TO_COME,
        FileReason.SERVER_ERROR: FileState.TO_COME,
        FileReason.BROKEN_ENCODING: FileState.TO_COME,
    }
)
"""The state in which a fetch that failed leaves a file. What a site in trouble, or a session that ended, may answer for
any file is to come: when that is over, a next run gets it."""

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\Z", re.ASCII)
_STRONG = re.compile(r'"[\x21\x23-\x7e]{0,200}"\Z')
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\Z", re.ASCII)
_PACKED_TYPES = frozenset({"application/gzip", "application/x-gzip", "application/x-compressed-tar"})
_PACKED_NAMES = (".gz", ".tgz", ".svgz")


class StoppedError(Exception):
    """A fetch has come to its end without a file. `status`: of the answer that said so; `again`: the connection failed,
    and a next one may not."""

    def __init__(
        self, reason: FileReason, *, status: int | None = None, retry_after: float | None = None, again: bool = False
    ) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after
        self.again = again


@dataclass(frozen=True, slots=True)
class Head:
    """Of an answer that has a body. `length`: bytes of the body, as announced; `first`, `total`: from a range's answer,
    where it begins and how much the whole has; `encoding`: `gzip`, `deflate`, None as it is; `tells_its_end`: a body
    that was cut off can be told from a whole one."""

    length: int | None
    validator: str | None
    encoding: str | None
    tells_its_end: bool = True
    is_range: bool = False
    first: int = 0
    total: int | None = None


def reason_of(status: int) -> FileReason | None:
    """Why an answer of this status is no file; None where it is one, or a part of one."""
    if status in (OK, 203, PARTIAL_CONTENT):
        return None
    if status in (404, 410):
        return FileReason.NOT_FOUND
    if 400 <= status < 500 and status not in (408, NOT_SATISFIABLE, 421, 425, 429):
        return FileReason.NOT_ALLOWED
    return FileReason.SERVER_ERROR


def read_head(status: int, headers: Mapping[str, str], *, declared_type: str | None, name: str | None) -> Head | None:
    """None where a part is answered without saying which. `headers`: of any capitals."""
    length = None if "Transfer-Encoding" in headers else _number(headers.get("Content-Length"))
    encoding = _encoding(headers, declared_type, name)
    head = Head(length, None if encoding else _validator(headers), encoding)
    if status != PARTIAL_CONTENT:
        tells = length is not None or headers.get("Transfer-Encoding", "").strip().lower() == "chunked"
        return Head(length, head.validator, encoding, tells, total=None if encoding else length)
    match = _RANGE.match(headers.get("Content-Range", "").strip())
    if match is None or encoding is not None:
        return None
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    if last < first or (total is not None and last >= total) or length not in (None, last - first + 1):
        return None
    return Head(last - first + 1, head.validator, None, is_range=True, first=first, total=total)


def _validator(headers: Mapping[str, str]) -> str | None:
    """What `If-Range` may name: a strong tag, else the time of the last change."""
    tag = headers.get("ETag", "").strip()
    if _STRONG.match(tag):
        return tag
    changed = headers.get("Last-Modified", "").strip()
    return changed if _DATE.match(changed) else None


def _encoding(headers: Mapping[str, str], declared_type: str | None, name: str | None) -> str | None:
    """StoppedError for one that nobody asked for and that cannot be undone."""
    said = headers.get("Content-Encoding", "").strip().lower()
    if said in ("", "identity"):
        return None
    if said in ("gzip", "x-gzip"):
        is_packed_itself = declared_type in _PACKED_TYPES or (name or "").lower().endswith(_PACKED_NAMES)
        return None if is_packed_itself else "gzip"
    if said == "deflate":
        return said
    raise StoppedError(FileReason.BROKEN_ENCODING)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 18 else None
