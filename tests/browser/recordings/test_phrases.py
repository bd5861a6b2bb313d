"""Words of a declared text where markup stands between them."""

import unicodedata

import pytest

from polyhost.browser.recordings._phrases import Phrases
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.scrub import scrub

from .test_scrub import answer, document, scenario

pytestmark = pytest.mark.requirement("SE-3")
SAID = "Lunch with the café crew at noon, behind the old mill"


@pytest.mark.parametrize(
    "shown",
    [
        "<p>Lunch with <b>the caf&eacute;</b> crew at&nbsp;noon, <i>behind</i> the old mill</p>",
        unicodedata.normalize("NFD", SAID),
        "LUNCH  WITH\n\tthe caf&#233; crew &#x61;t noon\u200b, behind<br>the old\u00a0mill",
        "<li>Lunch with<span class='x'> the café crew</span> at noon – behind the <em>old mill</em></li>",
        "\uff4c\uff55\uff4e\uff43\uff48 with the café crew at noon, be\u00adhind the old mill",
        "Lunch with the café crew at noon, behind…",
    ],
)
def test_no_word_of_a_text_stays_where_it_is_shown_with_markup(shown: str) -> None:
    left = Phrases([SAID]).replace(shown)
    plain = unicodedata.normalize("NFKC", left).casefold()
    assert not [word for word in ("lunch", "caf", "crew", "noon", "old mill") if word in plain]
    assert left.count("<") == shown.count("<")


def test_other_words_stay_and_so_does_a_text_of_two_words() -> None:
    known = Phrases([SAID, "Old mill"])
    for other in ("<p>Lunch with the others at one</p>", "the old mill", "behind the scenes"):
        assert known.replace(other) == other


def test_a_text_and_its_html_of_one_recording_are_both_replaced() -> None:
    rules = RecordingRules.declared({"redact": {"text": ["text"]}})
    shown = "<div>Lunch <a href='/x'>with the café</a> crew at noon, <b>behind</b> the old mill</div>"
    clean = scrub(scenario(answer({"text": SAID, "html": shown, "other": "a page"})), rules)
    said = document(clean)
    assert said["other"] == "a page"
    assert "<a href='/x'>" in said["html"]
    assert not [word for word in ("Lunch", "crew", "noon", "mill") if word in str(said)]


def test_words_inside_of_marks_that_are_no_mention_are_words() -> None:
    rules = RecordingRules.declared({"redact": {"text": ["text"]}})
    said = "<@U024BE7LH> <!here> <@Anna is fired> <!secret plan> <#C1|garden> note:fired:now &sorry; &amp; :tada:"
    clean = document(scrub(scenario(answer({"text": said})), rules))["text"]
    assert not [word for word in ("Anna", "fired", "secret", "plan", "garden", "sorry") if word in clean]
    assert clean.startswith("<@U024BE7LH> <!here> ")
    assert clean.endswith("&amp; :tada:")
