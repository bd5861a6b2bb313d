"""The docs hold together: every link leads somewhere, every page is in the index, every code that is named exists."""

import re
from pathlib import Path

import pytest

from checkout import ROOT
from polyhost.errors.codes import ErrorCode
from polyhost.protocol.diagnostics import DiagnosticCode, RunStatus

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("polyfills/*/*.md")])
_LINK = re.compile(r"(?<!\\)\[[^\]\n]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings."""
    titles = _HEADING.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def broken(page: Path) -> list[str]:
    found: list[str] = []
    for link in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path):
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(
        "# One\n[a](page.md#one) [b](page.md#two) [c](gone.md) [d](https://example.org/x)\n", encoding="utf-8"
    )
    assert broken(page) == ["page.md#two", "gone.md"]


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    missing = [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index]
    assert missing == ["README.md"]


def test_troubleshooting_names_codes_that_exist():
    named = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8"))
    known = {str(code) for code in (*ErrorCode, *DiagnosticCode, *RunStatus)}
    assert [code for code in named if code not in known] == []
    assert len(named) >= 8
