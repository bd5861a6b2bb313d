"""What a fault costs and what heals it, each in the words of the table. Must not know: which faults there are."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Cost", "Healing"]


class Cost(StrEnum):
    """All that may be missing, or not as it is, afterwards."""

    NOTHING = "nothing"
    PART = "that part of the message"
    RECORD = "that record"
    MESSAGE = "that message, and replies to it"
    REPLY = "that reply"
    REPLIES = "the replies of that thread"
    CONVERSATION = "that conversation"
    PARTITION = "that partition, from there on"
    STREAM = "that stream"
    UNLISTED = "what the list left out; nobody is called missing"
    REST = "what was not read yet"


class Healing(StrEnum):
    """After which nothing is left of it."""

    SAME_RUN = "the same run"
    NEXT_RUN = "the next run, once the source is well"
    LOOKED_AT = "the next run that looks at the message again"
    SIGNED_IN = "signing in again, and the next run"
