"""What people wrote and how they are called breaks no line, heading or terminal, in text and in Markdown."""

import re
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from exports.rows import row
from polyhost.exports.base import Plan, StreamPlan
from polyhost.exports.markdown import Markdown
from polyhost.exports.text import Text
from polyhost.foreign_text import clean, one_line, shown

TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
HOSTILE = st.text(
    st.sampled_from("aä \t\n\r\x00\x07\x0b\x0c\x1b[2J]0;\x7f\x85\x9b\u2028\u2029#->=*_`<&.1")
    | st.sampled_from(sorted(TURNING))
    | st.characters(),
    max_size=40,
)


def speaks(text: str) -> set[str]:
    """What of it a terminal obeys, or a reader is misled by."""
    controls = {char for char in text if unicodedata.category(char) == "Cc"} - {"\n"}
    return controls | (set(text) & TURNING) | (set(text) & {"\u2028", "\u2029"})


@given(HOSTILE)
def test_cleaned_text_has_its_lines_and_nothing_that_speaks(text: str):
    assert speaks(clean(text)) == set()
    assert clean(text).count("\n") == text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    assert "\n" not in one_line(text)


@pytest.mark.parametrize("writer", [Text, Markdown])
@given(name=HOSTILE, said=HOSTILE, label=HOSTILE, field=HOSTILE)
def test_no_export_of_text_says_more_than_it_shows(
    writer: type[Text | Markdown], name: str, said: str, label: str, field: str
):
    stream = StreamPlan(name="messages", title=field, description="", columns={}, partitioned=True)
    plan = Plan(connection="work", streams=[stream], part=1)
    with tempfile.TemporaryDirectory() as folder:
        made = writer(Path(folder), plan)
        made.add([row({"text": said}, author=name, label=label, body=[("text", said), (field, name + said)])])
        made.finish()
        texts = [path.read_text(encoding="utf-8") for path in Path(folder).rglob("*.*") if path.is_file()]
    assert len(texts) == 2
    assert [speaks(text) for text in texts] == [set(), set()]
    if writer is Markdown:
        headings = [line for text in texts for line in text.split("\n") if re.match(r" {0,3}#{1,6}( |$)", line)]
        assert len(headings) == 3, "the page's, the index's, the stream's"


def test_a_name_with_line_breaks_breaks_no_heading(tmp_path: Path):
    made = Markdown(tmp_path, Plan(connection="work", streams=[], part=1))
    made.add([row({"text": "x"}, author="A\n# B", label="one\r\n# two\u2028# three", body=[("text", "x")])])
    made.finish()
    [page] = [path for path in tmp_path.rglob("*.md") if path.name != "index.md"]
    lines = page.read_text(encoding="utf-8").split("\n")
    assert lines[0] == "# one \\# two \\# three · 2026-09"
    assert lines[2].startswith("**A \\# B** ")


def test_what_a_template_is_given_is_cleaned_where_it_is_text_and_no_markup():
    assert shown("a\u202eb") == "a b"
    assert shown(Markup("<b>\u202e</b>")) == Markup("<b>\u202e</b>")
    assert shown(5) == 5
    assert shown(None) is None
