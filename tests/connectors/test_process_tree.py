"""How many processes a run has, and what they hold (RS-1.7)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from polyhost.connectors.process_tree import ProcessTree, Usage, measure, new_mark

pytestmark = pytest.mark.requirement("RS-1.7")

MIB = 1024 * 1024
HOLDS = """import subprocess, sys
child = subprocess.Popen(["sleep", "60"], start_new_session=sys.argv[1] == "apart")
held = bytearray(b"x") * (64 * 1024 * 1024)
print("ready", flush=True)
sys.stdin.read()
child.kill()
"""


@pytest.mark.parametrize("how", ["beside", "apart"])
def test_a_process_counts_with_its_children_wherever_they_went(how: str):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        found = measure(process.pid)
        process.stdin.close()
    assert found.processes == 2
    assert 64 * MIB <= found.memory < 164 * MIB


def test_of_one_that_is_gone_nothing_is_told():
    process = subprocess.Popen(["true"])
    process.wait()
    assert measure(process.pid) == Usage(0, 0)


def test_what_is_gone_is_forgotten():
    """Its number may be somebody else's by now."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, "apart"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        tree = ProcessTree(process.pid, new_mark())
        assert len(tree.look()) == len(tree._seen) == 2
        process.stdin.close()
    assert (list(tree.look()), tree._seen) == ([], set())


def test_this_process_holds_something():
    assert measure(os.getpid()).memory > MIB
