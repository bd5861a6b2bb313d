"""Surfaces and judgements know no source: whatever a polyfill brings is shown by the same code (ours)."""

from pathlib import Path

import pytest

import polyhost
from checkout import ROOT

PACKAGE = Path(polyhost.__file__).parent
SOURCES = sorted(folder.parent.name for folder in (ROOT / "polyfills").glob("*/manifest.json"))
JUDGING = sorted(
    [*(PACKAGE / "coverage").glob("*.py"), *(PACKAGE / "ledger").glob("*.py"), *(PACKAGE / "protocol").glob("*.py")]
)
SHOWING = sorted((PACKAGE / "cli" / "render").glob("*.py"))


def _code(file: Path) -> str:
    """The file without its docstring, comments and examples: prose may speak of Slack."""
    lines = file.read_text(encoding="utf-8").split('"""')[::2]
    return "\n".join(line.split("#")[0] for part in lines for line in part.splitlines()).lower()


@pytest.mark.requirement("CH-2.6")
@pytest.mark.parametrize("file", [*JUDGING, *SHOWING], ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_source_is_named_in_code_that_judges_or_shows(file):
    assert SOURCES
    named = [source for source in SOURCES if f'"{source}"' in _code(file)]
    assert named == []
