"""The pytest plugin for polyfill authors: `replay_polyfill` replays a scenario in a real browser, offline.

    def test_my_polyfill(replay_polyfill):
        replayed = replay_polyfill("polyfills/mysite", "fixtures/mysite/small")
        assert replayed.result["status"] == "complete"
        assert replayed.records == replayed.expected

Must not know: any one polyfill. Imports stay light: pytest loads this wherever polyhost is installed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from polyhost.testing.replaying import Replayed

__all__ = ["replay_polyfill"]


@pytest.fixture
def replay_polyfill(tmp_path: Path) -> Callable[[str | Path, str | Path], Replayed]:
    """Replay (polyfill folder, scenario folder); again in one test, it is the next run of the same connection."""

    def replay_once(polyfill: str | Path, scenario: str | Path) -> Replayed:
        from polyhost.testing.replaying import replay  # noqa: PLC0415  the browser and the store, only where used

        return asyncio.run(replay(Path(polyfill), Path(scenario), home=tmp_path / "polyhost"))

    return replay_once
