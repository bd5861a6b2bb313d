"""An import whose process is killed: listed, and its receipt says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from checkout import ROOT
from importing import Importing
from polyhost.operations.receipts import ReceiptRequest, receipt

CHAT = "[13/09/2020, 12:26:40] Ada: hello\n[13/09/2020, 12:26:41] Bob: hello\n"


def killed_at_the_end(owner: Importing, file: Path) -> None:
    """The real command; it dies as it is about to write how the import went."""
    dying = [sys.executable, "-m", "e2e.dying", "polyhost.store.sqlite.runs:SqliteRuns.close", "1"]
    path = os.pathsep.join(str(ROOT / part) for part in ("host", "tests"))
    ended = subprocess.run(
        [*dying, "--home", str(owner.home), "import", owner.name, str(file)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr


async def test_a_killed_import_has_a_receipt_that_says_so(tmp_path: Path):
    owner = Importing(tmp_path / "home")
    file = tmp_path / "WhatsApp Chat with Ada.txt"
    file.write_text(CHAT, encoding="utf-8")
    killed_at_the_end(owner, file)
    [before] = await owner.receipts()
    done = await owner.run(file)
    newest, killed = await owner.receipts()
    assert newest["batch_id"] == done["receipt"]["batch_id"]
    assert {one["batch_id"] for one in await owner.records()} == {killed["batch_id"]}
    assert before["finished_at"] is None
    assert killed == {**before, "finished_at": killed["finished_at"]}
    assert (killed["status"], killed["method"], killed["trigger"]) == ("failed", "owner_artifact", "upload")
    assert killed["artifact"]["digest"] == newest["artifact"]["digest"]
    assert killed["completeness"] == {"claim": "unproven", "evidence": ["interrupted"]}
    assert killed["summary"].startswith("Interrupted: ")
    assert killed["advice"]["code"] == "import_again"
    assert (await receipt(owner.context(), ReceiptRequest(batch=killed["batch_id"]))).value == killed
