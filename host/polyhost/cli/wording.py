"""Sentences as this owner's terminal shows them: commands in them as they are typed here (`./scripts/polyhost run
slack` in a checkout, `polyhost run slack` where it is installed), foreign text without what a terminal would obey.

Owns: both. Must not know: who writes the sentences; they all say `polyhost`.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import TYPE_CHECKING

from polyhost.humanize import byte_count, plural
from polyhost.operations.catalog import COMMAND_WORDS

if TYPE_CHECKING:
    from polyhost.operations.events import FilesTaken, OwnerAsked, RunPaused, RunResumed

__all__ = [
    "COMMAND_VARIABLE",
    "as_typed",
    "files_taken",
    "paused_or_not",
    "printable",
    "until",
    "waits_for_you",
    "went_on",
]

COMMAND_VARIABLE = "POLYHOST_COMMAND"
"""Set by scripts/polyhost to the path it was called by."""
_OWN = ("serve", "completion")
"""Commands that are no operations."""
_COMMAND = re.compile(rf"(?<![\w/])polyhost(?= (?:{'|'.join(sorted((*COMMAND_WORDS, *_OWN)))})\b)")


def printable(text: object) -> str:
    """Foreign text without control characters and those that turn the direction of others: a space in place of each."""
    shown = str(text)
    return shown if shown.isprintable() else "".join(char if char.isprintable() else " " for char in shown)


def as_typed(sentence: str) -> str:
    """The sentence with every `polyhost COMMAND` in it as it has to be typed here."""
    typed = os.environ.get(COMMAND_VARIABLE)
    return _COMMAND.sub(lambda _: typed, sentence) if typed else sentence


def until(asked: OwnerAsked) -> str:
    """Until when a question can be answered, by this machine's clock; nothing where that is not known."""
    if asked.until is None:
        return ""
    return f" until {datetime.fromisoformat(asked.until).astimezone():%H:%M}"


def waits_for_you(asked: OwnerAsked) -> str:
    """What a run waits for, where no prompt says it."""
    return f"waiting for you{until(asked)}: {as_typed(asked.message)}"


def went_on(reason: str) -> str:
    """Why a page is opened anew in the middle of a run: it was lost, or its owner has signed in again."""
    return reason if reason == "signed in again" else f"the page was lost ({reason})"


def files_taken(event: FilesTaken) -> str:
    """How many files are here by now."""
    left = f", {event.left:,} to come" if event.left else ""
    return f"{plural(event.files, 'file')} taken, {byte_count(event.bytes)}{left}"


def paused_or_not(event: RunPaused | RunResumed) -> str:
    """What its owner did to a run, and how they take it back."""
    from polyhost.operations.events import RunResumed  # noqa: PLC0415  keeps --help instant

    if isinstance(event, RunResumed):
        return "resumed by its owner"
    return as_typed(f"paused by its owner; polyhost resume {event.run_id} goes on")
