"""The page for authors is true: its examples are taken out of it and checked (ours)."""

import re
from pathlib import Path

import pytest

from checkout import ROOT
from polyhost.engine.development.check_folder import check_folder
from polyhost.engine.development.conformance import BEHAVIOUR
from polyhost.engine.development.report import Answer
from polyhost.operations.context import nobody

PAGE = (ROOT / "docs" / "writing-a-polyfill.md").read_text(encoding="utf-8")


def example(name: str, folder: Path) -> Path:
    """Write the files that the page shows for this folder."""
    files = re.findall(rf"^`{name}/([\w.]+)`.*?^```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(files) == 2
    (folder / name).mkdir()
    for file, text in files:
        (folder / name / file).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.requirement("PR-4.6")
async def test_the_process_of_the_page_passes_every_check(tmp_path: Path):
    report = await check_folder(example("shelf", tmp_path), answer=nobody)
    failed = {check.name: check.found for check in report.checks if check.answer is not Answer.OK}
    assert failed == {"scope: one stream": "there is only one"}


async def test_the_page_of_the_page_is_right_as_far_as_it_can_be_checked_without_its_site(tmp_path: Path):
    report = await check_folder(example("gulls", tmp_path), answer=nobody)
    assert {check.name for check in report.checks if check.answer is Answer.OK} == {
        "manifest",
        "schemas",
        "files",
        "page",
    }


def test_every_check_is_explained():
    named = {name.partition(":")[0] for name in BEHAVIOUR} | {"manifest", "schemas", "files", "page", "recording"}
    table = PAGE.partition("| check |")[2].partition("\n\n")[0]
    assert [name for name in named if name not in table] == []


def test_only_what_the_sdk_offers_is_called():
    declared = (ROOT / "polyfills" / "sdk" / "polyfill.d.ts").read_text(encoding="utf-8")
    called = set(re.findall(r"host\.(\w+)\(", PAGE))
    assert {name for name in called if not re.search(rf"\b{name}(<\w+>)?\(", declared)} == set()
