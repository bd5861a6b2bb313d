"""What a connector never mentions is unproven (RS-4.6)."""

from __future__ import annotations

from typing import Any

import pytest

from playbooks import (
    MESSAGES,
    details,
    done,
    like,
    looked,
    manifest,
    play,
    record,
    skip,
    state,
    stream,
)
from polyhost.protocol.commands import EndRun
from polyhost.protocol.manifest import Manifest

pytestmark = pytest.mark.requirement("RS-4.6")

TWO = manifest(stream("folders", required=False), stream("notes"))
UNDER_ONE = manifest(
    stream("folders"), stream("notes", coverage_strategy="checkpoint_window", cursor_field="at", state_stream="folders")
)
SILENT = ("inventory_unproven", "folders", 1)
ALBUMS = manifest(
    stream("albums"),
    stream("photos", parent_streams=["albums"], coverage_strategy="parent_detail_accounting", required=False),
)


def codes(of: Manifest, *said: dict[str, Any], request: Any = None) -> list[tuple[str, str | None, int | None]]:
    book = play(of, request)
    for message in said:
        book >> message
    return (book >> done(sum(message["type"] == "RECORD" for message in said))).finish().codes


def test_a_stream_in_scope_that_is_never_mentioned_is_a_gap_of_its_name():
    book = (play(TWO) >> record("notes", "n1") >> done(1)).finish()
    assert book.codes == [SILENT]
    assert (book.diagnostics[0].severity, book.diagnostics[0].recovery_hint) == ("gap", "retry_on_connector_upgrade")
    assert like(EndRun, status="succeeded").matches(book.of(EndRun)[0])


@pytest.mark.parametrize(
    "said",
    [
        record("folders", "f1"),
        record("folders", "f1", op="delete", data=None),
        record("folders", "f1", {"text": 5}),
        state("folders"),
        skip("folders", "limit_reached"),
        looked("folders"),
    ],
    ids=["a record", "a deletion", "a refused record", "a cursor", "a skip", "a count of none"],
)
def test_whatever_is_said_of_a_stream_is_a_mention(said):
    assert SILENT not in codes(TWO, record("notes", "n1"), said)


def test_words_without_a_count_are_no_mention():
    assert codes(TWO, looked("notes"), {"type": "PROGRESS", "message": "soon", "stream": "folders"}) == [SILENT]


def test_a_cursor_speaks_for_the_streams_that_are_kept_under_it():
    assert codes(UNDER_ONE, state("folders")) == []
    assert codes(UNDER_ONE, looked("folders")) == [("inventory_unproven", "notes", 1)]


def test_an_account_of_details_is_a_mention():
    assert codes(ALBUMS, details("photos", "albums", [], []), state("albums")) == []


def test_a_stream_that_nobody_asked_for_is_not_missed():
    assert codes(TWO, looked("notes"), request={"streams": ["notes"]}) == []


def test_of_partitions_the_ledger_speaks():
    assert codes(manifest(MESSAGES)) == []


def test_a_run_that_failed_says_why_and_not_what_it_did_not_come_to():
    book = (play(TWO) >> done(0, "failed", code="broken")).finish(1)
    assert book.codes == []


def test_of_what_a_file_does_not_mention_nothing_is_said():
    book = play(TWO, keeps_exceptions=False) >> looked("notes") >> done()
    assert book.finish().codes == []
