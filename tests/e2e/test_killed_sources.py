"""RS-4.1, 4.2, 4.4, 4.5: sources as they are, changing, read by the real command and a real browser under kill -9.

The polyfill is what the guide prints (e2e/naive_site.py). tests/faults/test_killed_sources.py leaves moments to chance.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.command import CommandLine
from e2e.kills import kill_a_first_reading, let_a_source_change

pytestmark = pytest.mark.requirement("RS-4.1", "RS-4.2", "RS-4.4", "RS-4.5")


async def test_a_source_that_changes_under_runs_that_are_killed_is_stored_whole_and_never_claimed_unread(
    command: CommandLine, tmp_path: Path
) -> None:
    await let_a_source_change("any_order", command, tmp_path)


async def test_a_first_reading_of_many_pages_that_is_killed_goes_on_where_it_was(
    command: CommandLine, tmp_path: Path
) -> None:
    await kill_a_first_reading("in_order", command, tmp_path)
