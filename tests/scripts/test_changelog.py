"""The changelog is made of fragments, and of nothing else (ours)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the real script, settings and changelog, and no fragment yet."""
    for name in ("scripts/changelog", "newsfragments/template.md.jinja", "newsfragments/README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def changelog(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, project / "scripts" / "changelog", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write(project: Path, name: str, text: str) -> Path:
    path = project / "newsfragments" / name
    path.write_text(text, encoding="utf-8")
    return path


def test_fragments_become_the_section_of_a_version(project: Path):
    first = write(project, "boats.added.md", "Boats float.\nAlso in rain.\n")
    write(project, "anchors.fixed.md", "Anchors hold.\n")
    assert changelog(project, "7.8.9").returncode == 0
    head, _, section = (project / "CHANGELOG.md").read_text(encoding="utf-8").partition("## 7.8.9 (")
    listed = section.partition("\n")[2].partition("\n## 0.1.0")[0]
    assert listed == "\n### Added\n\n- Boats float.\n  Also in rain.\n\n### Fixed\n\n- Anchors hold.\n"
    assert "## Unreleased" in head
    assert not first.exists()


def test_what_is_not_released_is_shown_and_nothing_is_written(project: Path):
    fragment = write(project, "boats.added.md", "Boats float.\n")
    before = (project / "CHANGELOG.md").read_bytes()
    shown = changelog(project)
    assert shown.stdout.startswith("## Unreleased\n\n### Added\n\n- Boats float.\n")
    assert (fragment.exists(), (project / "CHANGELOG.md").read_bytes()) == (True, before)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("boats.md", "Boats float.", "newsfragments/boats.md is not a fragment's name"),
        ("boats.feature.md", "Boats float.", "newsfragments/boats.feature.md is not a fragment's name"),
        ("Boats.added.md", "Boats float.", "newsfragments/Boats.added.md is not a fragment's name"),
        ("boats.added.md", " \n", "newsfragments/boats.added.md is empty"),
        ("boats.added.md", "- Boats float.", "newsfragments/boats.added.md begins with '-'"),
    ],
)
def test_what_is_no_fragment_is_refused_before_anything_is_written(project: Path, name: str, text: str, told: str):
    write(project, name, text)
    before = (project / "CHANGELOG.md").read_bytes()
    for arguments in (["--check"], ["7.8.9"]):
        refused = changelog(project, *arguments)
        assert refused.returncode == 1
        assert told in refused.stderr
    assert (project / "CHANGELOG.md").read_bytes() == before


def test_a_change_written_into_the_changelog_by_hand_is_refused(project: Path):
    page = project / "CHANGELOG.md"
    page.write_text(page.read_text(encoding="utf-8").replace("## Unreleased\n", "## Unreleased\n\n- Boats float.\n"))
    refused = changelog(project, "--check")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "newsfragments/" in refused.stderr


def test_the_changelog_of_this_checkout_keeps_the_rules():
    kept = changelog(ROOT, "--check")
    assert (kept.returncode, kept.stderr) == (0, "")
