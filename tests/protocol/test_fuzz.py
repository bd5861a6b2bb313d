"""A short run of the fuzzer; the long one is scripts/fuzz-protocol with --lines 1000000 (docs/benchmarks.md)."""

import subprocess
import sys

import pytest


@pytest.mark.requirement("PR-4.5")
@pytest.mark.parametrize("seed", ["1", "2"])
def test_no_hostile_line_is_accepted(root, seed):
    script = root / "scripts" / "fuzz-protocol"
    found = subprocess.run(
        [sys.executable, script, "--lines", "1500", "--seed", seed], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 accepted" in found.stdout
