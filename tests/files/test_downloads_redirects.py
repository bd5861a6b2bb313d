"""Whom a fetch reaches, and what it tells each of them: over TLS, through the real proxy (SL-2)."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from files.hostile_site import PUBLIC, Names, Site, file, redirect, serving
from polyhost.files.access import FileAccess
from polyhost.files.contents import Contents
from polyhost.files.downloads import DownloadLimits, Downloads, Fetched, Wanted
from polyhost.ledger.files import FileReason, FileState
from polyhost.protocol.host_patterns import host_pattern
from polyhost.proxy import Attempt, Policy, Verdict

pytestmark = pytest.mark.requirement("SL-2")

DATA = b"\x89PNG\r\n\x1a\n" + bytes(5_000)
NAMES = {
    "files.example": PUBLIC,
    "cdn.files.example": PUBLIC,
    "signed.storage.example": PUBLIC,
    "elsewhere.example": PUBLIC,
    "home.example": "192.168.1.20",
    "cloud.example": "169.254.169.254",
    "self.example": "127.0.0.1",
}
HOSTS = ("files.example", "*.files.example", "signed.storage.example", "home.example", "cloud.example", "self.example")
COOKIES: list[dict[str, Any]] = [
    {"name": "all", "value": "1", "domain": ".files.example", "path": "/", "expires": -1, "secure": True},
    {"name": "own", "value": "2", "domain": "files.example", "path": "/", "expires": -1, "secure": True},
    {"name": "storage", "value": "3", "domain": "signed.storage.example", "path": "/", "expires": -1, "secure": True},
]
ACCESS = FileAccess(
    hosts=HOSTS,
    cookies=COOKIES,
    user_agent="Mozilla/5.0",
    referer="https://files.example/page",
    headers={"files.example": {"Authorization": "Bearer secret"}},
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def site(authority: trustme.CA) -> AsyncIterator[Site]:
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(serves)
    async with serving(Site(), serves) as running:
        yield running


@pytest.fixture
def heard() -> list[Attempt]:
    return []


@pytest.fixture
def fetcher(site: Site, authority: trustme.CA, home: Path, heard: list[Attempt]):
    async def fetched(address: str, *allow: str, private: tuple[str, ...] = ()) -> Fetched:
        trusts = ssl.create_default_context()
        authority.configure_trust(trusts)
        policy = Policy(allow=tuple(map(host_pattern, allow or HOSTS)), private=tuple(map(host_pattern, private)))
        limits = DownloadLimits(again_seconds=0)
        network = Names(site.port, NAMES)
        async with Downloads(
            Contents(home), ACCESS, policy, limits=limits, network=network, tls=trusts, heard=heard.append
        ) as downloads:
            return await downloads.fetch(Wanted(1, address, type="image/png"), 1_000_000)

    return fetched


def secrets(site: Site) -> list[tuple[str, str | None, str | None]]:
    """Who was told what."""
    return [(asked.host, asked.headers.get("cookie"), asked.headers.get("authorization")) for asked in site.asked]


async def test_a_signed_storage_host_is_told_its_own_and_nothing_else(fetcher, site: Site):
    site.answers["/f"] = redirect("https://signed.storage.example/s?sig=x")
    site.answers["/s"] = file(DATA)
    assert (await fetcher("https://files.example/f")).state is FileState.HERE
    assert secrets(site) == [
        ("files.example", "all=1; own=2", "Bearer secret"),
        ("signed.storage.example", "storage=3", None),
    ]
    assert [asked.headers.get("referer") for asked in site.asked] == [
        "https://files.example/page",
        "https://files.example/",
    ]
    assert {asked.headers["user-agent"] for asked in site.asked} == {"Mozilla/5.0"}


@pytest.mark.parametrize("status", ["301 x", "302 x", "303 x", "307 x", "308 x"])
async def test_a_name_below_is_told_what_is_for_all_names(fetcher, site: Site, status: str):
    site.answers["/f"] = redirect("//cdn.files.example/s", status)
    site.answers["/s"] = file(DATA)
    assert (await fetcher("https://files.example/f")).state is FileState.HERE
    assert secrets(site)[1] == ("cdn.files.example", "all=1", None)


async def test_a_redirect_elsewhere_is_not_followed(fetcher, site: Site, heard: list[Attempt]):
    site.answers["/f"] = redirect("https://elsewhere.example/f")
    assert await fetcher("https://files.example/f") == Fetched(FileState.REFUSED, FileReason.UNDECLARED_HOST)
    assert [asked.host for asked in site.asked] == ["files.example"]
    assert {attempt.host for attempt in heard} == {"files.example"}


@pytest.mark.parametrize("location", ["http://files.example/f", "http://signed.storage.example/s"])
async def test_encryption_is_never_left(fetcher, site: Site, location: str):
    site.answers["/f"] = redirect(location)
    assert await fetcher("https://files.example/f") == Fetched(FileState.REFUSED, FileReason.UNDECLARED_HOST)
    assert len(site.asked) == 1


@pytest.mark.parametrize("location", ["javascript:alert(1)", "file:///etc/passwd", "https://a:b@files.example/"])
async def test_a_redirect_to_no_address_is_refused(fetcher, site: Site, location: str):
    site.answers["/f"] = redirect(location)
    assert await fetcher("https://files.example/f") == Fetched(FileState.REFUSED, FileReason.BAD_ADDRESS)


async def test_five_redirects_are_followed_and_no_more(fetcher, site: Site):
    site.answers |= {f"/{number}": redirect(f"/{number - 1}") for number in range(1, 7)}
    site.answers["/0"] = file(DATA)
    assert (await fetcher("https://files.example/5")).state is FileState.HERE
    assert len(site.asked) == 6
    site.asked.clear()
    assert await fetcher("https://files.example/6") == Fetched(FileState.TO_COME, FileReason.NO_ANSWER)
    assert len(site.asked) == 6


async def test_an_undeclared_host_is_not_asked_at_all(fetcher, site: Site, heard: list[Attempt]):
    fetched = await fetcher("https://elsewhere.example/f")
    assert fetched == Fetched(FileState.REFUSED, FileReason.UNDECLARED_HOST)
    assert (site.asked, heard) == ([], [])


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_the_proxy_refuses_an_undeclared_host_on_its_own(fetcher, site: Site, heard: list[Attempt], scheme: str):
    """Also where the fetch itself would ask it."""
    fetched = await fetcher(f"{scheme}://signed.storage.example/f", "files.example")
    assert fetched == Fetched(FileState.REFUSED, FileReason.UNDECLARED_HOST)
    assert site.asked == []
    assert {attempt.verdict for attempt in heard} == {Verdict.UNDECLARED}


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", ["home.example", "cloud.example", "self.example"])
async def test_the_proxy_refuses_a_private_address_behind_a_declared_name(
    fetcher, site: Site, heard: list[Attempt], host: str, scheme: str
):
    fetched = await fetcher(f"{scheme}://{host}/f")
    assert fetched == Fetched(FileState.REFUSED, FileReason.UNDECLARED_HOST)
    assert site.asked == []
    assert {attempt.verdict for attempt in heard} == {Verdict.PRIVATE}


async def test_a_private_address_that_was_declared_is_reached(fetcher, site: Site):
    site.answers["/f"] = file(DATA)
    assert (await fetcher("https://home.example/f", private=("home.example",))).state is FileState.HERE


async def test_a_redirect_to_a_private_address_is_refused(fetcher, site: Site):
    site.answers["/f"] = redirect("https://cloud.example/latest/meta-data")
    assert await fetcher("https://files.example/f") == Fetched(FileState.REFUSED, FileReason.UNDECLARED_HOST)
    assert len(site.asked) == 1


async def test_a_name_without_an_address_is_to_come(fetcher, heard: list[Attempt]):
    assert await fetcher("https://gone.files.example/f") == Fetched(FileState.TO_COME, FileReason.NO_ANSWER)
    assert heard[0].verdict is Verdict.UNRESOLVED


async def test_a_server_that_nobody_vouches_for_is_not_told_anything(site: Site, home: Path):
    site.answers["/f"] = file(DATA)
    policy = Policy(allow=tuple(map(host_pattern, HOSTS)))
    limits = DownloadLimits(again_seconds=0)
    async with Downloads(Contents(home), ACCESS, policy, limits=limits, network=Names(site.port, NAMES)) as downloads:
        fetched = await downloads.fetch(Wanted(1, "https://files.example/f"), 1_000_000)
    assert fetched == Fetched(FileState.TO_COME, FileReason.NO_ANSWER)
    assert site.asked == []


@pytest.mark.requirement("RS-5")
@pytest.mark.parametrize(
    ("at", "is_here"),
    [("https://files.example", True), ("https://cdn.files.example", False)],
    ids=["there", "elsewhere"],
)
async def test_an_authority_of_the_owners_counts_at_its_hosts_alone(
    site: Site, authority: trustme.CA, home: Path, at: str, is_here: bool
) -> None:
    trusts = ssl.create_default_context()
    authority.configure_trust(trusts)
    site.answers["/f"] = file(DATA)
    policy = Policy(allow=tuple(map(host_pattern, HOSTS)))
    limits = DownloadLimits(again_seconds=0)
    network = Names(site.port, NAMES)
    own = (trusts, (at,))
    async with Downloads(Contents(home), ACCESS, policy, limits=limits, network=network, own_tls=own) as downloads:
        fetched = await downloads.fetch(Wanted(1, "https://files.example/f", type="image/png"), 1_000_000)
    assert (fetched.state is FileState.HERE, bool(site.asked)) == (is_here, is_here)
