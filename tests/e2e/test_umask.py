"""What commands write is their owner's alone, whatever the umask they are started under (SE-6)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from checkout import ROOT

pytestmark = pytest.mark.requirement("SE-6")


def polyhost(home: Path, *words: str, folder: Path) -> str:
    """A real command, under a umask that keeps nothing from anybody."""
    command = [sys.executable, "-m", "polyhost", "--home", str(home), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, umask=0, timeout=100, check=True)
    return done.stdout


def open_to_others(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        yield from (
            path for path in (place, *place.rglob("*")) if not path.is_symlink() and path.stat().st_mode & 0o077
        )


def test_no_umask_opens_what_commands_write(tmp_path: Path) -> None:
    home = tmp_path / "home"
    polyhost(home, "demo", folder=tmp_path)
    for form in ("jsonl", "csv", "sqlite", "html", "markdown", "text"):
        polyhost(home, "export", "slack", "--format", form, "--to", f"out/{form}", folder=tmp_path)
    assert (tmp_path / "out" / "html").is_dir()
    assert [*open_to_others([home, tmp_path / "out"])] == []


def test_no_umask_opens_recordings_and_traces(tmp_path: Path) -> None:
    home, given = tmp_path / "home", tmp_path / "given"
    shutil.copytree(ROOT / "fixtures" / "slack" / "small", given)
    polyhost(home, "fixture", "scrub", "slack", str(given), "--to-folder", "made/clean", folder=tmp_path)
    polyhost(home, "run", "slack", "--replay", "made/clean", "--trace", "made/traces", folder=tmp_path)
    assert [path.is_file() for path in (tmp_path / "made" / "traces").iterdir()] == [True]
    assert {path.name for path in (tmp_path / "made" / "clean").iterdir()} >= {"recording.har", "storage_state.json"}
    assert [*open_to_others([home, tmp_path / "made"])] == []
