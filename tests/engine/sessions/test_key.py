"""Where the key of saved sessions is kept, and that no keyring can hold a run up (secrets at rest; ours)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from polyhost.engine.sessions import _key as module
from polyhost.engine.sessions._key import session_key
from polyhost.errors import RefusedError


class Memory(KeyringBackend):
    """A keyring that works."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


class Locked(Memory):
    """Nobody is there to unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(service)


class Silent(Memory):
    """Waits for a desktop that is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def set_password(self, service: str, username: str, password: str) -> None:
        self.released.wait()


class PlainText(Memory):
    """What keyring itself does not recommend."""

    priority = 0.5


@pytest.fixture
def home(home: Path) -> Path:
    (home / "sessions").mkdir(parents=True)
    return home


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_a_usable_keyring_keeps_the_key_and_nothing_of_it_is_in_the_home(home: Path) -> None:
    backend = Memory()
    keyring.set_keyring(backend)
    made = session_key(home, make=True)
    assert made.note is None
    assert session_key(home, make=False).material == made.material
    assert not (home / "session.key").exists()
    (kept,) = backend.kept.values()
    assert all(kept not in path.read_text() for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("backend", [fail.Keyring(), null.Keyring(), PlainText()], ids=["none", "null", "plain text"])
def test_without_a_usable_keyring_the_key_is_a_file_only_the_owner_reads_and_that_is_said_once(
    home: Path, backend: KeyringBackend
) -> None:
    keyring.set_keyring(backend)
    made = session_key(home, make=True)
    assert made.note is not None
    assert "session.key" in made.note
    assert (home / "session.key").stat().st_mode & 0o777 == 0o600
    again = session_key(home, make=True)
    assert (again.material, again.note) == (made.material, None)


def test_a_keyring_that_never_answers_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEYRING_SECONDS", 0.1)
    silent = Silent()
    keyring.set_keyring(silent)
    assert session_key(home, make=True).note is not None
    silent.released.set()


def test_a_keyring_that_is_locked_later_is_a_sentence_and_makes_no_second_key(home: Path) -> None:
    keyring.set_keyring(Memory())
    session_key(home, make=True)
    keyring.set_keyring(Locked())
    with pytest.raises(RefusedError) as refused:
        session_key(home, make=True)
    assert refused.value.code == "session_key_locked"
    assert not (home / "session.key").exists()


def test_a_key_file_stays_in_use_where_a_keyring_turns_up_later(home: Path) -> None:
    keyring.set_keyring(null.Keyring())
    made = session_key(home, make=True)
    keyring.set_keyring(Memory())
    assert session_key(home, make=True).material == made.material


def test_a_key_that_is_gone_is_not_replaced_when_something_has_to_be_opened(home: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        session_key(home, make=False)
    assert refused.value.code == "session_key_missing"


def test_a_damaged_key_file_is_a_sentence(home: Path) -> None:
    (home / "session.key").write_text("not a key")
    with pytest.raises(RefusedError) as refused:
        session_key(home, make=False)
    assert refused.value.code == "session_key_missing"
