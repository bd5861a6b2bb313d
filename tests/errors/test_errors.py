"""An error carries what its owner may be shown, once, on every surface the same."""

from __future__ import annotations

import pytest

from polyhost.errors import ErrorCode, PolyhostError, RefusedError, as_sentence


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (PolyhostError("the door is shut"), "the door is shut"),
        (PolyhostError("the door is shut", "Open it."), "the door is shut. Open it."),
        (PolyhostError("The door is shut.", "Open it."), "The door is shut. Open it."),
    ],
)
def test_an_error_reads_as_its_reason_and_then_what_to_do(error: PolyhostError, shown: str):
    assert str(error) == shown


def test_a_code_of_its_own_goes_with_it_everywhere():
    error = RefusedError("there is none", "Name one.", code=ErrorCode.UNKNOWN_CONNECTION)
    assert error.as_json() == {"code": "unknown_connection", "reason": "there is none", "instruction": "Name one."}
    assert error.http_status == ErrorCode.UNKNOWN_CONNECTION.http_status != RefusedError("x").http_status


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("the file is damaged", "The file is damaged"),
        ("x.txt is not an export", "x.txt is not an export"),
        ("there", "There"),
        ("", ""),
    ],
)
def test_a_reason_becomes_a_sentence_unless_it_may_begin_with_a_name(reason: str, sentence: str):
    assert as_sentence(reason) == sentence
