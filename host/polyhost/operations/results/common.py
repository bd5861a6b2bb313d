"""What results of several kinds have in common."""

from __future__ import annotations

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode


class Problem(TypedDict):
    """RFC 9457 problem details. `code` is stable; `reason` and `instruction` are for whoever reads them."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    reason: str
    instruction: str
