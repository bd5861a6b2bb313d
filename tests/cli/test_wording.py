"""Sentences name commands the way this owner has to type them, and hold nothing that a terminal would obey."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.cli.wording import COMMAND_VARIABLE, as_typed, printable


def test_installed_a_command_is_called_polyhost(monkeypatch):
    monkeypatch.delenv(COMMAND_VARIABLE, raising=False)
    assert as_typed("Try: polyhost demo") == "Try: polyhost demo"


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("See: polyhost runs NAME", "See: ./scripts/polyhost runs NAME"),
        ("Start it: polyhost serve", "Start it: ./scripts/polyhost serve"),
        (
            "To accept the loss: polyhost partitions retire.",
            "To accept the loss: ./scripts/polyhost partitions retire.",
        ),
        ("polyhost keeps what was read", "polyhost keeps what was read"),
        ("~/.local/share/polyhost run", "~/.local/share/polyhost run"),
    ],
)
def test_from_a_checkout_it_is_called_by_its_path(monkeypatch, sentence, shown):
    monkeypatch.setenv(COMMAND_VARIABLE, "./scripts/polyhost")
    assert as_typed(sentence) == shown


@given(st.text())
def test_foreign_text_keeps_its_length_and_nothing_in_it_speaks_to_a_terminal_or_turns_it(text: str):
    shown = printable(text)
    assert len(shown) == len(text)
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"}]
