"""Traces as files: which are kept. From the docstrings of engine/run/tracing.py."""

import os
from pathlib import Path

import pytest

from polyhost.engine.run.tracing import KEPT_TRACES, Trace


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("moved", [0, 2 * 365 * 86_400, -2 * 365 * 86_400])
def test_the_last_traces_are_kept_wherever_the_clock_stood_when_earlier_ones_were_written(tmp_path: Path, moved: int):
    """`moved`: seconds that it was off for those. Ids begin with the time, as that clock told it."""
    first = "7" if moved > 0 else "0"
    for number in range(KEPT_TRACES):
        path = Trace().save(tmp_path, f"run_{first}{number:03}")
        at = path.stat().st_mtime_ns + moved * 1_000_000_000
        os.utime(path, ns=(at, at))
    for number in range(3):
        Trace().save(tmp_path, f"run_5{number:03}")
    earlier = [f"run_{first}{number:03}.jsonl" for number in range(3, KEPT_TRACES)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*earlier, *[f"run_5{n:03}.jsonl" for n in range(3)]]
    )
