"""What is kept is its owner's alone, whatever the umask and whoever made the folder (SE-6)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from polyhost.errors import ErrorCode, RefusedError
from polyhost.owner_only import keep_home, read_secret

pytestmark = pytest.mark.requirement("SE-6")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "there").mkdir()
    (tmp_path / "there").chmod(0o755)
    return tmp_path / "there"


@pytest.mark.parametrize("mark", ["store.db", "config.toml", "polyfills", "sessions", None])
def test_a_home_that_others_can_read_is_closed_to_them(folder: Path, mark: str | None) -> None:
    if mark is not None:
        (folder / mark).touch()
    if mark == "store.db":
        (folder / "export.zip").touch()
    keep_home(folder)
    assert mode(folder) == 0o700


def test_a_home_that_is_not_there_is_made_for_its_owner(tmp_path: Path) -> None:
    keep_home(tmp_path / "a" / "home")
    assert mode(tmp_path / "a" / "home") == 0o700


@pytest.mark.parametrize(
    ("mark", "bits"),
    [
        pytest.param(None, 0o755, id="pictures"),
        pytest.param("config.toml", 0o755, id="another program's settings"),
        pytest.param("store.db", 0o1777, id="where everybody writes"),
    ],
)
def test_a_folder_of_something_else_is_left_as_it_is_and_named(folder: Path, mark: str | None, bits: int) -> None:
    (folder / "holiday.jpg").touch()
    if mark is not None:
        (folder / mark).touch()
    folder.chmod(bits)
    with pytest.raises(RefusedError, match=str(folder)) as refused:
        keep_home(folder)
    assert refused.value.code == ErrorCode.HOME_READABLE
    assert mode(folder) == bits


def test_a_file_system_that_keeps_no_permissions_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    with pytest.raises(RefusedError, match="keeps no permissions"):
        keep_home(folder)


def a_link(path: Path) -> None:
    path.with_name("elsewhere").write_text("x" * 43)
    path.with_name("elsewhere").chmod(0o600)
    path.symlink_to(path.with_name("elsewhere"))


def a_readable_file(path: Path) -> None:
    path.write_text("x" * 43)
    path.chmod(0o640)


@pytest.mark.parametrize("make", [a_link, a_readable_file, os.mkfifo, Path.mkdir])
def test_a_secret_that_others_may_have_read_is_refused(tmp_path: Path, make: object) -> None:
    assert callable(make)
    path = tmp_path / "token"
    make(path)
    with pytest.raises(RefusedError, match="only its owner can read"):
        read_secret(path)


def test_a_secret_of_its_owner_is_read(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("kept")
    path.chmod(0o600)
    assert read_secret(path) == b"kept"


def test_a_secret_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_secret(tmp_path / "token")
