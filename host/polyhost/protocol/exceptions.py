"""What stands out of a range that is proven otherwise: the words for it, for messages, ledger and surfaces.

Owns: kinds and reasons, both closed lists, with the sentence of each; what is told of one that was met. Must not know:
who meets one, when it heals, where it is kept.

A **record** that could not be taken costs itself: what lies around it is proven, and it is named by its key until it
comes well-formed, or its place is proven to be empty. A **group** (a thread) whose members could not be read likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["REASONS", "ExceptionFact", "ExceptionKind", "ExceptionReason"]


class ExceptionKind(StrEnum):
    """A record, or the members of a group."""

    RECORD = "record"
    GROUP = "group"


class ExceptionReason(StrEnum):
    """Why it was not taken. The first two are the host's own; the others are a connector's to give."""

    INVALID = "invalid"
    STORED_OUTSIDE = "stored_outside"
    UNMAPPABLE = "unmappable"
    NOT_ANSWERED = "not_answered"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    UNFINISHED = "unfinished"


REASONS: Mapping[ExceptionReason, str] = {
    ExceptionReason.INVALID: "it breaks the stream's schema or a rule of the protocol",
    ExceptionReason.STORED_OUTSIDE: "it is stored outside of what the run was asked for, which changes nothing there",
    ExceptionReason.UNMAPPABLE: "its shape is none that the connector knows",
    ExceptionReason.NOT_ANSWERED: "the source does not answer for it",
    ExceptionReason.NOT_FOUND: "the source says that it is not there, and names it elsewhere",
    ExceptionReason.REFUSED: "the source refuses it",
    ExceptionReason.UNREADABLE: "the source answers with something that cannot be read",
    ExceptionReason.UNFINISHED: "the source's pages of it do not end",
}
"""What each comes to, as the end of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionFact:
    """One that was met. `key`: canonical for a record, the group's own value for a group. `position`: where in its
    partition, as the source writes it; None where that cannot be read. `member`: a record of a group, at its head's
    position. `detail`: the rule it breaks and where, never what stands there."""

    stream: str
    kind: ExceptionKind
    key: str
    reason: ExceptionReason
    partition: str | None = None
    position: str | None = None
    member: bool = False
    detail: str = ""
