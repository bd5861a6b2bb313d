"""What a refusal is over HTTP: RFC 9457 problem details, with a status that follows from the error's code.

Owns: that mapping. Must not know: why anything is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from polyhost.errors import NeedsOwnerError, PolyhostError, RefusedError, as_sentence
from polyhost.protocol.scope_request import ScopeError

__all__ = ["PROBLEM_TYPE", "problem_response", "status_of"]

PROBLEM_TYPE = "application/problem+json"
_CONFLICTS = frozenset(
    {
        "account_unknown",
        "answer_needed",
        "connection_exists",
        "disconnected",
        "import_into_replay",
        "import_only",
        "name_taken",
        "no_notifications",
        "no_receipt",
        "no_session",
        "not_ended",
        "not_missing",
        "not_retired",
        "not_running",
        "nothing_to_schedule",
        "other_account",
        "run_in_progress",
    }
)
"""The request is right, and does not fit how things are."""
_STATUS = {
    "forbidden": 403,
    "bad_origin": 403,
    "bad_host": 403,
    "csrf": 403,
    "unauthorized": 401,
    "no_such_page": 404,
    "method_not_allowed": 405,
    "unsupported_media_type": 415,
    "body_too_large": 413,
    "upload_too_large": 413,
    "too_many_failures": 429,
    "too_many_runs": 429,
    "too_many_streams": 429,
    "shutting_down": 503,
    "store_locked": 503,
    "disk_full": 507,
}
_IN_THE_REQUEST = frozenset({"unknown_field", "unknown_key", "unknown_parameter"})
"""What is unknown here is part of the request, and no thing that an address names."""
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
"""An error says an option as it is typed; here it is a field."""


def status_of(error: PolyhostError) -> int:
    """The HTTP status of an error. A boundary that cannot be used is a bad request, whatever is wrong with it."""
    if (found := _STATUS.get(error.code)) is not None:
        return found
    if isinstance(error, ScopeError):
        return 400
    if error.code.startswith("unknown_") and error.code not in _IN_THE_REQUEST:
        return 404
    if error.code in _CONFLICTS or isinstance(error, NeedsOwnerError):
        return 409
    return 400 if isinstance(error, RefusedError) else 500


def problem_response(
    error: PolyhostError, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The error as problem details. It holds what the error says, which is safe to show."""
    status = status or status_of(error)
    reason = _as_fields(error.reason)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": as_sentence(reason),
        "code": error.code,
        "reason": reason,
        "instruction": _as_fields(error.instruction),
    }
    return web.Response(body=orjson.dumps(body), status=status, content_type=PROBLEM_TYPE, headers=headers)


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
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    421: "Misdirected request",
    429: "Too many requests",
    500: "Failed",
    503: "Not available",
    507: "Disk full",
}
