"""What would help, in words: the sentence for each recovery action a connector may name.

Owns: those actions and sentences. Must not know: who shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["ADVICE", "RecoveryAction", "advice"]

RecoveryAction = Literal[
    "retry_by_runtime",
    "retry_on_connector_upgrade",
    "refresh_credentials",
    "manual_action_required",
    "update_selector",
    "upstream_unblock",
    "not_retriable",
    "unknown",
]

ADVICE: Mapping[RecoveryAction, str] = {
    "retry_by_runtime": "Run it again; it goes on where it stopped.",
    "retry_on_connector_upgrade": "Update the connector, then run it again.",
    "refresh_credentials": "Sign in again; what was collected stays.",
    "manual_action_required": "Do what the source asks for there, by hand; then run it again.",
    "update_selector": "The site has changed: update the connector, then run it again.",
    "upstream_unblock": "The source refuses this: check there what the account may do.",
    "not_retriable": "Running it again does not change this.",
    "unknown": "What would help is not known.",
}
_SENTENCES: Mapping[str, str] = {str(action): sentence for action, sentence in ADVICE.items()}


def advice(hint: str) -> str:
    """The sentence for a recovery action; a hint that is a sentence already stays as it is."""
    return _SENTENCES.get(hint, hint)
