"""What an owner reads of a file that is not here (SL-2)."""

from __future__ import annotations

import pytest

from polyhost.ledger.file_words import what_helps, why_not_here
from polyhost.ledger.files import FileReason, FileState

pytestmark = pytest.mark.requirement("SL-2")

MISSING = [state for state in FileState if state is not FileState.HERE]


@pytest.mark.parametrize("state", MISSING)
@pytest.mark.parametrize("reason", [None, *FileReason])
def test_every_file_that_is_not_here_has_a_sentence_and_what_helps(state: FileState, reason: FileReason | None):
    told = why_not_here(state, reason)
    assert told is not None
    assert told.endswith(".")
    assert "{" not in what_helps(state, reason, "work")


@pytest.mark.parametrize("reason", [None, FileReason.DAMAGED])
def test_of_one_that_is_here_there_is_nothing_to_say(reason: FileReason | None):
    assert why_not_here(FileState.HERE, reason) is None
    assert what_helps(FileState.HERE, reason, "work") == ""


def test_reasons_are_told_apart():
    assert len({why_not_here(FileState.TO_COME, reason) for reason in (None, *FileReason)}) == len(FileReason) + 1


@pytest.mark.parametrize("state", MISSING)
@pytest.mark.parametrize("reason", [None, *FileReason])
def test_what_is_only_imported_is_never_to_be_run(state: FileState, reason: FileReason | None):
    assert "polyhost run" not in what_helps(state, reason, "work", runs=False)


def test_it_is_imported_again():
    assert what_helps(FileState.TO_COME, None, "work", runs=False) == "polyhost import work FILE --files"
    assert what_helps(FileState.REFUSED, FileReason.SIGN_IN_PAGE, "work") == "polyhost run work --files --full"


def test_what_a_connector_hands_over_by_itself_comes_with_a_full_run():
    assert what_helps(FileState.TO_COME, FileReason.NOT_SENT, "work") == "polyhost run work --full"
    assert what_helps(FileState.REFUSED, FileReason.WRONG_DIGEST, "work") == "polyhost run work --full"
