"""Pages and their scripts know no source: whatever a polyfill brings is shown by the same templates (ours)."""

from pathlib import Path

import pytest

import polyhost
from checkout import ROOT

PACKAGE = Path(polyhost.__file__).parent
SOURCES = sorted(folder.parent.name for folder in (ROOT / "polyfills").glob("*/manifest.json"))
SHOWING = sorted(
    file
    for folder in ("web", "api")
    for file in (PACKAGE / folder).rglob("*")
    if file.suffix in {".py", ".html", ".js", ".css"}
)


@pytest.mark.requirement("CH-2.6")
@pytest.mark.parametrize("file", SHOWING, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_source_is_named(file: Path):
    assert SOURCES
    text = file.read_text(encoding="utf-8").lower()
    assert [source for source in SOURCES if source in text] == []
