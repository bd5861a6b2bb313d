"""Markdown: what people wrote stays text, however many lines it has."""

from pathlib import Path

from exports.rows import PLAN, row
from polyhost.exports.markdown import Markdown


def lines(folder: Path, text: str) -> list[str]:
    writer = Markdown(folder, PLAN)
    writer.add([row(data={"text": text}, body=[("text", text)])])
    writer.finish()
    (page,) = (path for path in folder.rglob("*.md") if path.name != "index.md")
    return page.read_text(encoding="utf-8").splitlines()


def test_a_line_begins_no_list_and_no_heading(tmp_path: Path) -> None:
    found = lines(tmp_path, "+ a\n\n  - b\n\n\n===\n10. c\n1) d\n2 e")
    assert found[-9:] == ["\\+ a  ", "", "  \\- b  ", "", "", "\\===  ", "10\\. c  ", "1\\) d  ", "2 e  "]


def test_empty_lines_are_gone_through_once(tmp_path: Path) -> None:
    """A matcher that goes from each of them through all that follow would not end: the run itself is the proof."""
    assert lines(tmp_path, "\n" * 1_000_000 + "end")[-1] == "end  "
