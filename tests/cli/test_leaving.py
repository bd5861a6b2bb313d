"""A process that is to leave does, whatever holds it. A real one, as it ends itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from checkout import ROOT

pytestmark = pytest.mark.requirement("RS-2")

HANGS = """
from polyhost.cli.leaving import leave_within
leave_within(0.1)
while True:
    pass
"""


def test_a_process_whose_event_loop_hangs_leaves_all_the_same():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "host")}
    ended = subprocess.run([sys.executable, "-c", HANGS], env=environment, timeout=60, check=False)
    assert ended.returncode == 130
