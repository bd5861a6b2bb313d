"""A new polyfill is whole as it stands: every check, its own test, and its types (HO-6)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT
from polyhost.connectors.loading import load_connector_folder
from polyhost.engine.development.check_folder import check_folder
from polyhost.engine.development.report import Answer
from polyhost.engine.sessions.sign_in import check_tellable, session_signs
from polyhost.errors import RefusedError
from polyhost.operations.context import Context, nobody
from polyhost.operations.polyfills import NewPolyfillRequest, new

pytestmark = pytest.mark.requirement("HO-6")


async def make(folder: Path, name: str = "gulls") -> None:
    await new(Context(home=folder.parent / "home"), NewPolyfillRequest(name=name, to=str(folder)))


async def test_a_new_polyfill_passes_every_check_as_it_stands(tmp_path: Path):
    await make(tmp_path / "gulls")
    report = await check_folder(tmp_path / "gulls", [tmp_path / "gulls" / "fixtures" / "first"], answer=nobody)
    assert {check.name: check.found for check in report.checks if check.answer is not Answer.OK} == {
        "scope: one stream": "there is only one"
    }


async def test_its_first_test_passes_and_fails_once_the_script_is_wrong(tmp_path: Path):
    folder = tmp_path / "gulls"
    await make(folder)
    assert pytest_of(folder) == 0
    script = (folder / "polyfill.js").read_text()
    (folder / "polyfill.js").write_text(script.replace("note.id, data", "note.id + 1, data"))
    assert pytest_of(folder) == 1


def pytest_of(folder: Path) -> int:
    """Its author's pytest, which knows nothing of this project's own settings."""
    (folder.parent / "pytest.ini").write_text("[pytest]\n")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "polyhost.testing.plugin",
            "-c",
            str(folder.parent / "pytest.ini"),
            str(folder),
        ],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "host"), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        check=False,
    ).returncode


@pytest.mark.requirement("HO-4")
async def test_it_says_where_an_owner_is_in_and_where_out_so_that_connect_can_tell(tmp_path: Path):
    await make(tmp_path / "gulls")
    source = load_connector_folder(tmp_path / "gulls")
    signs = session_signs(source)
    assert source.manifest.polyfill is not None
    assert signs.why_not_in(source.manifest.polyfill.page) == ""
    assert "signed_out" in signs.why_not_in("https://gulls.example/signin")
    assert "no pattern of polyfill.session.signed_in" in signs.why_not_in("https://gulls.example/welcome")
    check_tellable(source)


async def test_its_types_are_those_of_the_sdk_and_its_recording_is_scrubbed(tmp_path: Path):
    folder = tmp_path / "gulls"
    await make(folder)
    assert (folder / "polyfill.d.ts").read_text() == (ROOT / "polyfills" / "sdk" / "polyfill.d.ts").read_text()
    assert json.loads((folder / "tsconfig.json").read_text())["files"] == ["polyfill.d.ts", "polyfill.js"]
    assert "Tide tables" not in (folder / "fixtures" / "first" / "recording.har").read_text()
    assert "@NAME@" not in "".join(file.read_text() for file in folder.iterdir() if file.is_file())


async def test_nothing_that_is_there_is_written_over_and_a_bad_name_is_refused(tmp_path: Path):
    (tmp_path / "gulls").mkdir()
    (tmp_path / "gulls" / "mine.txt").touch()
    with pytest.raises(RefusedError) as refused:
        await make(tmp_path / "gulls")
    assert refused.value.code == "folder_taken"
    with pytest.raises(RefusedError) as refused:
        await make(tmp_path / "other", name="../gulls")
    assert refused.value.code == "bad_name"
    assert not (tmp_path / "other").exists()
