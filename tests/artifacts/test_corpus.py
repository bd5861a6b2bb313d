"""Every broken and hostile file there is a script for: none crashes, hangs, or stores what is not in it.

Provenance: the requirement that owners' files are untrusted input. Each case is bounded by the suite's time-out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from artifacts.corpus import CORPUS, TRUE, Case
from importing import Importing
from polyhost.errors import PolyhostError, RefusedError


def test_there_are_enough_of_them():
    assert len(CORPUS) >= 60
    assert len({case.name for case in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
async def test_a_bad_file_comes_to_a_clear_end(case: Case, tmp_path: Path):
    folder = tmp_path / "given"
    folder.mkdir()
    file = folder / case.file
    file.write_bytes(case.make())
    owner = Importing(tmp_path / "home")
    if case.refused:
        with pytest.raises(RefusedError) as refused:
            await owner.run(file)
        _is_a_sentence(refused.value)
        return
    preview = await owner.run(file, preview=True)
    result = await owner.run(file)
    assert result["receipt"]["counts"] == preview["receipt"]["counts"]
    if case.file == "export.zip":
        found = {one["data"]["ts"] for one in await owner.records()} if result["streams"]["messages"]["new"] else set()
        assert found <= TRUE
        assert case.stored is None or len(found) == case.stored
    assert result["status"] in {"complete", "complete_with_gaps"}
    assert case.gap is None or case.gap in str(result["diagnostics"])
    assert _names(folder) == {case.file}, "nothing is unpacked"
    assert _names(tmp_path) == {"given", "home"}


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _is_a_sentence(error: PolyhostError) -> None:
    assert error.reason
    assert "\n" not in str(error)
    assert len(str(error)) < 400
