"""The folder of a run that files are handed over in: what is read out of it, and that it goes (SL-2)."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT
from polyhost.files import spool as spool_module
from polyhost.files.contents import Contents
from polyhost.files.partial import Origin, Partial
from polyhost.files.spool import Spool, sweep_spools

pytestmark = pytest.mark.requirement("SL-2")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path)
    spool.open()
    return spool


@pytest.fixture
def partial(tmp_path: Path) -> Partial:
    partial = Contents(tmp_path).partial("one")
    partial.begin(Origin.of(""))
    return partial


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_it_is_its_owners_alone_and_gone_with_all_that_is_in_it(tmp_path: Path):
    before = os.umask(0)
    try:
        spool = Spool(tmp_path)
        assert not (tmp_path / "files").exists()
        spool.open()
    finally:
        os.umask(before)
    assert [mode(tmp_path / one) for one in ("files", "files/spool", f"files/spool/{spool.folder.name}")] == [0o700] * 3
    (spool.folder / "deep").mkdir()
    (spool.folder / "deep" / "file").write_bytes(b"x")
    spool.close()
    spool.close()
    assert list((tmp_path / "files" / "spool").iterdir()) == []


def test_a_whole_file_is_copied_with_its_digest(spool: Spool, partial: Partial):
    data = os.urandom((1 << 20) + 5)
    (spool.folder / "a.json").write_bytes(data)
    assert spool.copy("a.json", len(data), partial) is True
    assert partial.digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(("size", "expected"), [(3, True), (2, False), (4, False), (1 << 30, False)])
def test_no_more_than_was_said_is_read(spool: Spool, partial: Partial, size: int, expected: bool):
    (spool.folder / "a").write_bytes(b"abc")
    assert spool.copy("a", size, partial) is expected
    assert partial.size <= min(size, 3)


def test_an_endless_one_is_read_as_far_as_was_said(spool: Spool, partial: Partial):
    with (spool.folder / "a").open("wb") as file:
        file.truncate(1 << 40)
    assert spool.copy("a", 10, partial) is False
    assert partial.size <= 10


@pytest.mark.parametrize("name", ["", "..", ".x", "../a", "a/b", "/etc/passwd", "a\n", "a\0b", "none"])
def test_what_is_no_name_there_is_no_file(spool: Spool, partial: Partial, name: str):
    (spool.folder.parent / "a").write_bytes(b"abc")
    assert spool.copy(name, 3, partial) is None
    spool.drop(name)
    assert (spool.folder.parent / "a").exists()


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "dangling"])
def test_only_a_plain_file_is_read(spool: Spool, partial: Partial, tmp_path: Path, kind: str):
    place = spool.folder / "a"
    (tmp_path / "b").write_bytes(b"abc")
    makes = {
        "link": lambda: place.symlink_to(tmp_path / "b"),
        "dangling": lambda: place.symlink_to(tmp_path / "nowhere"),
        "folder": place.mkdir,
        "pipe": lambda: os.mkfifo(place),
    }
    makes[kind]()
    assert spool.copy("a", 3, partial) is None
    spool.drop("a")
    assert (tmp_path / "b").read_bytes() == b"abc"


def test_after_it_is_closed_nothing_is_read(spool: Spool, partial: Partial):
    (spool.folder / "a").write_bytes(b"abc")
    spool.close()
    assert spool.copy("a", 3, partial) is None
    spool.drop("a")


def test_what_was_taken_is_dropped(spool: Spool):
    (spool.folder / "a").write_bytes(b"abc")
    spool.drop("a")
    assert list(spool.folder.iterdir()) == []


KILLED = """
import os, sys
from pathlib import Path
from polyhost.files.spool import Spool
spool = Spool(Path(sys.argv[1]))
spool.open()
(spool.folder / "a").write_bytes(b"abc")
os.kill(os.getpid(), 9)
"""


def test_that_of_a_killed_run_goes_with_the_next_and_one_in_use_stays(tmp_path: Path, spool: Spool):
    (spool.folder / "a").write_bytes(b"abc")
    killed = [sys.executable, "-c", KILLED, str(tmp_path)]
    subprocess.run(killed, env={**os.environ, "PYTHONPATH": str(ROOT / "host")}, check=False)
    assert len(list((tmp_path / "files" / "spool").iterdir())) == 2
    other = Spool(tmp_path)
    other.open()
    assert {one.name for one in (tmp_path / "files" / "spool").iterdir()} == {spool.folder.name, other.folder.name}
    assert (spool.folder / "a").exists()
    sweep_spools(tmp_path)
    assert (spool.folder / "a").exists()
    for one in (spool, other):
        one.close()
    sweep_spools(tmp_path / "none")


def test_what_is_no_folder_there_is_left_alone(tmp_path: Path, spool: Spool):
    stray = tmp_path / "files" / "spool" / "stray"
    stray.symlink_to(tmp_path)
    Spool(tmp_path).open()
    assert stray.is_symlink()
    assert tmp_path.exists()


@pytest.mark.parametrize("where", ["open", "flock"])
def test_where_it_cannot_be_held_that_is_an_error_and_no_endless_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    """A file system without locks, or no descriptor left."""

    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(spool_module.os if where == "open" else spool_module.fcntl, where, refuse)
    with pytest.raises(OSError, match="No locks"):
        Spool(tmp_path).open()
