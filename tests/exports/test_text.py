"""Plain text, line by line, with what could break a line or a terminal in it."""

from pathlib import Path

from exports.rows import PLAN, row
from polyhost.exports.base import Row
from polyhost.exports.text import Text


def written(folder: Path, *rows: Row) -> dict[str, list[str]]:
    writer = Text(folder, PLAN)
    writer.add(rows)
    writer.finish()
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8").splitlines() for path in found}


def said(text: str, **over: object) -> Row:
    return row(**{"data": {"text": text}, "body": [("text", text)]} | over)


def test_a_line_for_each_record_with_replies_below_their_head(tmp_path: Path):
    files = written(
        tmp_path,
        said("Is the lamp lit?"),
        said("Yes.", author="Bo", member=True, time="2026-10-01T08:00:00.000Z"),
        said("Good\nnight", deleted=True),
        said("Morning", time="2026-10-02T08:00:00.000Z"),
    )
    assert files["messages/0001-general/2026-09.txt"] == [
        "general, 2026-09",
        "",
        "2026-09-21 14:13  Ann: Is the lamp lit?",
        "    2026-10-01 08:00  Bo: Yes.",
        "2026-09-21 14:13  Ann (deleted): Good",
        "    night",
    ]
    assert files["messages/0001-general/2026-10.txt"][2:] == ["2026-10-02 08:00  Ann: Morning"]
    assert files["index.txt"] == [
        "work",
        "",
        "general (4)",
        "    messages/0001-general/2026-09.txt",
        "    messages/0001-general/2026-10.txt",
    ]


def test_no_text_of_a_record_starts_a_line_or_speaks_to_a_terminal(tmp_path: Path):
    hostile = "a\r2026-09-21 14:13  Ann: forged\x1b[2J\u202ebackwards\u2028c\td\udc80"
    files = written(tmp_path, said(hostile, author="A\nnn\x07", label="x\ny"))
    (name,) = (name for name in files if name.startswith("messages/"))
    assert all(line.isprintable() for lines in files.values() for line in lines)
    assert [line for line in files[name] if not line.startswith(" ")] == [
        "x y, 2026-09",
        "",
        "2026-09-21 14:13  A nn: a",
    ]


def test_a_record_without_a_text_or_a_time_shows_what_it_has(tmp_path: Path):
    files = written(tmp_path, row({"count": 3}, author=None, key="k9", time=None))
    assert files["messages/0001-general/no-date.txt"][2:] == ["----------------  k9", "    count: 3"]
