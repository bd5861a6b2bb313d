"""Every recovery action has a sentence, and nothing else is reworded. Provenance: the profile names the actions."""

from typing import get_args

from polyhost.protocol.recovery import ADVICE, RecoveryAction, advice


def test_every_recovery_action_has_a_sentence_of_its_own():
    assert ADVICE.keys() == set(get_args(RecoveryAction))
    assert len(set(ADVICE.values())) == len(ADVICE)
    assert all(sentence.endswith(".") and "_" not in sentence for sentence in ADVICE.values())


def test_a_hint_that_is_a_sentence_stays_as_it_is():
    assert advice("Choose another with --name.") == "Choose another with --name."
