"""What a run remembers of what it has seen (ours)."""

import pytest

from polyhost.engine.run import _walks as walks
from polyhost.engine.run._walks import Walks


def seen_of(seen: Walks) -> set[str]:
    found = seen.seen("messages", "C1")
    assert found is not None
    return set(found)


def walked(*positions: str) -> Walks:
    found = Walks()
    for position in positions:
        found.saw("messages", "C1", f"key {position}", position)
    return found


def test_what_lies_between_the_ends_is_forgotten_and_the_ends_are_kept():
    seen = walked("1", "2", "3", "4", "5")
    seen.account("messages", "C1", "2", "4")
    assert seen_of(seen) == {"key 1", "key 2", "key 4", "key 5"}


def test_partitions_are_kept_apart():
    seen = walked("1")
    seen.account("messages", "C2", "0", "9")
    assert seen.seen("messages", "C2") == frozenset()
    assert seen_of(seen) == {"key 1"}


def test_too_many_are_not_remembered_for_the_rest_of_the_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(walks, "MAX_SEEN", 2)
    seen = walked("1", "2", "3")
    seen.account("messages", "C1", "0", "9")
    seen.saw("messages", "C1", "key 4", "4")
    assert seen.seen("messages", "C1") is None


def test_what_the_connector_called_deleted_counts_as_seen_wherever_it_belongs():
    seen = walked("1")
    seen.deleted("messages", "gone")
    seen.account("messages", "C1", "0", "9")
    assert seen_of(seen) == {"gone"}
    assert seen.seen("messages", "C2") == {"gone"}
    assert seen.seen("notes", "C1") == frozenset()
