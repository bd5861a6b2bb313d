"""What may stay, and why. Provenance: docs/recordings.md."""

import pytest

from polyhost.browser.recordings._places import place_of
from polyhost.browser.recordings.waivers import read_waivers
from polyhost.errors import RefusedError

pytestmark = pytest.mark.requirement("SE-3")


def test_a_place_is_named_without_what_changes_from_recording_to_recording() -> None:
    assert place_of("recording.har, entry 12, answer assets.0.files.13.hash") == "answer assets.*.files.*.hash"
    assert place_of("recording.har, entry 12, answer 0.hash") == "answer *.hash"
    assert place_of("expected.jsonl, line 3 data.url") == "data.url"
    assert place_of("storage_state.json kept") == "storage_state.json kept"


def test_a_waiver_speaks_of_its_place_alone() -> None:
    [waiver] = read_waivers(["answer assets.*.hash=they are public=yes"])
    assert waiver.reason == "they are public=yes"
    assert waiver.speaks_of("answer assets.*.hash")
    assert not waiver.speaks_of("answer assets.*.token")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("answer a.*=why", "answer a.b.token"),
        ("answer *.hash=why", "answer a.b.hash"),
        ("answer assets.hash=why", "answer assetsXhash"),
        ("answer [a-z]=why", "answer a"),
        ("answer a?=why", "answer ab"),
        ("answer=why", "answer a"),
    ],
)
def test_a_waiver_speaks_of_no_place_that_it_does_not_name(text: str, place: str) -> None:
    [waiver] = read_waivers([text])
    assert not waiver.speaks_of(place)
    assert waiver.speaks_of(waiver.place)


def test_a_name_with_brackets_is_a_name() -> None:
    [waiver] = read_waivers(["request body filter[kind]=public"])
    assert waiver.speaks_of("request body filter[kind]")
    assert not waiver.speaks_of("request body filterk")


@pytest.mark.parametrize(
    "text",
    ["", "answer a", "answer a=", "=why", "*=all of it", " * * =all", "*.*=all", "* *.*=all", "answer a*=x", "**.a=x"],
)
def test_a_waiver_without_place_or_reason_or_of_more_than_a_place_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="not a valid --waive"):
        read_waivers([text])
