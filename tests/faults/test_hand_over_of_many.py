"""Two thousand files of an artifact, of 1 B to 200 MB, and ten thousand tiny ones, handed over with kills in between:
all of them, each once and whole, in memory that does not grow with them. Takes some 1.2 GB of disk while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from importing import Importing
from media_artifacts import import_command, kept_digests, leftovers, write_many

pytestmark = [pytest.mark.requirement("SL-2"), pytest.mark.timeout(1_800)]

MiB = 1 << 20
SIZES = [
    1,
    *(1 + number * 7919 % 65_536 for number in range(1_900)),
    *(65_536 + number * 104_729 % MiB for number in range(90)),
    *(20 * MiB + number for number in range(8)),
    200 * MiB,
]
KILLS = (
    ("polyhost.files.partial:Partial.write", 300),
    ("polyhost.store.sqlite.files:SqliteFiles.save", 20),
    ("polyhost.files.partial:Partial.keep", 400),
    ("polyhost.files.partial:Partial.write", 900),
)
MAY_GROW_MIB = 48
"""Over what an import of one small file takes: pieces of a file on their way, and what was looked up at a time."""


TINY = [1 + number * 7_919 % 2_000 for number in range(10_000)]
KILLS_OF_TINY = (
    ("polyhost.files.partial:Partial.write", 700),
    ("polyhost.files.contents:Contents._place", 1_010),
    ("polyhost.store.sqlite.files:SqliteFiles.save", 60),
    ("polyhost.files.contents:sync_folder", 900),
)


@pytest.mark.parametrize(("sizes", "kills"), [(SIZES, KILLS), (TINY, KILLS_OF_TINY)], ids=["of all sizes", "tiny"])
async def test_thousands_of_files_come_whole_in_flat_memory(
    tmp_path: Path, sizes: Sequence[int], kills: Sequence[tuple[str, int]]
):
    small = tmp_path / "WhatsApp Chat with Bob.zip"
    write_many(small, [1])
    _, least = import_command(tmp_path / "small", small)
    file = tmp_path / "WhatsApp Chat with Ada.zip"
    digests = write_many(file, sizes)
    owner = Importing(tmp_path / "home")
    for kill in kills:
        assert import_command(owner.home, file, dying=kill)[0] == -9
        assert kept_digests(owner.home) <= set(digests)
    status, most = import_command(owner.home, file)
    assert status == 0
    assert most - least < MAY_GROW_MIB, (most, least)
    assert kept_digests(owner.home) == set(digests)
    done = await owner.run(file, files=True)
    assert done["receipt"]["files"]["known"]["here"] == len(sizes)
    assert done["receipt"]["files"]["known"]["bytes"] == sum(sizes)
    assert done["receipt"]["files"]["taken"] == 0
    assert [name for name in leftovers(owner.home) if name.endswith(".json")] == []
