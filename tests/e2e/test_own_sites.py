"""Sites that their owners host: connected by their addresses, each connection bound to its own (RS-5).

Two of them run, under two ports and one under a path; everything but the sites is real.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from e2e.command import UNSEEN
from e2e.own_sites import NAMING, OwnSite, serve_own, write_notebook
from polyhost.engine.sessions.saved import load_session
from polyhost.errors import PolyhostError, RefusedError
from polyhost.operations.connect import ConnectRequest, connect
from polyhost.operations.connections import ConnectionsRequest, connections
from polyhost.operations.context import Context
from polyhost.operations.hosts import HostsRequest, hosts
from polyhost.operations.records import RecordsRequest, records
from polyhost.operations.runs import RunRequest, run
from polyhost.operations.status import StatusRequest, status

pytestmark = pytest.mark.requirement("RS-5")


@pytest.fixture
async def ours() -> AsyncIterator[OwnSite]:
    people = {"mina-ours": "mina"}
    async with serve_own(OwnSite("/wiki", people, [{"id": "1", "text": "ours"}, {"id": "2", "text": "more"}])) as site:
        yield site


@pytest.fixture
async def theirs() -> AsyncIterator[OwnSite]:
    async with serve_own(OwnSite("", {"mina-theirs": "m.k."}, [{"id": "1", "text": "theirs"}])) as site:
        yield site


@pytest.fixture
def context(home: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    for name, value in UNSEEN.items():
        monkeypatch.setenv(name, value)
    write_notebook(home)
    return Context(home=home)


async def connected(context: Context, own: OwnSite, cookie: str, name: str, **options: Any) -> dict[str, Any]:
    state = own.state_file(context.home.parent, cookie)
    options = {"site": own.address, **options}
    request = ConnectRequest(source="notebook", name=name, storage_state=state, **options)
    return dict((await connect(context, request)).value)


async def ran(context: Context, name: str) -> str:
    """How a run ends, with why where it is not complete."""
    result: Any = (await run(context, RunRequest(name=name))).value
    return result["status"] if result["status"] == "complete" else f"{result['status']}: {result['diagnostics']}"


async def texts(context: Context, name: str) -> list[str]:
    found = await records(context, RecordsRequest(name=name, stream="notes"))
    return [(record["data"] or {})["text"] for record in found.value["records"]]


async def test_two_sites_are_two_connections_each_with_its_own_session_and_records(
    context: Context, ours: OwnSite, theirs: OwnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the kind of browser that an owner has."""
    monkeypatch.delenv("POLYHOST_BROWSER", raising=False)
    made = await connected(context, ours, "mina-ours", "ours", site=f"{ours.address}/")
    await connected(context, theirs, "mina-theirs", "theirs", site=None, set=(f"site={theirs.address}",))
    assert (made["site"], made["account"]) == (ours.address, "mina")
    assert "this machine itself (127.0.0.1, port" in made["hosts"][0]

    for name in ("ours", "theirs"):
        assert await ran(context, name) == "complete"
    assert await texts(context, "ours") == ["ours", "more"]
    assert await texts(context, "theirs") == ["theirs"]

    assert {cookie for _, cookie in ours.asked} == {"mina-ours"}
    assert {cookie for _, cookie in theirs.asked} == {"mina-theirs"}
    kept = load_session(context.home, "ours")
    assert kept is not None
    assert [cookie["value"] for cookie in kept["cookies"]] == ["mina-ours"]

    listed = (await connections(context, ConnectionsRequest())).value["connections"]
    assert {row["name"]: row["site"] for row in listed} == {"ours": ours.address, "theirs": theirs.address}
    told: Any = (await hosts(context, HostsRequest(name="theirs"))).value
    assert len(told["reaches"]) == 1
    assert theirs.address.rpartition(":")[2] in told["reaches"][0]


async def test_a_page_of_one_site_reaches_no_other_of_them(context: Context, ours: OwnSite, theirs: OwnSite) -> None:
    script = context.home / "polyfills" / "notebook" / "polyfill.js"
    script.write_text(
        f"polyfill(async (host) => {{ await fetch('{theirs.address}/notes.json').catch(() => {{}}); }});", "utf-8"
    )
    await connected(context, ours, "mina-ours", "ours")
    assert not (await ran(context, "ours")).startswith("failed")
    assert theirs.asked == []


