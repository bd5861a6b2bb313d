"""A hand-over of files whose process is killed, at any of its steps: no half file, and the next import goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from importing import Importing
from media_artifacts import digest, import_command, kept, write_chat

pytestmark = pytest.mark.requirement("SL-2")

MEDIA = {"a.bin": b"\0a", "b.bin": os.urandom(3 << 20), "c.bin": b"\0a", "d.bin": os.urandom(70_000)}
STEPS = (
    ("polyhost.engine.imports._hand_over:HandOver.run", 1),
    ("polyhost.files.partial:Partial.write", 3),
    ("polyhost.files.partial:Partial.keep", 2),
    ("polyhost.files.contents:Contents._place", 2),
    ("polyhost.files.contents:sync_folder", 5),
    ("polyhost.store.sqlite.files:SqliteFiles.save", 1),
    ("polyhost.files.contents:Contents._place", 4),
    ("polyhost.files.contents:Contents.keep", 1),
    ("polyhost.store.sqlite.runs:SqliteRuns.close", 1),
)


@pytest.mark.parametrize(("step", "number"), STEPS)
async def test_a_killed_hand_over_leaves_no_half_file_and_is_gone_on_with(tmp_path: Path, step: str, number: int):
    owner = Importing(tmp_path / "home")
    file = write_chat(tmp_path / "WhatsApp Chat with Ada.zip", MEDIA)
    assert import_command(owner.home, file, dying=(step, number))[0] == -9
    assert all(name == digest(content) for name, content in kept(owner.home).items())
    done = await owner.run(file, files=True)
    assert done["receipt"]["gaps"] == []
    assert done["receipt"]["files"]["known"]["here"] == len(MEDIA)
    assert kept(owner.home) == {digest(content): content for content in MEDIA.values()}
