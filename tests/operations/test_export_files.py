"""Exports with files beside them: whole, under safe names, pictures shown, and never anything that runs."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from operations.filing import HTML, PDF, SVG, attached, bring, png, post, refuse
from operations.shelf import Shelf
from polyhost.engine.files.rubbish import take_out_rubbish
from polyhost.errors import RefusedError
from polyhost.exports.base import RowFile
from polyhost.files.contents import Contents
from polyhost.ledger.files import FileReason, FileState
from polyhost.operations.export import ExportRequest, export

pytestmark = pytest.mark.requirement("SL-2")
HOSTILE = "\"><script>document.title='executed'</script><img src=x>](javascript:x) `#% ?.png"
FILES = {
    "F1": ("harbour.png", "image/png", png(1, width=64, height=48)),
    "F2": (HOSTILE, "image/png", png(2, width=64, height=48)),
    "F3": ("page.png", "image/png", HTML),
    "F4": ("drawing.svg", "image/svg+xml", SVG),
    "F5": ("plan.pdf", "application/pdf", PDF),
    "F6": ("harbour.png", "image/png", png(6, width=64, height=48)),
    "F7": ("../../../../etc/passwd", "image/png", png(7, width=64, height=48)),
    "F8": ("later.png", "image/png", None),
}


@pytest.fixture
async def shelf(home: Path) -> Shelf:
    made = Shelf(home)
    await made.connect()
    await made.label(C1="général")
    for number, (name, kind, _) in enumerate(FILES.values(), 1):
        await post(made, number, f"message {number}", attached(f"F{number}", name, kind))
    await post(made, 50, "again", attached("F1", "harbour.png"), attached("F5", "plan.pdf", "application/pdf"))
    await bring(made, {number: data for number, (*_, data) in FILES.items() if data is not None})
    await refuse(made, "F8", FileState.REFUSED, FileReason.NOT_ALLOWED)
    return made


async def exported(shelf: Shelf, folder: Path, form: str, **more: Any) -> Path:
    await export(shelf.context, ExportRequest(name="slack", format=form, to=str(folder), files=True, **more))
    return folder


def stands(folder: Path) -> dict[Path, tuple[int, int]]:
    """Everything there; an entry that comes or goes shows in its folder's time."""
    return {one: (one.stat().st_ino, one.stat().st_mtime_ns) for one in (folder, *folder.rglob("*"))}


def beside(folder: Path) -> list[bytes]:
    return sorted(one.read_bytes() for one in (folder / "files").rglob("*") if one.is_file())


HELD = sorted(data for *_, data in FILES.values() if data is not None)


@pytest.mark.parametrize("form", ["html", "markdown", "sqlite"])
async def test_every_file_that_is_here_lies_beside_it_once(shelf: Shelf, tmp_path: Path, form: str):
    folder = await exported(shelf, tmp_path / "out", form)
    assert beside(folder) == HELD
    assert (await exported(shelf, folder, form)) == folder
    assert beside(folder) == HELD


async def test_nothing_is_written_or_deleted_through_a_link_in_place_of_a_folder(shelf: Shelf, tmp_path: Path):
    """Somebody has moved the files away and put a link there."""
    folder, elsewhere = await exported(shelf, tmp_path / "out", "html"), tmp_path / "elsewhere"
    (folder / "files").rename(elsewhere)
    (folder / "files").symlink_to(elsewhere)
    before = stands(elsewhere)
    with pytest.raises(RefusedError, match="out/files is a link, not a folder"):
        await exported(shelf, folder, "html")
    assert stands(elsewhere) == before
    await export(shelf.context, ExportRequest(name="slack", format="html", to=str(folder)))
    assert stands(elsewhere) == before


async def test_a_file_is_no_folder_to_export_into(shelf: Shelf, tmp_path: Path):
    (tmp_path / "mine").write_bytes(b"mine")
    with pytest.raises(RefusedError, match="mine is a file, not a folder"):
        await exported(shelf, tmp_path / "mine", "html")


@pytest.mark.parametrize("form", ["html", "markdown", "sqlite"])
async def test_without_being_asked_no_file_is_put_there(shelf: Shelf, tmp_path: Path, form: str):
    await export(shelf.context, ExportRequest(name="slack", format=form, to=str(tmp_path / "out")))
    assert "files" not in {one.name for one in _entries(tmp_path / "out")}


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_formats_without_files_say_so(shelf: Shelf, tmp_path: Path):
    with pytest.raises(RefusedError, match="without files"):
        await exported(shelf, tmp_path / "out", "jsonl")


def pages_of(folder: Path, ending: str) -> list[Path]:
    return [one for one in folder.rglob(f"*.{ending}") if "files" not in one.relative_to(folder).parts]


async def test_markdown_leads_to_what_is_there_and_names_start_nothing(shelf: Shelf, tmp_path: Path):
    folder = await exported(shelf, tmp_path / "out", "markdown")
    (page,) = [one for one in pages_of(folder, "md") if one.name != "index.md"]
    text = page.read_text(encoding="utf-8")
    places = re.findall(r"\]\(<([^>]*)>\)", text)
    assert len(places) == 7
    assert all(_leads_into(folder, page, place) for place in places)
    assert "<script>" not in text
    assert "later.png: not here" in text.replace("\\", "")


def _leads_into(folder: Path, page: Path, place: str) -> bool:
    target = (page.parent / unquote(place)).resolve()
    return target.is_file() and target.is_relative_to((folder / "files").resolve())


@pytest.mark.parametrize(
    ("path", "kind", "opens"),
    [
        ("files/ab/a.pdf", "application/pdf", True),
        ("files/ab/a.HTML", "application/pdf", False),
        ("files/ab/a.svg", "image/png", False),
        ("files/ab/a", "text/html", False),
        ("files/ab/a.zip", "application/zip", True),
        (None, "application/zip", False),
    ],
)
def test_no_page_leads_to_what_a_browser_would_run_from_the_disk(path: str | None, kind: str, opens: bool):
    """By its name as much as by its bytes: from a disk, a browser goes by names."""
    assert RowFile(1, "x", kind, 3, "other", "here", None, "ab", path).opens is opens


async def test_sqlite_says_which_record_holds_which_file(shelf: Shelf, tmp_path: Path):
    folder = await exported(shelf, tmp_path / "out", "sqlite")
    with sqlite3.connect(folder / "slack.sqlite") as db:
        found = db.execute("SELECT name, type, state, path FROM files ORDER BY id").fetchall()
        held = db.execute(
            "SELECT messages.text, files.name FROM record_files JOIN files ON files.id = file_id "
            "JOIN messages USING (_key) WHERE messages.text = 'again' ORDER BY number"
        ).fetchall()
    assert [row[:3] for row in found][:1] == [("harbour.png", "image/png", "here")]
    assert ("later.png", "image/png", "refused", None) in found
    assert held == [("again", "harbour.png"), ("again", "plan.pdf")]
    assert {(folder / path).read_bytes() for *_, path in found if path is not None} == set(HELD)


async def test_a_file_that_was_taken_away_is_a_line_and_no_error(shelf: Shelf, tmp_path: Path):
    async with shelf.context.store() as store:
        row = await shelf.context.connection(store, "slack")
        page = await store.files.find(row.id)
        (lost,) = [one for one in page.files if one.facts.identity == "id:F5"]
        assert lost.facts.content is not None
        Contents(shelf.home).remove([lost.facts.content.digest])
        await take_out_rubbish(store, shelf.home)
    folder = await exported(shelf, tmp_path / "out", "markdown")
    assert len(beside(folder)) == len(HELD) - 1
