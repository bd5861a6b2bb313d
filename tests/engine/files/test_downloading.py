"""What a site says about one file, and what that means for how fast the others are asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from files.hostile_site import Site, file, head, says, serving
from polyhost.boot_clock import Moment
from polyhost.browser.governor import Gate, Governor
from polyhost.browser.launch import BrowserOptions
from polyhost.browser.site_access import SiteAccess
from polyhost.engine.clock import Clock
from polyhost.engine.files.downloading import ENDPOINT, Downloading
from polyhost.files.contents import Contents
from polyhost.ledger.files import FileReason, FileState
from polyhost.store.base import FileQuery, FileResult, Store
from store.conftest import make_home, store
from store.making import connect_and_open
from store.test_files import holding, put

__all__ = ["make_home", "store"]

pytestmark = pytest.mark.requirement("SL-2")

BEGINS = Governor().limits.initial_rate
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving(Site()) as running:
        yield running


class Fetching:
    """One file of this site, paced by a governor that nobody waits for."""

    def __init__(self, site: Site, store: Store, home: Path) -> None:
        self.site, self.store, self.home = site, store, home
        self.governor = Governor()
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def __call__(self) -> FileResult:
        place = f"http://127.0.0.1:{self.site.port}"
        connection = await connect_and_open(self.store)
        await put(self.store, connection.id, holding(1, {"id": "a", "url": f"{place}/f", "type": "image/png"}))
        (row,) = (await self.store.files.find(connection.id, FileQuery())).files
        into = Downloading(contents=Contents(self.home), store=self.store, connection_id=connection.id, clock=Clock())
        access = SiteAccess(
            options=BrowserOptions(allow_hosts=(place,)),
            gate=Gate(self.governor, clock=lambda: self.now, sleep=self.sleep),
            page=place,
            user_agent="",
            cookies=(),
        )
        async with into.open(access) as fetch:
            return await fetch(row, 1_000_000, lambda _: None)

    @property
    def rate(self) -> float:
        return self.governor.snapshot(Moment(0.0, "boot", self.now))["endpoints"][ENDPOINT]["rate"]


@pytest.fixture
def fetching(site: Site, store: Store, home: Path) -> Fetching:
    return Fetching(site, store, home)


async def test_a_server_that_fails_over_one_file_is_asked_again_and_others_no_more_slowly(fetching: Fetching):
    fetching.site.answers["/f"] = says(head("500 Broken", Content_Length=0))
    result = await fetching()
    assert (result.state, result.reason) == (FileState.TO_COME, FileReason.SERVER_ERROR)
    assert fetching.rate == BEGINS
    assert len(fetching.site.asked) == fetching.governor.limits.attempts == fetching.governor.meter.requests


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_server_that_asks_for_rest_is_asked_more_slowly(fetching: Fetching, status: str):
    fetching.site.answers["/f"] = says(head(status, Content_Length=0))
    assert (await fetching()).reason is FileReason.SERVER_ERROR
    assert fetching.rate < BEGINS


async def test_what_comes_makes_it_faster(fetching: Fetching):
    fetching.site.answers["/f"] = file(PICTURE)
    assert (await fetching()).state is FileState.HERE
    assert fetching.rate > BEGINS
