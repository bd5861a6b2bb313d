"""A standing exception as every surface shows it, and as facts of a batch keep it.

Must not know: when one arises or heals. Kept free of heavy imports: results of operations are made of it.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from polyhost.protocol.exceptions import ExceptionKind, ExceptionReason

__all__ = ["SetAside", "StandingExceptionJson"]


class SetAside(TypedDict):
    """The owner lets it be, since when and why."""

    at: str
    reason: str | None


class StandingExceptionJson(TypedDict):
    """One record that could not be taken, or one group whose members could not be read. `position`: where in its
    partition; `explain`: the reason in words; `detail`: the rule it breaks and where; `since`: when it was first met;
    `tries`: in how many runs; `set_aside` null: every run names it, and tries it again."""

    stream: str
    kind: ExceptionKind
    partition: str | None
    key: str
    position: str | None
    reason: ExceptionReason
    explain: str
    detail: str | None
    since: str
    tries: int
    last_tried: str
    set_aside: SetAside | None
