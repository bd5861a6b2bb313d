"""What is known of a file, and how that moves as records, fetches and artifacts tell of it (SL-2)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.ledger.files import Content, FileFacts, FileReason, FileState, is_given_up, met, was_tried
from polyhost.protocol.record_files import DeclaredFile, Said, blob_identity

pytestmark = pytest.mark.requirement("SL-2")

AT = "2026-11-30T00:00:00.000Z"
KEPT = Content("a" * 64, 12, "image/png")
TOLD = DeclaredFile("id:F1", "0", name="a.png", type="image/png", size=12, address="https://x.example/a", member="m/a")


def known(state: FileState = FileState.TO_COME, reason: FileReason | None = None, **more: object) -> FileFacts:
    facts = met(None, "messages", TOLD, 100)
    return replace(facts, state=state, reason=reason, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (Said.THERE, FileState.TO_COME),
        (Said.GONE, FileState.GONE),
        (Said.HIDDEN, FileState.HIDDEN),
        (Said.EXTERNAL, FileState.EXTERNAL),
    ],
)
def test_a_new_one_is_what_the_source_says(said: Said, state: FileState):
    facts = met(None, "messages", replace(TOLD, said=said), 100)
    assert (facts.state, facts.reason, facts.moment, facts.stream) == (state, None, 100, "messages")
    assert (facts.name, facts.type, facts.size, facts.address, facts.member) == (
        "a.png",
        "image/png",
        12,
        "https://x.example/a",
        "m/a",
    )


def test_what_is_told_again_without_some_of_it_keeps_what_was_known():
    again = met(known(), "messages", DeclaredFile("id:F1", "0", name="b.png"), None)
    assert (again.name, again.type, again.size, again.moment) == ("b.png", "image/png", 12, 100)


@pytest.mark.parametrize(("before", "now", "newest"), [(None, None, None), (None, 5, 5), (7, 5, 7), (5, 7, 7)])
def test_the_moment_is_that_of_the_newest_record(before: int | None, now: int | None, newest: int | None):
    assert met(replace(known(), moment=before), "messages", TOLD, now).moment == newest


def test_what_is_here_stays_here_whatever_the_source_says_of_it_now():
    facts = known(FileState.HERE, content=KEPT)
    for said in Said:
        assert met(facts, "messages", replace(TOLD, said=said), 100).state is FileState.HERE


def test_what_has_another_size_now_is_to_come_and_its_content_stays():
    changed = met(known(FileState.HERE, content=KEPT), "messages", replace(TOLD, size=13), 100)
    assert (changed.state, changed.content, changed.size) == (FileState.TO_COME, KEPT, 13)
    gone = met(known(FileState.HERE, content=KEPT), "messages", replace(TOLD, size=13, said=Said.GONE), 100)
    assert gone.state is FileState.HERE


@pytest.mark.parametrize("state", [FileState.REFUSED, FileState.OVER_LIMIT, FileState.GONE])
def test_what_a_fetch_has_found_out_holds_until_the_file_changes(state: FileState):
    facts = known(state, FileReason.NOT_FOUND)
    assert met(facts, "messages", TOLD, 100).state is state
    assert met(facts, "messages", replace(TOLD, size=13), 100).state is FileState.TO_COME


def test_what_the_source_says_moves_what_is_not_here():
    facts = known(FileState.REFUSED, FileReason.NOT_ALLOWED)
    gone = met(facts, "messages", replace(TOLD, said=Said.GONE), 100)
    assert (gone.state, gone.reason) == (FileState.GONE, None)
    back = met(gone, "messages", TOLD, 100)
    assert (back.state, back.reason) == (FileState.TO_COME, None)


def test_a_try_is_counted_and_only_another_content_takes_the_place_of_one():
    here = was_tried(known(), FileState.HERE, None, at=AT, content=KEPT)
    assert (here.state, here.content, here.tries, here.tried_at) == (FileState.HERE, KEPT, 1, AT)
    lost = was_tried(here, FileState.TO_COME, FileReason.CUT_OFF, at=AT)
    assert (lost.state, lost.reason, lost.content, lost.tries) == (FileState.TO_COME, FileReason.CUT_OFF, KEPT, 2)


@given(
    steps=st.lists(st.tuples(st.sampled_from([*Said]), st.sampled_from([None, 12, 13])), max_size=8),
    state=st.sampled_from([*FileState]),
)
def test_whatever_a_source_says_what_is_kept_is_kept(steps: list[tuple[Said, int | None]], state: FileState):
    facts = known(state, content=KEPT)
    for said, size in steps:
        facts = met(facts, "messages", replace(TOLD, said=said, size=size), None)
        assert facts.content == KEPT
        assert facts.state in FileState


@pytest.mark.parametrize(
    ("reason", "kind", "name", "given_up"),
    [
        (FileReason.WRONG_SIZE, "image/png", "a.png", True),
        (FileReason.WRONG_TYPE, "image/png", "a.png", True),
        (FileReason.BROKEN_ENCODING, None, None, True),
        (FileReason.CUT_OFF, "text/plain", "a.txt", False),
        (FileReason.SIGN_IN_PAGE, "image/png", "a.png", False),
        (FileReason.SIGN_IN_PAGE, "text/markdown", "a.md", True),
        (FileReason.SIGN_IN_PAGE, None, None, True),
        (FileReason.SIGN_IN_PAGE, None, "a.bin", False),
    ],
)
def test_what_comes_as_something_else_every_time_is_refused_in_the_end(
    reason: FileReason, kind: str | None, name: str | None, given_up: bool
):
    facts = known(type=kind, name=name)
    for tries in range(1, 6):
        facts = was_tried(facts, FileState.TO_COME, reason, at=AT)
        assert facts.state is (FileState.REFUSED if given_up and tries == 5 else FileState.TO_COME)
    assert is_given_up(facts) is given_up
    anew = met(facts, "messages", replace(TOLD, size=13), 100)
    assert (anew.state, anew.tries, is_given_up(anew)) == (FileState.TO_COME, 0, False)


def test_what_is_named_by_its_digest_stays_here_whatever_size_is_told():
    told = replace(TOLD, identity=blob_identity(KEPT.digest), size=13)
    assert met(known(FileState.HERE, content=KEPT), "messages", told, 100).state is FileState.HERE
