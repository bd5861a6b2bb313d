"""Pages to open from the disk: held to the letter, with everything in them that could go wrong."""

import os
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from exports.rows import MESSAGES, PLAN, row
from polyhost.exports import html, pages
from polyhost.exports.base import Plan, Row, RowFile, StreamPlan
from polyhost.exports.html import Html

GOLDENS = Path(__file__).parent / "goldens" / "html"
HOSTILE = "</p></style><script>alert('x')</script>&amp;\"<b a=b> {{ 7 * 7 }} {% raw %}\ud800 \u202eאב"
USERS = StreamPlan(name="users", title="People & co", description='Who "wrote"', columns={}, partitioned=False)
EVERYTHING = Plan(
    connection=f"work {HOSTILE}",
    streams=[MESSAGES, USERS, replace(MESSAGES, name="empty", title="Empty")],
    part=1,
    statement=["All of it is covered.", HOSTILE],
)


def said(number: int, text: str, **over: object) -> Row:
    month, day = (9, number) if number < 30 else (10, number - 29)
    at = f"2026-{month:02d}-{day:02d}T{number % 24:02d}:05:00.000Z"
    values: dict[str, object] = {"key": f"k{number}", "time": at, "body": [("text", text)] if text else []}
    return row(**{"data": {"text": text}} | values | over)


ROWS = [
    said(1, "Is the lamp lit?"),
    said(1, HOSTILE, key="k2", author=HOSTILE),
    said(2, "a head"),
    said(2, "a reply", member=True, deleted=True),
    said(35, "a late reply", member=True, time="2026-10-06T11:05:00.000Z"),
    said(2, "after the replies\nin two lines", current=False, deleted=True),
    said(3, "", author=None, name="A name", body=[("title", "A name"), ("files.0.name", "x" * 600), ("note", HOSTILE)]),
    said(4, "", author=None, data={"count": 3, "text": "", "nested": {"<a>": ["&"]}, "none": None}),
    said(31, "October"),
    said(32, "ends with a reply"),
    said(32, "indeed", member=True),
    said(5, "of another part", partition="C2", label=HOSTILE),
    said(5, "no date", partition="C2", label=HOSTILE, time=None, key="nodate"),
    said(6, "unnamed part", partition="C3", label=None),
    *(row({"n": n}, stream="users", partition=None, label=None, author=f"U{n}", time=None) for n in range(5)),
]


def written(folder: Path, plan: Plan, rows: list[Row], step: int = 1000) -> dict[str, str]:
    writer = Html(folder, plan)
    for start in range(0, len(rows), step):
        writer.add(rows[start : start + step])
    writer.finish()
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): without_style(path.read_text(encoding="utf-8")) for path in found}


def without_style(page: str) -> str:
    """How pages look is html.css; what is held here is what they say."""
    style = (Path(html.__file__).with_suffix(".css")).read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert page.count(f"<style>{style}</style>") == page.count(f"style-src 'sha256-{digest}'") == 1
    return page.replace(style, "").replace(digest, "")


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_pages_are_to_the_letter_what_they_were_whatever_comes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
):
    """POLYHOST_GOLDENS=write writes them anew; read the difference."""
    monkeypatch.setattr(pages, "PAGE_ROWS", 3)
    pages_now = written(tmp_path, EVERYTHING, ROWS, step)
    if os.environ.get("POLYHOST_GOLDENS") == "write":
        for name, page in pages_now.items():
            (GOLDENS / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDENS / name).write_text(page, encoding="utf-8")
    assert pages_now == {
        str(path.relative_to(GOLDENS)): path.read_text(encoding="utf-8") for path in GOLDENS.rglob("*.html")
    }


def test_an_export_of_nothing_is_a_page_that_says_so(tmp_path: Path):
    assert list(written(tmp_path, PLAN, [])) == ["index.html"]


def test_no_text_of_a_record_turns_what_follows_it_or_speaks_to_a_terminal(tmp_path: Path):
    text = "a\x00b\x1b[2J\u202ec\u2066d\u2028e\tf\ng"
    file = RowFile(1, text, None, None, "other", "refused", text, None, None)
    values: dict[str, Any] = {"author": text, "label": text, "key": text, "files": [file], "data": {text: text}}
    rows = [said(1, text, **values), said(2, "", **values | {"time": None})]
    for page in written(tmp_path, replace(PLAN, connection=text, statement=[text], with_files=True), rows).values():
        assert "a b [2J c d e f\ng" in page
        assert all(line.isprintable() for line in page.split("\n"))


def test_what_is_let_go_of_leaves_no_file_open(tmp_path: Path):
    writer = Html(tmp_path, PLAN)
    writer.add([said(1, "x")])
    writer.abandon()
    writer.abandon()
    with pytest.raises(FileNotFoundError):
        (tmp_path / "index.html").stat()
