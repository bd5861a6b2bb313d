"""Opening an archive: what all readings of it together may cost."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from artifacts.corpus import SOUND, archive
from polyhost.artifacts.base import UnreadableEntryError
from polyhost.artifacts.limits import MAX_READINGS, RATIO_FREE_BYTES
from polyhost.artifacts.opening import open_artifact


def test_an_entry_cannot_be_unpacked_without_end(tmp_path: Path):
    path = tmp_path / "export.zip"
    size = RATIO_FREE_BYTES // 2
    path.write_bytes(archive({**SOUND, "large.json": b" " * size}))
    with open_artifact(path) as artifact:
        large = next(entry for entry in artifact.entries if entry.name == "large.json")
        for _ in range(MAX_READINGS * RATIO_FREE_BYTES // size):
            assert len(artifact.read(large, size) or b"") == size
        with pytest.raises(UnreadableEntryError) as refused:
            artifact.read(large, size)
    assert refused.value.rule == "unpacked_too_often"


@pytest.mark.parametrize("before_the_end", [0, 1, 20, 30, 55])
def test_a_wide_end_that_is_said_to_reach_beyond_the_file_is_none(tmp_path: Path, before_the_end: int):
    """The locator of ZIP64 says where it is, and anything may stand there."""
    made = archive(SOUND)
    end = made.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end + 20 - before_the_end, 1)
    path = tmp_path / "export.zip"
    path.write_bytes(made[:end] + locator + made[end:])
    with open_artifact(path) as artifact:
        assert {entry.name for entry in artifact.entries} == {*SOUND}
