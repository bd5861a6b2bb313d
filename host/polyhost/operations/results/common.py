"""What results of several kinds have in common."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode

RunState = Literal["running", "complete", "complete_with_gaps", "failed", "needs_owner", "cancelled"]
Nature = Literal["live", "test", "replay", "demo"]
Span = tuple[str | None, str | None]
"""From and to. A null beginning is the beginning of everything, a null end is open."""


class Problem(TypedDict):
    """RFC 9457 problem details. `code` is stable; `reason` and `instruction` are for whoever reads them."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    reason: str
    instruction: str
