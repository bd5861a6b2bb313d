"""Sources are remembered while their files are as they were, and no longer."""

import json
import os
from pathlib import Path

import pytest

from polyhost.engine.sources.lookup import find_source
from polyhost.errors import RefusedError


def write(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    stream = {
        "name": name,
        "primary_key": ["id"],
        "schema": {"type": "object", "properties": {"id": {"type": "string"}}},
    }
    about = {"protocol_version": "0.1.0", "connector_id": "urn:test:x", "version": "1", "display_name": "X"}
    manifest = about | {"stdio": {"command": ["true"]}, "streams": [stream]}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def streams(folder: Path, home: Path) -> list[str]:
    return [stream.name for stream in find_source(str(folder), home).manifest.streams]


def test_a_source_is_read_once_while_nothing_changes(tmp_path: Path):
    write(tmp_path / "x", "notes")
    assert find_source(str(tmp_path / "x"), tmp_path) is find_source(str(tmp_path / "x"), tmp_path)


def test_a_manifest_that_was_changed_is_read_again(tmp_path: Path):
    folder = tmp_path / "x"
    write(folder, "notes")
    assert streams(folder, tmp_path) == ["notes"]
    write(folder, "memos")
    os.utime(folder / "manifest.json", ns=(1, 1))  # of the same size, and whatever a file system's clock says
    assert streams(folder, tmp_path) == ["memos"]


def test_a_source_that_was_taken_away_is_refused(tmp_path: Path):
    folder = tmp_path / "x"
    write(folder, "notes")
    assert streams(folder, tmp_path) == ["notes"]
    (folder / "manifest.json").unlink()
    with pytest.raises(RefusedError):
        find_source(str(folder), tmp_path)
