"""The reference pages say what the code says (ours)."""

import re
import subprocess
import sys
from pathlib import Path

from checkout import ROOT
from polyhost.protocol.diagnostics import DiagnosticCode


def test_the_reference_pages_are_what_the_code_says():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_table_of_faults_is_what_the_tests_assert():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "fault-table", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_at_least_sixty_faults_are_named():
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert int(re.findall(r"^(\d+) faults\.$", page, re.MULTILINE)[0]) >= 60


def test_every_diagnostic_code_is_explained(root: Path):
    page = (root / "docs" / "protocol.md").read_text(encoding="utf-8")
    table = page.partition("## Diagnostics")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)) == sorted(DiagnosticCode)
