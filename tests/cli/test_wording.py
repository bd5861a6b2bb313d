"""Sentences name commands the way this owner has to type them."""

import pytest

from polyhost.cli.wording import COMMAND_VARIABLE, as_typed


def test_installed_a_command_is_called_polyhost(monkeypatch):
    monkeypatch.delenv(COMMAND_VARIABLE, raising=False)
    assert as_typed("Try: polyhost demo") == "Try: polyhost demo"


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("See: polyhost runs NAME", "See: ./scripts/polyhost runs NAME"),
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
