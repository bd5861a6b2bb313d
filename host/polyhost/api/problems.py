"""What a refusal is over HTTP: RFC 9457 problem details. The status is that of the error's code.

Owns: their shape. Must not know: why anything is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson
from aiohttp import web
from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, PolyhostError, as_sentence

__all__ = ["PROBLEM_TYPE", "Problem", "problem_bytes", "problem_response"]

PROBLEM_TYPE = "application/problem+json"
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
"""An error says an option as it is typed; here it is a field."""


class Problem(TypedDict):
    """RFC 9457 problem details. `code` is stable; `reason` and `instruction` are for whoever reads them."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    reason: str
    instruction: str


def problem_response(
    error: PolyhostError, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The error as problem details. It holds what the error says, which is safe to show."""
    status = status or error.http_status
    return web.Response(body=problem_bytes(error, status), status=status, content_type=PROBLEM_TYPE, headers=headers)


def problem_bytes(error: PolyhostError, status: int) -> bytes:
    """The body alone."""
    reason = _as_fields(error.reason)
    body = Problem(
        type="about:blank",
        title=_TITLES.get(status, "Error"),
        status=status,
        detail=as_sentence(reason),
        code=error.code,
        reason=reason,
        instruction=_as_fields(error.instruction),
    )
    return orjson.dumps(body)


def _as_fields(text: str) -> str:
    if "polyhost " in text:  # it names a command: options belong to it
        return text
    return _OPTION.sub(lambda found: found[1].replace("-", "_"), text)


_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    416: "No such range",
    421: "Misdirected request",
    429: "Too many requests",
    500: "Failed",
    503: "Not available",
    507: "Disk full",
}
