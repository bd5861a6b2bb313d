"""What a file's state means, in sentences: why it is not here, and what an owner can do about it.

Must not know: who shows them.
"""

from __future__ import annotations

from collections.abc import Mapping

from polyhost.ledger.files import FileReason, FileState

__all__ = ["what_helps", "why_not_here"]

_STATES: Mapping[FileState, str] = {
    FileState.TO_COME: "It has not been fetched yet.",
    FileState.GONE: "The source says that it is not there any more.",
    FileState.HIDDEN: "The source does not show it to you.",
    FileState.EXTERNAL: "It is kept somewhere else; the source has a link to it.",
    FileState.REFUSED: "It could not be had.",
    FileState.OVER_LIMIT: "It is larger than was asked for.",
}
_REASONS: Mapping[FileReason, str] = {
    FileReason.NOT_FOUND: "The source has no such file any more.",
    FileReason.NOT_ALLOWED: "The source does not let your account have it.",
    FileReason.SIGN_IN_PAGE: "A web page came in place of the file.",
    FileReason.UNDECLARED_HOST: "It lies on a host that this source does not declare.",
    FileReason.BAD_ADDRESS: "What stands for its address is not an address.",
    FileReason.WRONG_SIZE: "What came is not as long as the source says.",
    FileReason.WRONG_TYPE: "What came is not the kind of file that the source says.",
    FileReason.CUT_OFF: "The source stopped in the middle of it; what came is kept, to go on from.",
    FileReason.TOO_SLOW: "It came too slowly.",
    FileReason.NO_ANSWER: "The source did not answer.",
    FileReason.SERVER_ERROR: "The source answered that it cannot give it now.",
    FileReason.TOO_LARGE: "It is larger than was asked for.",
    FileReason.BROKEN_ENCODING: "It is damaged on the way: what came cannot be read to its end.",
    FileReason.WRONG_DIGEST: "What came is not what the source said it would hand over.",
    FileReason.NOT_SENT: "Its connector named it and did not hand it over.",
    FileReason.NOT_IN_FILE: "The file that was imported names it and does not hold it.",
    FileReason.DAMAGED: "It was here, and its bytes are not what they were.",
    FileReason.LOST: "It was here, and somebody took it out of the home.",
}
_IN_A_BROWSER = "Open it at the source, in your browser."
_FETCH = "polyhost run {connection} --files"
_SEND = "polyhost run {connection} --full"
_IMPORT = "polyhost import {connection} FILE --files"
_BY_REASON: Mapping[FileReason, str] = {
    FileReason.SIGN_IN_PAGE: _FETCH,
    FileReason.WRONG_DIGEST: _SEND,
    FileReason.NOT_SENT: _SEND,
    FileReason.NOT_IN_FILE: "Export again with the files, then: polyhost import {connection} FILE --files",
}
_BY_STATE: Mapping[FileState, str] = {
    FileState.TO_COME: _FETCH,
    FileState.OVER_LIMIT: "polyhost run {connection} --files --files-max-size 10GB",
    FileState.EXTERNAL: "Open the link in your browser.",
    FileState.HIDDEN: "Whoever runs the source may let you see it.",
    FileState.GONE: "",
    FileState.REFUSED: _IN_A_BROWSER,
}


def why_not_here(state: FileState, reason: FileReason | None) -> str | None:
    """A sentence; None for a file that is here."""
    if state is FileState.HERE:
        return None
    return _STATES[state] if reason is None else _REASONS[reason]


def what_helps(state: FileState, reason: FileReason | None, connection: str, *, runs: bool = True) -> str:
    """A command, or a sentence with one; empty where nothing does. `runs`: whether its source is collected from; what
    is only imported is imported again."""
    if state is FileState.HERE:
        return ""
    told = _BY_STATE[state] if reason is None else _BY_REASON.get(reason, _BY_STATE[state])
    if state is FileState.REFUSED and reason is FileReason.SIGN_IN_PAGE and runs:
        told = f"{_FETCH} --full"
    return (told if runs else told.replace(_FETCH, _IMPORT).replace(_SEND, _IMPORT)).replace("{connection}", connection)
