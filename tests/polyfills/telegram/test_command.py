"""An export of Telegram through the real command: previewed, imported, imported again.

Provenance: the requirements' clauses named below.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.command import CommandLine
from polyfills.telegram.writer import NOT_INCLUDED, account, chat, message, write


@pytest.mark.requirement("CH-2.1", "CH-2.2", "CH-1.4")
async def test_the_command_previews_imports_and_says_what_was_known(tmp_path: Path, home: Path):
    command = CommandLine(home=home, folder=tmp_path)
    said = [message(1), message(2, "", photo=NOT_INCLUDED), message(3, at=1_600_000_060)]
    export = str(write(account([chat(said)]), tmp_path / "result.json"))
    preview = await command("import", "tg", export, "--preview", "--json")
    done = await command("import", "tg", export, "--json")
    again = await command("import", "tg", export, "--json")
    assert (preview.exit_code, done.exit_code, again.exit_code) == (3, 3, 3), "a photo that is not in it is a gap"
    assert preview.value["receipt"]["batch_id"] != done.value["receipt"]["batch_id"]
    assert preview.value["receipt"]["counts"] == done.value["receipt"]["counts"]
    assert done.value["receipt"]["counts"]["accepted"] == 5
    assert again.value["receipt"]["summary"].startswith("Nothing new: this very file")
    found = await command("records", "tg", "messages", "--json")
    assert [one["data"]["text"] for one in found.value["records"]] == ["hello", "", "hello"]


async def test_the_command_says_how_to_export_instead_of_web_pages(tmp_path: Path, home: Path):
    command = CommandLine(home=home, folder=tmp_path)
    (tmp_path / "messages.html").write_text("<!DOCTYPE html><title>Exported Data</title>", encoding="utf-8")
    refused = await command("import", "tg", str(tmp_path / "messages.html"))
    assert refused.exit_code == 2
    assert "Machine-readable JSON" in refused.stderr
