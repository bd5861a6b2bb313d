"""What an operation does beyond its one line: paragraphs for whoever asks for help on it.

Must not know: surfaces. A paragraph stands on one line; surfaces wrap it.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DETAILS"]

DETAILS: Mapping[str, str] = {
    "demo": (
        "Nothing of it reaches the network: a recorded workspace is replayed in a real browser, through the same "
        "code as a run of your own. It makes a connection that is marked as a demo everywhere, and that gives way "
        "when you connect your own."
    ),
    "connect": (
        "A connection is one source with one account of yours; give each a name of its own with --name. Your "
        "session is kept sealed in the home, readable by you only, and goes to nobody but the site itself.\n\n"
        "--renew gives a connection that is there a new session. What was collected, and how far, stays."
    ),
    "run": (
        "Reads what is new, the holes that earlier runs have left, and a little of what is covered already, to "
        "notice edits and deletions; --full reads all of that again. The first Ctrl-C stops and keeps what was "
        "read, the second leaves at once. Either way the next run goes on from there.\n\n"
        "A run can be narrowed by stream, resource and time, and never widens by itself: a name that is not known "
        "is refused before anything starts."
    ),
    "import": (
        "Takes in an export of your own, through the same checks as a run, and gives it a receipt. It is safe to "
        "repeat, in any order: what is known already is neither doubled nor taken back to an older version."
    ),
    "cancel": ("The run stops taking more, keeps what it has read, and says so in its receipt."),
    "pause": (
        "What is under way is finished and kept; then the run waits, with its browser open and its connection held. A "
        "run of another process waits within a second. It can be cancelled all the while; after an hour it is ended as "
        "if it had been. A question it asked keeps its deadline. To start no runs at all: schedule pause."
    ),
    "disconnect": (
        "What was collected stays readable and searchable with --keep-data, and is deleted for good with "
        "--delete-data. At a terminal you are asked; elsewhere one of the two has to be given. Connecting again "
        "under the same name with --renew goes on where it was."
    ),
    "rename": ("Session, data and how far it is covered stay. Receipts written before keep the name of then."),
}
"""By operation; those whose one line says it all are not in it."""
