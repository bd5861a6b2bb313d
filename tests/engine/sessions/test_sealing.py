"""What is sealed opens with its key, under its name, unchanged; and in no other case (secrets at rest; ours)."""

import os

import pytest

from polyhost.engine.sessions._sealing import KEY_BYTES, seal, unseal
from polyhost.errors import RefusedError

KEY = bytes(range(KEY_BYTES))
ABOUT = {"connection": "slack"}


def test_what_was_sealed_opens_again() -> None:
    assert unseal(KEY, seal(KEY, b"xoxd-secret", about=ABOUT), about=ABOUT) == b"xoxd-secret"


def test_a_sealed_file_says_what_it_is_and_not_what_is_in_it() -> None:
    sealed = seal(KEY, b"xoxd-secret", about=ABOUT)
    line = sealed.partition(b"\n")[0]
    assert b'"connection":"slack"' in line
    assert b'"version":1' in line
    assert b"xoxd-secret" not in sealed
    assert KEY not in sealed


def test_the_same_content_is_never_sealed_the_same_way_twice() -> None:
    assert seal(KEY, b"same", about=ABOUT) != seal(KEY, b"same", about=ABOUT)


@pytest.mark.parametrize("at", [0, 10, -1, -20, -40])
def test_one_changed_byte_anywhere_and_it_does_not_open(at: int) -> None:
    sealed = bytearray(seal(KEY, b"x" * 40, about=ABOUT))
    sealed[at] ^= 1
    with pytest.raises(RefusedError):
        unseal(KEY, bytes(sealed), about=ABOUT)


@pytest.mark.parametrize("length", [0, 1, 60, 130])
def test_a_cut_off_file_does_not_open(length: int) -> None:
    with pytest.raises(RefusedError) as refused:
        unseal(KEY, seal(KEY, b"x" * 40, about=ABOUT)[:length], about=ABOUT)
    assert "damaged" in refused.value.reason


def test_another_connections_file_does_not_open_under_this_name() -> None:
    with pytest.raises(RefusedError) as refused:
        unseal(KEY, seal(KEY, b"x", about={"connection": "other"}), about=ABOUT)
    assert "belongs to something else" in refused.value.reason


def test_a_header_that_was_rewritten_to_fit_does_not_open_either() -> None:
    forged = seal(KEY, b"x", about={"connection": "other"}).replace(b"other", b"slack")
    with pytest.raises(RefusedError):
        unseal(KEY, forged, about=ABOUT)


def test_a_wrong_key_is_told_from_a_damaged_file() -> None:
    with pytest.raises(RefusedError) as refused:
        unseal(os.urandom(KEY_BYTES), seal(KEY, b"x", about=ABOUT), about=ABOUT)
    assert "another key" in refused.value.reason
