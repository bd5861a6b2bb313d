"""Every row of the table in docs/reliability.md that befalls the browser: its cost, its name, its healing."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from e2e.conftest import _browser, newcomer, slack
from e2e.owner import BROWSER, Owner
from e2e.truth import difference
from faults.slack.browser_catalog import ROWS, BrowserRow
from faults.words import Cost
from polyhost.browser.governor import Governor, GovernorLimits
from polyhost.engine.sources import connectors as sources

__all__ = ["_browser", "newcomer", "slack"]

pytestmark = pytest.mark.requirement("RS-1.7", "PR-2.6")
PATIENT = GovernorLimits(initial_rate=1_000.0, maximum_rate=1_000.0, backoff_base=0.01)
CALLS_BEFORE = 3
"""Pages of history that are read before it befalls."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_it_costs_that_is_called_that_and_heals(
    row: BrowserRow, newcomer: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "Governor", partial(Governor, limits=PATIENT))
    (newcomer.home / "config.toml").write_text("[bounds]\npopups = 5\n", encoding="utf-8")
    gate = newcomer.slack.faults.hold("conversations.history", after=CALLS_BEFORE)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(newcomer.run())
        await gate.reached.wait()
        assert BROWSER.browser is not None
        await row.befalls(BROWSER.browser)
        if row.exit == 0:  # else what befell it ends the run while it waits
            gate.release()
        ran = await running
    gate.release()
    codes = ran.codes | {ran.value.get("error", {}).get("code")} - {None}
    assert ran.exit_code == row.exit
    assert row.codes <= codes
    assert row.exit != 0 or codes == row.codes
    assert bool(await difference(newcomer)) == (row.cost is not Cost.NOTHING)
    healed = await newcomer.run()
    assert (healed.status, healed.value["exceptions"], await difference(newcomer)) == ("complete", [], {})