async def test_a_connection_stays_at_its_address(context: Context, ours: OwnSite, theirs: OwnSite) -> None:
    await connected(context, ours, "mina-ours", "ours")
    with pytest.raises(RefusedError) as refused:
        await connected(context, theirs, "mina-theirs", "ours", renew=True)
    assert refused.value.code == "other_site"
    assert theirs.asked == []
    again = await connected(context, ours, "mina-ours", "ours", renew=True, site=None)
    assert again["site"] == ours.address


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"site": None}, "no_site"),
        ({"site": "wiki.example.org"}, "bad_site"),
        ({"site": "http://user:pw@127.0.0.1"}, "bad_site"),
        ({"set": ("site=https://a.example",)}, "bad_setting"),
        ({"site": None, "set": ("server=https://a.example",)}, "bad_setting"),
        ({"site": None, "set": ("site",)}, "bad_setting"),
    ],
)
async def test_what_is_no_address_is_refused_before_anything_starts(
    context: Context, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(PolyhostError) as refused:
        await connected(context, OwnSite(origin="http://127.0.0.1:9"), "nobody", "ours", **options)
    assert refused.value.code == code
    assert not context.has_store


async def test_a_source_with_its_own_address_takes_no_other(context: Context) -> None:
    with pytest.raises(PolyhostError) as refused:
        await connect(
            context, ConnectRequest(source="slack", site="https://slack.example.org", cdp="http://127.0.0.1:9")
        )
    assert refused.value.code == "no_site_taken"


async def test_a_site_at_an_ipv6_address(context: Context) -> None:
    async with serve_own(OwnSite("/w", {"mina": "mina"}, [{"id": "1", "text": "six"}]), "::1") as site:
        made = await connected(context, site, "mina", "six")
        assert made["site"] == site.address
        assert await ran(context, "six") == "complete"
        assert await texts(context, "six") == ["six"]


@pytest.fixture
async def shelf() -> AsyncIterator[OwnSite]:
    async with serve_own(OwnSite()) as site:
        yield site


def naming(context: Context, **polyfill: Any) -> None:
    """The polyfill that asks its site for further hosts, and reads a line of each."""
    write_notebook(context.home, **polyfill)
    (context.home / "polyfills" / "notebook" / "polyfill.js").write_text(NAMING, encoding="utf-8")


async def look(context: Context, name: str, action: str | None = None) -> Any:
    return (await hosts(context, HostsRequest(name=name, action=action))).value


async def test_a_host_that_the_site_names_when_it_is_connected_is_shown_and_reached(
    context: Context, ours: OwnSite, shelf: OwnSite
) -> None:
    naming(context, discover="discover.js")
    ours.files = [shelf.address]
    made = await connected(context, ours, "mina-ours", "ours")
    assert "which the site itself names (where its files are)" in made["hosts"][1]
    assert await ran(context, "ours") == "complete"
    assert await texts(context, "ours") == ["true 200"]
    assert [path for path, _ in shelf.asked] == ["/hosts.json"]


async def test_a_host_that_the_site_names_later_is_kept_out_until_its_owner_agrees(
    context: Context, ours: OwnSite, theirs: OwnSite, shelf: OwnSite
) -> None:
    naming(context)
    await connected(context, ours, "mina-ours", "ours")
    await connected(context, theirs, "mina-theirs", "theirs")
    ours.files = [shelf.address]
    ended = await ran(context, "ours")
    assert ended.startswith("complete_with_gaps")
    assert "host_not_agreed" in ended
    assert await texts(context, "ours") == ["false kept out"]
    assert shelf.asked == []

    told = await look(context, "ours")
    assert (len(told["named"]), told["unagreed"]) == (1, [])
    health: Any = (await status(context, StatusRequest(name="ours"))).value
    assert health["site"] == ours.address
    assert "hosts_named" in {found["reason"] for found in health["conditions"]}
    assert (await look(context, "theirs"))["named"] == []

    assert (await look(context, "ours", "accept"))["named"] == []
    assert await ran(context, "ours") == "complete"
    assert await texts(context, "ours") == ["true 200"]


async def test_a_session_that_is_handed_over_agrees_to_no_host_that_nobody_was_shown(
    context: Context, ours: OwnSite, shelf: OwnSite
) -> None:
    naming(context, discover="discover.js")
    await connected(context, ours, "mina-ours", "ours")
    ours.files = [shelf.address]
    again = await connected(context, ours, "mina-ours", "ours", renew=True)
    assert len((await look(context, "ours"))["named"]) == 1
    assert len(again["hosts"]) == 1
    assert (await ran(context, "ours")).startswith("complete_with_gaps")
    assert shelf.asked == []


async def test_a_site_that_cannot_be_asked_or_names_nonsense_is_not_connected(context: Context, ours: OwnSite) -> None:
    naming(context, discover="discover.js")
    ours.files = ["http://169.254.169.254"]
    for site in (ours.address, "http://127.0.0.1:9"):
        with pytest.raises(PolyhostError) as refused:
            await connected(context, ours, "mina-ours", "ours", site=site)
        assert refused.value.code == "site_not_asked"
    assert not context.has_store


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="ours")


