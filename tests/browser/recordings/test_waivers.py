"""What may stay, and why. Provenance: docs/recordings.md."""

import pytest

from polyhost.browser.recordings.waivers import place_of, read_waivers
from polyhost.errors import RefusedError

pytestmark = pytest.mark.requirement("SE-3")


def test_a_place_is_named_without_what_changes_from_recording_to_recording() -> None:
    assert place_of("recording.har, entry 12, answer assets.0.files.13.hash") == "answer assets.*.files.*.hash"
    assert place_of("expected.jsonl, line 3 data.url") == "data.url"
    assert place_of("storage_state.json kept") == "storage_state.json kept"


def test_a_waiver_speaks_of_its_place_alone() -> None:
    [waiver] = read_waivers(["answer assets.*.hash=they are public=yes"])
    assert waiver.reason == "they are public=yes"
    assert waiver.speaks_of("answer assets.*.hash")
    assert not waiver.speaks_of("answer assets.*.token")


@pytest.mark.parametrize("text", ["", "answer a", "answer a=", "=why", "*=all of it", " * * =all"])
def test_a_waiver_without_place_or_reason_or_of_everything_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="not a valid --waive"):
        read_waivers([text])
