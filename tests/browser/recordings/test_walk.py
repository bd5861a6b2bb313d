"""Strings of a scenario that are no JSON document: what is found in them, however they are written."""

from polyhost.browser.recordings._walk import Walker
from polyhost.browser.recordings.recording_rules import FieldRules, RedactRules


def seen(text: str) -> list[str]:
    """The values a walker hands over by name."""
    found: list[str] = []

    def visit(value, rule, where):
        del where
        if rule is not None:
            found.append(value)
        return value

    Walker(FieldRules(RedactRules(secret=("token",))), visit).text(text)
    return found


def test_a_named_value_in_a_script_is_found():
    assert seen(r'''window.boot = {"token": "abc", other: 1}; token = "d\"ef"''') == ["abc", 'd"ef']


def test_a_value_of_backslashes_that_never_ends_is_gone_through_once():
    """A matcher that goes back would not end in a lifetime: the run itself is the proof."""
    assert seen('token="' + "\\" * 5_000) == []
    assert seen('{"token":"' + "\\" * 5_000) == []
