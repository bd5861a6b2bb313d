"""What is known of a file: here, to come, or why not; and how that changes as records and fetches tell of it.

Owns: the states of a file and the moves between them. Pure. Must not know: how files are fetched, where they are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from polyhost.protocol.record_files import DeclaredFile, Said, blob_identity

__all__ = ["Content", "FileFacts", "FileReason", "FileState", "is_given_up", "met", "was_tried"]


class FileState(StrEnum):
    """Where a file stands. Only `to_come` is fetched by a run that is asked for files."""

    HERE = "here"
    TO_COME = "to_come"
    GONE = "gone"
    HIDDEN = "hidden"
    EXTERNAL = "external"
    REFUSED = "refused"
    OVER_LIMIT = "over_limit"


class FileReason(StrEnum):
    """Why a file is not here; None where the source said so itself, or nobody has tried."""

    NOT_FOUND = "not_found"
    """The site has no such file (404, 410)."""
    NOT_ALLOWED = "not_allowed"
    """The site does not let this account have it (401, 403)."""
    SIGN_IN_PAGE = "sign_in_page"
    """A page came in place of the file."""
    UNDECLARED_HOST = "undeclared_host"
    """It lies, or leads, where the source declares nothing."""
    BAD_ADDRESS = "bad_address"
    """What stands for its address is not one."""
    WRONG_SIZE = "wrong_size"
    """What came is whole, and not as long as the source says."""
    WRONG_TYPE = "wrong_type"
    """What came is not of the kind that the source says."""
    CUT_OFF = "cut_off"
    """The site stopped in the middle; what came is kept, to go on from."""
    TOO_SLOW = "too_slow"
    NO_ANSWER = "no_answer"
    """The site could not be reached, or did not answer."""
    SERVER_ERROR = "server_error"
    """The site answered that it cannot (5xx), or not now (429)."""
    TOO_LARGE = "too_large"
    """It is larger than was asked for."""
    BROKEN_ENCODING = "broken_encoding"
    """What came, or what holds it, is damaged: it cannot be unpacked, or not be read to its end."""
    WRONG_DIGEST = "wrong_digest"
    """What came is not what the source says its SHA-256 is of."""
    NOT_SENT = "not_sent"
    """A record names it, and its connector, which hands files over by itself, did not."""
    NOT_IN_FILE = "not_in_file"
    """The imported file names it and does not hold it."""
    DAMAGED = "damaged"
    """It was here, and is not what it was."""
    LOST = "lost"
    """It was here, and its file is gone from the home."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is kept of a file: its bytes by their SHA-256 (64 hexadecimal digits), how many there are, what they are
    (as in `image/png`)."""

    digest: str
    size: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """One file of one connection. `moment`: of the newest record it stands in, seconds since 1970. `content` beside a
    state other than here: what it was before it changed at the source."""

    identity: str
    is_thumbnail: bool
    stream: str
    state: FileState
    reason: FileReason | None = None
    name: str | None = None
    type: str | None = None
    size: int | None = None
    address: str | None = None
    member: str | None = None
    moment: int | None = None
    tries: int = 0
    tried_at: str | None = None
    content: Content | None = None


_BY_SAID = {
    Said.THERE: FileState.TO_COME,
    Said.GONE: FileState.GONE,
    Said.HIDDEN: FileState.HIDDEN,
    Said.EXTERNAL: FileState.EXTERNAL,
}
_CLAIMS = frozenset(_BY_SAID.values())


_TRIES = 5
"""How often a file that comes whole and is not what its source says is asked for: by then it will not become it."""
_IS_NOT_IT = frozenset(
    {FileReason.WRONG_SIZE, FileReason.WRONG_TYPE, FileReason.WRONG_DIGEST, FileReason.BROKEN_ENCODING}
)
_SAY_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def met(known: FileFacts | None, stream: str, file: DeclaredFile, moment: int | None) -> FileFacts:
    """A record tells of a file. What it does not say stays as it was known."""
    if known is None:
        return FileFacts(
            identity=file.identity,
            is_thumbnail=file.is_thumbnail,
            stream=stream,
            state=_BY_SAID[file.said],
            name=file.name,
            type=file.type,
            size=file.size,
            address=file.address,
            member=file.member,
            moment=moment,
        )
    told = {name: getattr(file, name) for name in ("name", "type", "size", "address", "member")}
    said = replace(known, **{name: value for name, value in told.items() if value is not None})
    newest = max((one for one in (known.moment, moment) if one is not None), default=None)
    return replace(said, moment=newest, **_moved(known, file))


def _moved(known: FileFacts, file: DeclaredFile) -> dict[str, Any]:
    changed = known.size is not None and file.size is not None and known.size != file.size
    if known.state is FileState.HERE:
        is_it = known.content is not None and file.identity == blob_identity(known.content.digest)  # whatever its size
        another = changed and file.said is Said.THERE and not is_it
        return {"state": FileState.TO_COME, "tries": 0} if another else {}
    if file.said is not Said.THERE:
        return {"state": _BY_SAID[file.said], "reason": None}
    if changed:
        return {"state": FileState.TO_COME, "reason": None, "tries": 0}
    if known.state in _CLAIMS and known.reason is None:
        return {"state": FileState.TO_COME, "reason": None}
    return {}


def was_tried(
    known: FileFacts, state: FileState, reason: FileReason | None, *, at: str, content: Content | None = None
) -> FileFacts:
    """A fetch, or an artifact, has told what becomes of it. A content that is here is only ever replaced by another.
    What is to come and has come as something else too often is refused."""
    kept = known.content if content is None else content
    tried = replace(known, state=state, reason=reason, tries=known.tries + 1, tried_at=at, content=kept)
    return replace(tried, state=FileState.REFUSED) if state is FileState.TO_COME and is_given_up(tried) else tried


def is_given_up(facts: FileFacts) -> bool:
    """Whether it came as something else every time, and is asked for no more until its owner says so or its size
    changes. A page in its place counts where what is said of the file may be true of a page as well: elsewhere it shows
    that a session has ended."""
    if facts.tries < _TRIES:
        return False
    return facts.reason in _IS_NOT_IT or (facts.reason is FileReason.SIGN_IN_PAGE and _may_be_page(facts))


def _may_be_page(facts: FileFacts) -> bool:
    kind = (facts.type or "").lower()
    return kind.startswith("text/") or (kind in _SAY_NOTHING and "." not in (facts.name or ""))
