"""Whatever a source calls a file, the name on the owner's disk is safe there, and its own (SL-2)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.files.names import MAX_NAME_BYTES, FolderNames, safe_name

pytestmark = pytest.mark.requirement("SL-2")


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("photo.png", "photo.png"),
        ("Größe – ein Plan (2).pdf", "Größe – ein Plan (2).pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\evil.exe", "evil.exe"),
        ("a/..", "file"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        (None, "file"),
        ("  \t ", "file"),
        ("a\x00b\r\nc\x1b[31m.txt", "abc[31m.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u2066b\u200f\ufeff.txt", "ab.txt"),
        ("a\ud800.txt", "a.txt"),
        ("what? <this>|that*.txt", "what_ _this__that_.txt"),
        ("stream:ads", "stream_ads"),
        (".bashrc", "_.bashrc"),
        ("-rf", "_-rf"),
        ("--help.txt", "_--help.txt"),
        ("trailing. . .", "trailing"),
        ("CON", "_CON"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("com1 .txt", "_com1 .txt"),
        ("lpt².txt", "_lpt².txt"),
        ("console.txt", "console.txt"),
        ("nully", "nully"),
        ("e\u0301.png", "\u00e9.png"),
    ],
)
def test_a_name_is_made_safe(written: str | None, safe: str):
    assert safe_name(written) == safe


@pytest.mark.parametrize("written", ["a" * 300 + ".jpeg", "ä" * 200 + ".jpeg", "👩‍👩‍👧" * 60 + ".jpeg"])
def test_a_long_name_keeps_its_suffix(written: str):
    name = safe_name(written)
    assert MAX_NAME_BYTES - 12 < len(name.encode()) <= MAX_NAME_BYTES
    assert name.endswith(".jpeg")


def test_a_long_name_without_a_suffix_is_cut():
    assert safe_name("b." + "a" * 300) == ("b." + "a" * 300)[:255]


@given(st.text(alphabet=st.characters(), max_size=400))
def test_no_text_at_all_makes_a_name_that_is_not_safe(written: str):
    name = safe_name(written)
    assert 0 < len(name.encode()) <= MAX_NAME_BYTES
    assert not set(name) & set('/\\<>:"|?*\0')
    assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in name)
    assert not name.startswith(".")
    assert name == name.strip()
    assert not name.endswith(".")
    assert safe_name(name) == name


def test_names_of_a_folder_differ_also_where_capitals_do_not_count():
    names = FolderNames()
    taken = [names.take(written) for written in ("a.png", "A.PNG", "a.png", "a (2).png", "b/a.png", "\uff41.png")]
    assert taken == ["a.png", "A (2).PNG", "a (3).png", "a (2) (2).png", "a (4).png", "\uff41 (5).png"]


def test_thousands_of_files_of_one_name_have_names_of_their_own():
    names = FolderNames()
    taken = {names.take("x" * 300 + ".jpg").casefold() for _ in range(2_000)}
    assert len(taken) == 2_000
    assert all(len(name.encode()) <= MAX_NAME_BYTES and name.endswith(".jpg") for name in taken)