async def connected_with(context: Context, own: OwnSite, authority: trustme.CA, **options: Any) -> dict[str, Any]:
    file = context.home.parent / "rootCA.pem"
    authority.cert_pem.write_to_path(str(file))
    return await connected(context, own, "mina", "ours", ca=str(file), **options)


async def test_a_site_with_a_certificate_of_the_owners_own_authority(context: Context, authority: trustme.CA) -> None:
    site = OwnSite("/wiki", {"mina": "mina"}, [{"id": "1", "text": "ours" * 100_000}])
    async with serve_own(site, "localhost", authority.issue_cert("localhost")):
        made = await connected_with(context, site, authority)
        assert made["site"].startswith("https://localhost:")
        assert any("O=ours" in note for note in made["notes"])
        assert await ran(context, "ours") == "complete"
        assert await texts(context, "ours") == ["ours" * 100_000]
        again = await connected(context, site, "mina", "ours", renew=True)
        assert again["account"] == "mina"
        assert await ran(context, "ours") == "complete"


@pytest.mark.parametrize("given", [True, False], ids=["another authority is given", "none is given"])
async def test_a_certificate_of_another_authority_is_refused(
    context: Context, authority: trustme.CA, given: bool
) -> None:
    others = trustme.CA(organization_name="others")
    site = OwnSite("/wiki", {"mina": "mina"}, [])
    async with serve_own(site, "localhost", others.issue_cert("localhost")):
        attempt = connected_with(context, site, authority) if given else connected(context, site, "mina", "ours")
        with pytest.raises(PolyhostError):
            await attempt
    assert site.asked == []
    assert not context.has_store


@pytest.mark.parametrize("content", ["nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "KEY"])
async def test_a_file_that_is_no_authority_is_refused(context: Context, authority: trustme.CA, content: str) -> None:
    file = context.home.parent / "ca.pem"
    key = authority.issue_cert("x.example").private_key_pem.bytes().decode("ascii")
    file.write_text(key if content == "KEY" else content, encoding="ascii")
    with pytest.raises(PolyhostError) as refused:
        await connected(context, OwnSite(origin="https://localhost:9"), "nobody", "ours", ca=str(file))
    assert refused.value.code == "bad_authority"


async def test_a_recording_is_replayed_at_the_site_and_with_the_hosts_it_was_made_at(
    context: Context, ours: OwnSite, shelf: OwnSite, tmp_path: Path
) -> None:
    naming(context, discover="discover.js")
    ours.files = [shelf.address]
    await connected(context, ours, "mina-ours", "ours")
    recorded: Any = (await run(context, RunRequest(name="ours", record=str(tmp_path / "recorded")))).value
    assert recorded["status"] == "complete"
    ours.asked.clear()
    replayed: Any = (await run(context, RunRequest(name="notebook", replay=str(tmp_path / "recorded")))).value
    assert replayed["status"] == "complete", replayed["diagnostics"]
    assert await texts(context, "notebook") == ["true 200"]
    assert ours.asked == []


async def test_two_connections_are_collected_at_once(context: Context, ours: OwnSite, theirs: OwnSite) -> None:
    await connected(context, ours, "mina-ours", "ours")
    await connected(context, theirs, "mina-theirs", "theirs")
    async with asyncio.TaskGroup() as tasks:
        ran_at_once = [tasks.create_task(ran(context, name)) for name in ("ours", "theirs")]
    assert [one.result() for one in ran_at_once] == ["complete", "complete"]
    assert (await texts(context, "ours"), await texts(context, "theirs")) == (["ours", "more"], ["theirs"])
    assert {cookie for _, cookie in theirs.asked} == {"mina-theirs"}
